#include "names/server_memory.h"

#include <algorithm>

namespace zkcluster {

std::vector<std::string> ServerMemory::Order(const std::vector<std::string>& servers,
                                             TimePoint now) const {
  std::vector<std::string> order = servers;
  std::stable_partition(order.begin(), order.end(),
                        [&](const std::string& server) { return !IsBehind(server, now); });
  return order;
}

}  // namespace zkcluster
