// The C text in oracle/kernel/ by sections, and the putting together of a program from those that it uses.
#pragma once

#include <string>
#include <string_view>

#include "oracle/export_c.h"

namespace quire::oracle {

/// The files of oracle/kernel/, as they were when this library was built.
[[nodiscard]] std::string_view calls_source();
[[nodiscard]] std::string_view uffd_source();
[[nodiscard]] std::string_view paths_source();
[[nodiscard]] std::string_view machine_source();
[[nodiscard]] std::string_view program_source();
[[nodiscard]] std::string_view tap_source();
[[nodiscard]] std::string_view ksft_source();

/// A program: includes, constants that a C library may lack, the sections that it uses, and its own text. `shared` is
/// what stands before the sections about processes.
[[nodiscard]] std::string assemble(const std::string& comment, const std::string& shared, const std::string& body,
                                   ExportStyle style);

/// Whether oracle/kernel/ has that name.
[[nodiscard]] bool kernel_sources_have(std::string_view name);

}  // namespace quire::oracle
