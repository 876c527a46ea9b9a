// The contract of every Dns: the cases that AresDns, against real packets, and FakeDns must both
// pass. A DnsStage is two name servers, a hosts file, and the Dns that asks them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "names/dns.h"

namespace zkcluster::contract {

class DnsStage {
 public:
  enum class Manners { kGood, kSilent, kRefuses, kDeniesAll, kOnlyV4, kOnlyV6, kOnlyPlain };

  virtual ~DnsStage() = default;
  virtual Dns& dns() = 0;
  // As Ask wants it. (resolv.conf knows no ports, so that what setup() says may be others.)
  virtual std::string server(std::size_t index) = 0;
  virtual void DropDns() = 0;
  virtual bool RunUntil(const std::function<bool()>& done, Duration limit) = 0;

  virtual void SetRecord(const std::string& name, std::vector<std::string> v4,
                         std::vector<std::string> v6, int ttl_s) = 0;
  virtual void SetManners(std::size_t server, Manners manners) = 0;
  virtual void SetHosts(const std::string& name, const std::string& address) = 0;
  virtual void SetSearch(std::vector<std::string> domains, int ndots) = 0;

  // Nothing: no answer came in time.
  std::optional<DnsAnswer> Ask(std::size_t index, const std::string& name, Family family,
                               Dns::Dialect dialect = Dns::Dialect::kEdns);
};

// Runs all cases, each on a stage of its own. Uses doctest's assertions.
void CheckDnsContract(const std::function<std::unique_ptr<DnsStage>()>& make);

}  // namespace zkcluster::contract
