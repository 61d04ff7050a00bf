// Kernels to boot in guests: Debian's packages of them, unpacked and not installed, in a directory of the user's.
//
//   Fetched fetched = fetch_kernel("6.1");
//   std::string image = find_kernel("6.1");      // ".../boot/vmlinuz-6.1.0-56-amd64"
#pragma once

#include <string>
#include <vector>

namespace quire::oracle {

/// Where they are: QUIRE_KERNELS, or quire/kernels in XDG_CACHE_HOME, or in ~/.cache.
[[nodiscard]] std::string kernels_directory();

/// Images there, by version.
[[nodiscard]] std::vector<std::string> kernels();
/// The newest of a version ("6.1", "6.1.0-56"), or `what` itself if it is a file; empty: there is none.
[[nodiscard]] std::string find_kernel(const std::string& what);

struct Fetched {
  std::string image;
  std::string trouble;  ///< why there is none
};
/// The newest generic kernel of a version ("6.1") that the package manager knows. One that is there is not fetched
/// again. Says on the standard error output what it does.
[[nodiscard]] Fetched fetch_kernel(const std::string& version);

/// The newest of these names of packages that is a generic kernel of the version; empty: none is.
[[nodiscard]] std::string choose_package(const std::vector<std::string>& names, const std::string& version);

}  // namespace quire::oracle
