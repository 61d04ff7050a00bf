// What a small concurrent program is about: a machine, and a few pages in some state: untouched, read, written, shared
// after a fork, in swap, in the swap cache, huge, moved, failed, in a device, given up in part. The state is drawn step
// by step from what may be done to pages, so that the same step may come before or after a fork or a swap-out.
//
// The first draw is what is scarce, for what is rare alone needs company: where slots are few, options, states and
// calls that have to do with swap are drawn more often, all of them.
//
//   RaceSetup setup(random);
//   setup.machine          // "nodes=2 ram=16 swap=S:8"
//   setup.lines            // the statements of the set-up
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "fuzz/generator.h"

namespace quire::fuzz {

/// A mapping, and the file it is of.
struct RaceObject {
  std::string name;
  std::string file;  ///< its descriptor; empty: anonymous
  unsigned pages = 1;
  bool shared = false;
  bool huge = false;  ///< one huge page fits into it
};

/// How many slots of the swap area are left for the pages of the program.
enum class SwapRoom : uint8_t {
  ample,
  nearly_full,  ///< pages of somebody else have the others: what frees a slot may be what another waits for
  tiny,         ///< one or two in all: a slot that becomes free is the next one used
};

class RaceSetup {
 public:
  RaceSetup(base::Random& random, const GeneratorOptions& options);

  std::string machine;  ///< options but for cpus
  std::string lines;
  std::vector<RaceObject> objects;
  bool forked = false;  ///< B is a child of A
  SwapRoom room = SwapRoom::ample;
  unsigned nodes = 1;
  bool device = false;
  bool discards = false;

  [[nodiscard]] bool may(const scenario::Operation& operation) const {
    return options_.may == nullptr || options_.may(operation, {});
  }
  /// It is asked what it does; and what takes it long is rare.
  [[nodiscard]] bool of_a_kernel() const { return options_.of_a_kernel; }
  [[nodiscard]] bool one_in(unsigned count) { return random_.below(count) == 0; }
  [[nodiscard]] unsigned below(std::size_t count) { return static_cast<unsigned>(random_.below(count)); }
  /// `4K`, `2*4K`.
  [[nodiscard]] static std::string bytes(unsigned pages);
  /// `p[0]`, `p[0:2]`.
  [[nodiscard]] std::string part_of(const RaceObject& object);
  [[nodiscard]] std::string letter();

 private:
  void draw_machine();
  void draw_switches();
  unsigned draw_slots();
  [[nodiscard]] bool scarce() const { return room != SwapRoom::ample; }
  /// Below 5 anonymous, below 10 of tmpfs, and of block storage from there on.
  unsigned draw_kind();
  void map(unsigned number);
  void fill_swap();
  void bring_into_a_state(const RaceObject& object);
  void bring_into_swap(const RaceObject& object);
  void touch(const RaceObject& object, std::string_view process);
  void fork();
  void page_out(const RaceObject& object);
  void give_up_parts(const RaceObject& object);
  void change(const RaceObject& object);
  std::string who() { return forked && one_in(2) ? "B" : "A"; }
  /// Nothing where the operation may not be.
  void say(std::string_view process, const std::string& call);

  base::Random& random_;
  const GeneratorOptions& options_;
  bool huge_pages_ = false;
  unsigned filler_ = 0;  ///< pages that are in swap before anything else
  unsigned letters_ = 0;
};

}  // namespace quire::fuzz
