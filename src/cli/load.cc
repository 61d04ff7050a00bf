#include "cli/load.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

#include "base/defects.h"
#include "cli/file.h"
#include "scenario/parser.h"
#include "scenario/vocabulary.h"

namespace quire::cli {
namespace {

namespace fs = std::filesystem;

// Empty, or why it cannot be read. One byte more than a file may have is enough for the parser to refuse it.
std::string read_text(const std::string& path, std::string& text) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return std::strerror(errno);
  text.resize(scenario::kFileBytesMax + 1);
  errno = 0;
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return std::strerror(errno);
  return {};
}

// The *.qs files below `top`, sorted. Empty `error`, or what ended the walk.
std::vector<std::string> scenario_files(const std::string& top, std::string& error) {
  std::vector<std::string> found;
  std::error_code code;
  for (fs::recursive_directory_iterator at(top, code), end; !code && at != end; at.increment(code)) {
    std::error_code ignored;
    if (at->path().extension() != ".qs" || !at->is_regular_file(ignored)) continue;
    found.push_back(at->path().lexically_normal().string());
  }
  if (code) error = fmt::format("{}: {}", top, code.message());
  std::sort(found.begin(), found.end());
  return found;
}

std::string tidy(const std::string& path) {
  std::string text = fs::path(path).lexically_normal().string();
  return text.empty() ? path : text;
}

// Empty, or why it cannot be written.
std::string write_text(const fs::path& path, const char* mode, std::string_view text) {
  std::FILE* file = std::fopen(path.c_str(), mode);
  if (file == nullptr) return fmt::format("{}: {}", path.string(), std::strerror(errno));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  return written && closed ? "" : fmt::format("{}: {}", path.string(), std::strerror(errno));
}

LoadedFile failed(const std::string& path, std::string error) {
  LoadedFile file;
  file.path = path;
  file.error = std::move(error);
  return file;
}

}  // namespace

LoadedFile load_file(const std::string& path, const std::string& shown) {
  LoadedFile file;
  file.path = shown;
  if (const std::string error = read_text(path, file.text); !error.empty()) {
    file.error = fmt::format("{}: {}", shown, error);
    return file;
  }
  const scenario::ParseResult result = scenario::parse(file.text, shown);
  if (result.ok()) {
    file.document = result.document();
  } else {
    file.error = to_string(result.error());
  }
  return file;
}

std::vector<LoadedFile> load(std::span<const std::string> paths) {
  std::vector<LoadedFile> files;
  std::set<std::string> seen;
  for (const std::string& given : paths) {
    const std::string path = tidy(given);
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      if (seen.insert(path).second) files.push_back(load_file(path, path));
      continue;
    }
    std::string error;
    const std::vector<std::string> found = scenario_files(path, error);
    if (found.empty() && error.empty()) error = fmt::format("{}: no *.qs files in this directory", path);
    if (!error.empty()) files.push_back(failed(path, error));
    for (const std::string& file : found) {
      if (seen.insert(file).second) files.push_back(load_file(file, file));
    }
  }
  return files;
}

const scenario::Scenario* find_scenario(const scenario::Document& document, std::string_view name) {
  const auto at = std::find_if(document.scenarios.begin(), document.scenarios.end(),
                               [&](const scenario::Scenario& scenario) { return scenario.name == name; });
  return at == document.scenarios.end() ? nullptr : &*at;
}

std::string replace_file(const std::string& path, std::string_view text) {
  std::error_code code;
  const fs::path target = fs::weakly_canonical(path, code);  // a link stays a link
  const fs::file_status status = fs::status(target, code);
  const bool fresh = status.type() == fs::file_type::not_found;
  if (fresh || (!code && status.type() != fs::file_type::regular)) return write_text(target, "wb", text);
  const fs::path beside = target.string() + ".new";
  if (const std::string error = write_text(beside, "wxb", text); !error.empty()) return error;
  if (!code) fs::permissions(beside, status.permissions(), code);
  if (!code) fs::rename(beside, target, code);
  if (!code) return {};
  std::error_code ignored;
  fs::remove(beside, ignored);
  return code.message();
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
  const std::vector<std::string_view> words(known.begin(), known.end());
  const std::string_view near = scenario::nearest(word, words);
  return near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near);
}

std::string unknown_defect(std::span<const std::string> ids) {
  for (const std::string& id : ids) {
    if (base::find_defect(id)) continue;
    std::string usual = id;
    for (char& c : usual) c = c == 'd' ? 'D' : c == '_' ? '-' : c;
    const std::string hint = base::find_defect(usual) ? fmt::format(" (did you mean '{}'?)", usual) : "";
    return fmt::format("no defect is called '{}'{}; `quire defects` lists them", id, hint);
  }
  return {};
}

}  // namespace quire::cli
