#include "fuzz/race_generator.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "fuzz/race_calls.h"

namespace quire::fuzz {
namespace {

constexpr unsigned kCpusMax = 3;

struct RaceBlock {
  std::string process;
  std::string lines;
  bool of_kernel = true;
  bool ends = false;
};

class RaceGenerator {
 public:
  RaceGenerator(uint64_t seed, const GeneratorOptions& options)
      : seed_(seed),
        options_(options),
        cpus_(std::min(options.cpus, kCpusMax)),
        random_(seed),
        setup_(random_, options),
        calls_(setup_) {}

  std::string text() {
    for (unsigned cpu = 0; cpu < cpus_; ++cpu) draw_block(cpu);
    keep_callers_alive();
    std::string text = fmt::format("scenario race-{} \"calls that race\"\nmachine cpus={} {}\n\nsetup {{\n{}}}\n\n",
                                   seed_, cpus_, setup_.machine, setup_.lines);
    for (unsigned cpu = 0; cpu < cpus_; ++cpu)
      text += fmt::format("cpu {} as {} {{\n{}}}\n\n", cpu, blocks_[cpu].process, blocks_[cpu].lines);
    return text + fmt::format("check {{\n{}}}\n\nexpect {{ never bug }}\n", check());
  }

 private:
  void add(RaceBlock& block, const RaceCall& call, const char* injection) {
    block.lines += fmt::format("  {}{}\n", call.text, injection);
    block.of_kernel = block.of_kernel && call.of_kernel;
    block.ends = block.ends || call.ends;
    if (call.text.starts_with("C = ")) has_child_ = *injection == 0;
  }

  const char* injection() {
    constexpr std::array<const char*, 4> kFailures = {"   [may fail: page_alloc]", "   [may fail: io_read]",
                                                      "   [may fail: io_write]", "   [may fail: page_alloc nth=1]"};
    return !options_.of_a_kernel && setup_.one_in(20) ? kFailures[setup_.below(kFailures.size())] : "";
  }

  void draw_block(unsigned cpu) {
    RaceBlock& block = blocks_[cpu];
    const RaceObject& object = setup_.objects[setup_.below(setup_.objects.size())];
    RaceCall first = calls_.draw(object);
    add(block, first, injection());
    unsigned more = cpus_ > 2 || options_.of_a_kernel ? 6 : setup_.room == SwapRoom::tiny ? 2 : 3;
    if (!first.ends && setup_.one_in(more)) add(block, second_call(first, object), "");
    block.process = setup_.forked && setup_.one_in(2) ? "B" : "A";
    if (block.of_kernel) block.process = "K";
  }

  RaceCall second_call(const RaceCall& first, const RaceObject& object) {
    // Where slots are few, the next to have the slot may be the page that has just left it.
    if (setup_.room == SwapRoom::tiny && setup_.one_in(2)) return RaceCalls::page_out(object);
    auto again = setup_.one_in(4) ? calls_.make(*first.operation, object) : std::nullopt;
    return again ? *again : calls_.draw(object);
  }

  /// In place of a block that must not be.
  [[nodiscard]] RaceBlock bystander() const {
    if (options_.of_a_kernel) return {"Z", "  munlockall()\n", true, false};
    return {"K", "  reclaim()\n", true, false};
  }

  // A process that ends must not be one that another CPU makes calls of.
  void keep_callers_alive() {
    for (unsigned cpu = 0; cpu < cpus_; ++cpu) {
      if (!blocks_[cpu].ends) continue;
      for (unsigned other = 0; other < cpus_; ++other) {
        if (other == cpu || blocks_[other].of_kernel || blocks_[other].process != blocks_[cpu].process) continue;
        if (setup_.forked && !blocks_[other].ends) {
          blocks_[other].process = blocks_[cpu].process == "A" ? "B" : "A";
        } else {
          blocks_[cpu] = bystander();
          break;
        }
      }
    }
    for (unsigned cpu = 0; cpu < cpus_; ++cpu)
      if (blocks_[cpu].ends) ended_ += blocks_[cpu].process;
    // The third may have been moved to where another ends.
    for (unsigned cpu = 0; cpu < cpus_; ++cpu)
      if (!blocks_[cpu].ends && !blocks_[cpu].of_kernel && ended_.find(blocks_[cpu].process) != std::string::npos)
        blocks_[cpu] = bystander();
  }

  std::string check() {
    std::string lines;
    std::string processes = std::string("A") + (setup_.forked ? "B" : "") + (has_child_ ? "C" : "");
    std::erase_if(processes, [this](char p) { return ended_.find(p) != std::string::npos; });
    for (std::string_view what : {"pagemap", "load"})
      for (char process : processes)
        for (const RaceObject& o : setup_.objects) {
          if (what == "pagemap" && !options_.looks_at_files && (o.shared || !o.file.empty())) continue;
          for (unsigned page = 0; page < o.pages; ++page)
            lines += fmt::format("  {}: {}({}[{}])\n", process, what, o.name, page);
        }
    if (!processes.empty() && processes[0] != 'C' && !setup_.objects[0].file.empty())
      for (unsigned page = 0; page < setup_.objects[0].pages; ++page)
        lines += fmt::format("  {}: pread({}, {})\n", processes[0], setup_.objects[0].file, page == 0 ? "0" : "4K");
    if (options_.of_a_kernel) return lines;  // a swapoff takes it long, and it does not tell what is left
    // Not how many slots are used: a page that nobody refers to may stay in the swap cache until reclaim finds it.
    return lines + "  Z: swapoff(S)\n  killall()\n  folios_leaked() = 0\n";
  }

  uint64_t seed_;
  const GeneratorOptions& options_;
  unsigned cpus_;
  base::Random random_;
  RaceSetup setup_;
  RaceCalls calls_;
  std::array<RaceBlock, kCpusMax> blocks_;
  std::string ended_;
  bool has_child_ = false;
};

}  // namespace

std::string race_program(uint64_t seed, const GeneratorOptions& options) { return RaceGenerator(seed, options).text(); }

}  // namespace quire::fuzz
