#include "cli/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>

namespace quire::cli {
namespace {

constexpr std::size_t kColumnsUnlessTold = 80;

std::size_t columns_of(std::FILE* stream) {
  winsize size{};
  const bool told = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return told ? size.ws_col : kColumnsUnlessTold;
}

std::string duration_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

std::string progress_text(const ProgressPlace& place, const ProgressNote& note, std::size_t columns) {
  std::string text = fmt::format("[{}/{}] {}", place.done, place.all, place.name);
  if (place.running > 1) text += fmt::format(" and {} more", place.running - 1);
  text += ": ";
  if (note.share_done > 0 && note.share_done <= 1) {
    text += fmt::format("{:.0f}%, {} left, ", note.share_done * 100,
                        duration_text(note.seconds * (1 - note.share_done) / note.share_done));
  }
  text += fmt::format("{} executions", grouped(note.executions));
  if (note.seconds > 0) {
    text += fmt::format(", {}/s", grouped(static_cast<uint64_t>(static_cast<double>(note.executions) / note.seconds)));
  }
  text += fmt::format(", depth {}", note.depth);
  if (!note.phase.empty()) text += ", " + note.phase;
  if (text.size() >= columns) text.resize(columns > 0 ? columns - 1 : 0);  // a full line would wrap
  return text;
}

void ProgressLine::show(const ProgressPlace& place, const ProgressNote& note) {
  if (!wanted()) return;
  write(console_.err, fmt::format("\r{}\033[K", progress_text(place, note, columns_of(console_.err))));
  std::fflush(console_.err);
  line_ = Line::written;
}

void ProgressLine::erase() {
  if (line_ == Line::empty) return;
  write(console_.err, "\r\033[K");
  std::fflush(console_.err);
  line_ = Line::empty;
}

}  // namespace quire::cli
