// The names of a site: two name servers on hosts of their own (op and p2), which every process of
// the site asks, and what they know. Used from the main thread only.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "tests/faults/fabric.h"
#include "tests/support/name_server.h"

namespace zkcluster::faults {

class SiteNames {
 public:
  using Manners = contract::NameServer::Manners;

  // From now on /etc/resolv.conf is a file in `folder`.
  // REQUIRES: started by StartIsolated, with namespaces.
  SiteNames(Fabric& fabric, const std::filesystem::path& folder);

  // "10.77.0.31:6379" of host s1 becomes "s1.test:6379", and the name means that host.
  [[nodiscard]] std::string Name(const std::string& host, const std::string& address);
  void SetListed(const std::string& host, bool listed);
  void SetManners(std::size_t server, const Manners& manners);
  void Heal();

 private:
  std::array<std::unique_ptr<contract::NameServer>, 2> servers_;
  std::map<std::string, std::string> literals_;  // by host
};

}  // namespace zkcluster::faults
