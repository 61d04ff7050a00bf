// A program of huge pages in one order, on a machine with those of a kernel: tables of 512 entries and clusters of 512
// slots. One or two huge pages are written, paged out, and given up whole or in parts by a process and its child, while
// what is in swap is counted.
//
// H1. Pages are looked at only after the last count: how many a read brings in from swap is up to a kernel.
#pragma once

#include <cstdint>
#include <string>

namespace quire::fuzz {

[[nodiscard]] std::string huge_program(uint64_t seed);

}  // namespace quire::fuzz
