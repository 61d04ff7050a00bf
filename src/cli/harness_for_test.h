// A folder of its own for each test, and the command run in it with its output in strings.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace quire::cli {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "quire_cli_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
  }

  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static void put(const std::string& path, const std::string& text) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent);
    std::ofstream(path, std::ios::binary) << text;
  }

  static std::string get(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// A scenario of four lines, with one expectation in line 3 and one with D2-1 in line 4.
  static std::string scenario(const std::string& name) {
    return "scenario " + name +
           " \"for a test\"\n\ncpu 0 as A { r = swapoff(S) } expect { never uaf   complete }\n"
           "expect with D2-1 { sometimes uaf @ free_swap_and_cache }\n";
  }

  /// One scenario with that expectation in line 3, as the cell of a table: `"zap" munmap F`.
  static std::string cell(const std::string& name, const std::string& where) {
    return "scenario " + name + " \"for a test\"\ncell " + where + "\nexpect { never uaf }\n";
  }

  Ran quire(const std::vector<std::string>& arguments) {
    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    Console console = console_;
    console.out = out;
    console.err = err;
    Ran ran;
    ran.code = static_cast<int>(run_command_line(arguments, console, "0.1.0"));
    ran.out = drain(out);
    ran.err = drain(err);
    return ran;
  }

  Console console_;  ///< its devices and colours are the tests' to set

 private:
  static std::string drain(std::FILE* file) {
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
  }

  std::filesystem::path folder_;
  std::filesystem::path before_;
};

}  // namespace quire::cli
