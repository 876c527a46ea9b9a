// Namespaces of the kernel, for one scenario: network namespaces joined by TUN devices, and a
// process that is the first one (pid 1) of namespaces of its own, so that everything it starts ends
// with it and nothing it mounts is seen by others. None of them has a name: they end with their
// processes. Throws std::runtime_error. One thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace zkcluster::faults {

// The reason why namespaces and TUN devices cannot be made here; empty: they can. Tries it
// in a child.
[[nodiscard]] std::string WhyNoNamespaces();

// The address of a host in the scenario's network.
[[nodiscard]] std::string HostAddress(std::uint8_t host);

// A new network namespace (or, with `own`, that of this process)
// whose only way out is a TUN device with HostAddress(host).
struct HostNamespace {
  UniqueFd descriptor;  // for SpawnOptions::network_namespace; invalid for `own`
  UniqueFd device;
};
[[nodiscard]] HostNamespace NewHost(std::uint8_t host, bool own = false);

struct IsolatedOptions {
  std::vector<std::string> command;  // the program's path first
  std::filesystem::path folder;      // TMPDIR of the program
  bool namespaces = true;            // false: only a child that dies with us, and `folder` as it is
  bool tmpfs = true;                 // mount a file system over `folder` that ends with the program
  int keep_open = -1;                // a descriptor that the program inherits
};
// Starts it. SIGKILL ends it and, with namespaces, everything below it.
[[nodiscard]] pid_t StartIsolated(const IsolatedOptions& options);

// Mounts a file system of `bytes` at `folder`, until this process ends.
// REQUIRES: started by StartIsolated, with namespaces.
void MountTiny(const std::filesystem::path& folder, std::size_t bytes);

// `file` takes the place of `over` for this process and those that it starts. REQUIRES: the same.
void MountFile(const std::filesystem::path& file, const std::filesystem::path& over);

}  // namespace zkcluster::faults
