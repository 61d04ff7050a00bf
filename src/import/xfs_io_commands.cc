#include "import/xfs_io_commands.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace quire::importer {
namespace {

struct Alias {
  std::string_view word;
  std::string_view name;
};
constexpr std::array kAliases = {Alias{"w", "pwrite"},   Alias{"r", "pread"},    Alias{"mm", "mmap"},
                                 Alias{"mr", "mread"},   Alias{"mw", "mwrite"},  Alias{"ms", "msync"},
                                 Alias{"mu", "munmap"},  Alias{"mrm", "mremap"}, Alias{"ma", "madvise"},
                                 Alias{"mi", "mincore"}, Alias{"o", "open"},     Alias{"c", "close"},
                                 Alias{"f", "file"},     Alias{"s", "fsync"},    Alias{"ds", "fdatasync"},
                                 Alias{"t", "truncate"}, Alias{"q", "quit"}};

std::string long_name(const std::string& word) {
  for (const Alias& alias : kAliases)
    if (alias.word == word) return std::string(alias.name);
  return word;
}

// Splits a shell line: quotes group, a backslash takes the next character as it is, and a redirection or a pipe ends
// it.
class ShellLine {
 public:
  ShellLine(std::string_view file, const TextLine& line) : file_(file), line_(line) {}

  std::variant<std::vector<XfsIoWord>, Diagnostic> words() {
    std::vector<XfsIoWord> words;
    for (;;) {
      while (at_ < line_.text.size() && is_blank(line_.text[at_])) ++at_;
      if (at_ >= line_.text.size() || ends_command()) return words;
      std::optional<XfsIoWord> word = this->word();
      if (!word)
        return complaint(file_, line_.number, static_cast<int>(line_.text.size()) + 1, "expected a closing quote");
      words.push_back(std::move(*word));
    }
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

  [[nodiscard]] bool ends_command() const {
    std::string_view rest = line_.text.substr(at_);
    constexpr std::string_view kEnds = "|;&<>#";
    if (kEnds.find(rest[0]) != std::string_view::npos) return true;
    return rest.size() > 1 && (rest[0] == '1' || rest[0] == '2') && rest[1] == '>';
  }

  std::optional<XfsIoWord> word() {
    XfsIoWord word{{}, line_.number, static_cast<int>(at_) + 1};
    while (at_ < line_.text.size() && !is_blank(line_.text[at_])) {
      char c = line_.text[at_];
      if (c == '\'' || c == '"') {
        std::size_t close = line_.text.find(c, at_ + 1);
        if (close == std::string_view::npos) return std::nullopt;
        if (word.text.empty()) ++word.column;
        word.text += line_.text.substr(at_ + 1, close - at_ - 1);
        at_ = close + 1;
        continue;
      }
      if (c == '\\' && at_ + 1 < line_.text.size()) ++at_;
      word.text += line_.text[at_++];
    }
    return word;
  }

  std::string_view file_;
  const TextLine& line_;
  std::size_t at_ = 0;
};

class XfsIoReader {
 public:
  explicit XfsIoReader(std::string_view file) : file_(file) {}

  std::variant<std::vector<XfsIoCommand>, Diagnostic> read(std::string_view text) {
    for (const TextLine& line : lines_of(text)) {
      std::vector<Word> words = words_of(line.text);
      if (words.empty() || words[0].text[0] == '#') continue;
      bool shell = words[0].text.ends_with("xfs_io") || words[0].text == "$XFS_IO_PROG";
      if (shell) {
        shell_line(line);
      } else {
        add(line.text, line.number, 1);
      }
      if (complaint_) return *complaint_;
    }
    if (commands_.empty()) return complaint(file_, 1, 1, "expected commands of xfs_io, found none");
    return std::move(commands_);
  }

 private:
  void add(std::string_view text, int line, int column) {
    std::vector<XfsIoWord> words;
    for (const Word& word : words_of(text)) words.push_back({std::string(word.text), line, column + word.column - 1});
    if (words.empty()) return;
    XfsIoCommand command;
    command.as_written = words[0];
    command.name = long_name(words[0].text);
    command.arguments.assign(words.begin() + 1, words.end());
    commands_.push_back(std::move(command));
  }

  void shell_line(const TextLine& line) {
    auto split = ShellLine(file_, line).words();
    if (auto* bad = std::get_if<Diagnostic>(&split)) {
      complaint_ = *bad;
      return;
    }
    auto words = std::get<std::vector<XfsIoWord>>(std::move(split));
    std::vector<XfsIoWord> commands;
    std::vector<XfsIoWord> flags;
    std::vector<XfsIoWord> files;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].text == "-c" && i + 1 < words.size()) {
        commands.push_back(words[++i]);
      } else if (words[i].text == "-c") {
        complaint_ = complaint(file_, line.number, words[i].column + 2, "expected a command after -c");
        return;
      } else if (words[i].text.size() > 1 && words[i].text[0] == '-') {
        flags.push_back(words[i]);
      } else {
        files.push_back(words[i]);
      }
    }
    if (files.empty()) {
      complaint_ = complaint(file_, line.number, static_cast<int>(line.text.size()) + 1, "expected a file to work on");
      return;
    }
    for (const XfsIoWord& file : files) open(flags, file);
    for (const XfsIoWord& command : commands) add(command.text, command.line, command.column);
    add("quit", line.number, 1);
  }

  // As the command `open` would, with the flags that mean the same; -i, -x and -V are nothing to a file.
  void open(const std::vector<XfsIoWord>& flags, const XfsIoWord& path) {
    XfsIoCommand command;
    command.name = "open";
    command.as_written = path;
    for (XfsIoWord flag : flags) {
      std::erase_if(flag.text, [](char c) { return c == 'i' || c == 'x' || c == 'F'; });
      if (flag.text.size() > 1) command.arguments.push_back(flag);
    }
    command.arguments.push_back(path);
    commands_.push_back(std::move(command));
  }

  std::string_view file_;
  std::vector<XfsIoCommand> commands_;
  std::optional<Diagnostic> complaint_;
};

}  // namespace

std::variant<std::vector<XfsIoCommand>, Diagnostic> read_xfs_io(std::string_view text, std::string_view file) {
  if (auto bad = not_text(text, file)) return *bad;
  return XfsIoReader(file).read(text);
}

std::optional<int64_t> xfs_io_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  bool hex = text.starts_with("0x") || text.starts_with("0X");
  char suffix = static_cast<char>(std::tolower(static_cast<unsigned char>(text.back())));
  int64_t unit = 1;
  if (suffix == 's') unit = 512;
  if (suffix == 'b' && !hex) unit = 4096;
  constexpr std::string_view kUnits = "kmgtpe";
  std::size_t place = suffix == 'e' && hex ? std::string_view::npos : kUnits.find(suffix);
  if (place != std::string_view::npos) unit = int64_t{1} << (10 * (place + 1));
  if (unit != 1) text.remove_suffix(1);
  std::optional<int64_t> value = number_of(text);
  int64_t result = 0;
  if (!value || __builtin_mul_overflow(*value, unit, &result)) return std::nullopt;
  return result;
}

const XfsIoWord* XfsIoOptions::value(char flag) const {
  for (const auto& [letter, word] : values)
    if (letter == flag) return &word;
  return nullptr;
}

std::variant<XfsIoOptions, Diagnostic> xfs_io_options(const XfsIoCommand& command, std::string_view known,
                                                      std::string_view file) {
  XfsIoOptions options;
  const std::vector<XfsIoWord>& all = command.arguments;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool is_option = options.rest.empty() && all[i].text.size() > 1 && all[i].text[0] == '-' &&
                     std::isdigit(static_cast<unsigned char>(all[i].text[1])) == 0;
    if (!is_option) {
      options.rest.push_back(all[i]);
      continue;
    }
    for (std::size_t j = 1; j < all[i].text.size(); ++j) {
      char letter = all[i].text[j];
      std::size_t place = letter == ':' ? std::string_view::npos : known.find(letter);
      auto at = [&](std::size_t column) { return all[i].column + static_cast<int>(column); };
      if (place == std::string_view::npos)
        return complaint(
            file, all[i].line, at(j),
            fmt::format("expected an option of {} that the engine can follow, found '-{}'", command.name, letter));
      options.flags += letter;
      if (place + 1 >= known.size() || known[place + 1] != ':') continue;
      XfsIoWord value{all[i].text.substr(j + 1), all[i].line, at(j + 1)};
      if (value.text.empty() && i + 1 < all.size()) value = all[++i];
      if (value.text.empty())
        return complaint(file, all[i].line, at(j + 1), fmt::format("expected a value of -{}", letter));
      options.values.emplace_back(letter, value);
      break;
    }
  }
  return options;
}

}  // namespace quire::importer
