#include "oracle/playhouse.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "oracle/house.h"

namespace quire::oracle {
namespace {

constexpr int kBootMilliseconds = 120'000;
constexpr int kListenMilliseconds = 20;
constexpr int kAnswerMilliseconds = 300'000;

// Lists of one CPU: a page that has just been made is on its way to no other's.
void stay_on_one_cpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN)) - 1, &cpus);
  (void)sched_setaffinity(0, sizeof(cpus), &cpus);
}

}  // namespace

Playhouse::~Playhouse() { close_all(); }

void Playhouse::close_all() {
  guest_.reset();
  if (pid_ < 0) return;
  close(socket_);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string Playhouse::open_here(const std::vector<std::string>& areas) {
  close_all();
  areas_ = areas;
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fmt::format("socketpair: {}", std::strerror(errno));
  pid_ = fork();
  if (pid_ == 0) {
    close(ends[0]);
    // It ends with the other end of its socket.
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    stay_on_one_cpu();
    serve_house(ends[1], areas, false);
    _exit(0);
  }
  close(ends[1]);
  socket_ = ends[0];
  if (pid_ < 0) return fmt::format("fork: {}", std::strerror(errno));
  line_ = LineChannel(socket_);
  while (std::optional<std::string> line = line_.receive())
    if (std::optional<Ready> ready = ready_of(*line)) return are_ready(*ready);
  return "the playing process ended";
}

std::string Playhouse::open_guest(const GuestOptions& options) {
  close_all();
  guest_ = std::make_unique<Guest>(options);
  if (std::string why = guest_->boot(); !why.empty()) return why;
  // It speaks on the line that it has; on the others firmware may.
  std::array<LineChannel, 2> lines = {LineChannel(guest_->virtio_line()), LineChannel(guest_->serial_line())};
  for (int waited = 0; waited < kBootMilliseconds && guest_->runs(); waited += 2 * kListenMilliseconds)
    for (LineChannel& line : lines)
      while (std::optional<std::string> text = line.receive(kListenMilliseconds))
        if (std::optional<Ready> ready = ready_of(*text)) {
          line_ = line;
          return are_ready(*ready);
        }
  return "the guest did not come up: " + guest_->last_words();
}

std::string Playhouse::reopen() {
  if (guest_ == nullptr) return open_here(areas_);
  GuestOptions options = guest_->options();
  return open_guest(options);
}

std::string Playhouse::are_ready(const Ready& ready) {
  facts_ = ready.facts;
  return ready.trouble;
}

void Playhouse::send(const Request& request) { (void)line_.send(line_of(request)); }

Answer Playhouse::receive() {
  while (std::optional<std::string> line = line_.receive(kAnswerMilliseconds))
    if (std::optional<Answer> answer = answer_of(*line)) return *answer;
  Answer answer;
  answer.ended = true;
  answer.seen.trouble = guest_ == nullptr ? "the playing process ended" : "the guest died: " + guest_->last_words();
  return answer;
}

}  // namespace quire::oracle
