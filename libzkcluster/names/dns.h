// The seam of names: ask one name server one question. In production: AresDns (c-ares). In tests:
// FakeDns. The Resolver decides which server is asked, when the next one is asked, and what an
// answer is worth. Both implementations keep one contract (tests/contract/dns_contract.h).
// Loop-bound.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zkcluster {

enum class Family : unsigned char { kV4, kV6 };  // A and AAAA

struct DnsAnswer {
  enum class Kind : unsigned char {
    kFound,
    kNoData,  // the name exists, without an address of this family
    kNoName,  // the name does not exist
    kFailed,  // the server refuses, fails, cannot be reached or talks nonsense: see `why`
    kSilent,  // no answer within the limit
  };
  Kind kind = Kind::kSilent;
  std::vector<std::string> addresses;  // IP literals without brackets
  Duration ttl{0};                     // of kFound: the shortest on the way to the addresses
  std::string why;                     // of all others
};

// What /etc/resolv.conf says.
struct DnsSetup {
  std::vector<std::string> servers;  // "ip:port", in the order of the file
  std::vector<std::string> search;   // domains
  int ndots = 1;                     // with fewer dots a name is tried in the domains first
  bool operator==(const DnsSetup&) const = default;
};

class Dns {
 public:
  using Done = std::function<void(const DnsAnswer&)>;
  // Keeps the question open; when it is destroyed, `done` does not run any more.
  using Question = std::shared_ptr<void>;

  // Plain questions do without EDNS. Old servers and firewalls drop the others.
  enum class Dialect : unsigned char { kEdns, kPlain };

  virtual ~Dns() = default;

  // As the file is now: a change is noticed within a second or two.
  virtual DnsSetup setup() = 0;
  // The addresses of `name` in the hosts file as it is now, in its order. Empty: it has none.
  virtual std::vector<std::string> HostsFile(const std::string& name) = 0;
  // Sends one question by UDP; an answer that does not fit is fetched by TCP. `name` is complete.
  // `done` runs once, never within the call, kSilent after `kLimit` at the latest.
  [[nodiscard]] virtual Question Ask(const std::string& server, const std::string& name,
                                     Family family, Dialect dialect, Done done) = 0;

  static constexpr Duration kLimit = std::chrono::seconds(5);
};

}  // namespace zkcluster
