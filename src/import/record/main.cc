// quire_fsx_record: records an operation log of fsx on a file of this machine, for `quire import --replay`.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "import/fsx_recorder.h"

namespace {

bool put(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) fmt::print(stderr, "quire_fsx_record: {}: cannot be written\n", path);
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Records an operation log of fsx on a file of this machine, with sums of what was read beside it.");
  std::string path;
  std::string log;
  quire::importer::FsxRecordOptions options;
  app.add_option("FILE", path, "The file to work on, made and removed again, such as /dev/shm/f")->required();
  app.add_option("LOG", log, "Where the log goes; the sums go to LOG.sums")->required();
  app.add_option("--operations", options.operations, "How many (1000)");
  app.add_option("--seed", options.seed, "What is drawn (1)");
  app.add_option("--file-bytes", options.file_bytes, "The greatest size of the file (262144)")
      ->check(CLI::Range(uint64_t{1}, quire::importer::kFsxBytesMax));
  app.add_option("--op-bytes", options.op_bytes, "The greatest length of an operation (65536)")
      ->check(CLI::Range(uint64_t{1}, quire::importer::kFsxBytesMax));
  app.add_option("--close-open", options.close_open_one_in, "Close and open the file after one in so many (never)");
  CLI11_PARSE(app, argc, argv);
  quire::importer::FsxRecording recording = quire::importer::record_fsx(path, options);
  if (!recording.trouble.empty()) {
    fmt::print(stderr, "quire_fsx_record: {}\n", recording.trouble);
    return 3;
  }
  if (!put(log, recording.log) || !put(log + ".sums", recording.sums)) return 3;
  fmt::print("{}: {} operations, {} of them skipped\n", log, options.operations, recording.skipped);
  return 0;
}
