// libFuzzer over parse() and format(): whatever parses must format to itself (F1, F2 of format.h).
// Built with -DQUIRE_FUZZ=ON by clang.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "scenario/format.h"
#include "scenario/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quire::scenario;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParseResult first = parse(text, "fuzz.qs");
  if (!first.ok()) return 0;
  const std::string printed = format(first.document());
  if (printed.size() > kFileBytesMax) return 0;
  const ParseResult second = parse(printed, "fuzz.qs");
  if (!second.ok() || !(second.document() == first.document())) std::abort();
  if (format(second.document()) != printed) std::abort();
  return 0;
}
