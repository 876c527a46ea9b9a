// The text of /etc/hosts: see hosts(5). Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

// Addresses by name in lower case, in the order of the file. Lines that make no sense are left out.
using HostsTable = std::map<std::string, std::vector<std::string>, std::less<>>;

[[nodiscard]] HostsTable ParseHosts(std::string_view text);

// Names mean the same in any case.
[[nodiscard]] std::string LowerCase(std::string_view name);

}  // namespace zkcluster
