// A view of the network for one test program: namespaces of its own, in which 127.0.0.x:53 is free
// and /etc/resolv.conf is the test's file. Made before main, because only a program with one thread
// can enter them; every process that the test starts is in them, too.
#pragma once

#include <string>
#include <vector>

namespace zkcluster::integration {

// Why there are no such namespaces here; empty: this process is in them.
[[nodiscard]] const std::string& WhyNoNameWorld();

// Replaces the contents of /etc/resolv.conf: one line for each address, and `more`.
void WriteResolvConf(const std::vector<std::string>& servers, const std::string& more = "");

}  // namespace zkcluster::integration
