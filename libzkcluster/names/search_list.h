// Which complete names a name may mean, in the order in which they are asked for: resolv.conf(5),
// `search` and `ndots`. Pure.
#pragma once

#include <string>
#include <vector>

#include "names/dns.h"

namespace zkcluster {

[[nodiscard]] std::vector<std::string> SearchList(const std::string& name, const DnsSetup& setup);

// An address that a server can have. A name server that says "0.0.0.0" or "::" means no server, and
// a connection to it would reach this host.
[[nodiscard]] bool IsServerAddress(const std::string& literal);

}  // namespace zkcluster
