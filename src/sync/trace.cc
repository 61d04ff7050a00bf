#include "sync/trace.h"

#include <fmt/format.h>

#include <iterator>

#ifndef QUIRE_NO_EXPLORER
namespace quire::sync {

void FunctionScope::enter(const char* function) { hook()->enter(function); }
void FunctionScope::leave() { hook()->leave(); }

void announce_point(const char* name, fmt::string_view text, fmt::format_args args) {
  if (!hook()->wants_detail()) return announce_point(name);
  fmt::memory_buffer buffer;
  fmt::vformat_to(std::back_inserter(buffer), text, args);
  hook()->point(name, {buffer.data(), buffer.size()});
}

void announce_point(const char* name) { hook()->point(name, {}); }
void announce_reached(const char* branch) { hook()->reached(branch); }
bool ask_should_fail(const char* site, const char* detail) { return hook()->should_fail({site, detail}); }

}  // namespace quire::sync
#endif
