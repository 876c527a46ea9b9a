#include "names/search_list.h"

#include <arpa/inet.h>

#include <algorithm>

namespace zkcluster {
namespace {

constexpr std::size_t kLongestName = 253;

}  // namespace

std::vector<std::string> SearchList(const std::string& name, const DnsSetup& setup) {
  if (name.ends_with('.')) return {name.substr(0, name.size() - 1)};
  std::vector<std::string> names;
  for (const std::string& domain : setup.search) {
    std::string full = name + "." + domain;
    if (full.ends_with('.')) full.pop_back();
    if (full.size() <= kLongestName && full.size() > name.size() + 1) {
      names.push_back(std::move(full));
    }
  }
  const bool alone_first = std::ranges::count(name, '.') >= setup.ndots;
  names.insert(alone_first ? names.begin() : names.end(), name);
  return names;
}

bool IsServerAddress(const std::string& literal) {
  in_addr v4{};
  if (::inet_pton(AF_INET, literal.c_str(), &v4) == 1) {
    const auto first = ntohl(v4.s_addr) >> 24U;
    return first != 0 && first < 224;  // this network; multicast, reserved and broadcast
  }
  in6_addr v6{};
  const std::string bare = literal.substr(0, literal.find('%'));
  if (::inet_pton(AF_INET6, bare.c_str(), &v6) != 1) return false;
  return !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_MULTICAST(&v6);
}

}  // namespace zkcluster
