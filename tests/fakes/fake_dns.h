// Name servers in virtual time: the fake of AresDns. A FakeNames is what a set of name servers
// knows, and how each behaves; each process has a FakeDns of its own, which asks them. Bound to the
// thread of its world; outlives its FakeDns.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/lifetime.h"
#include "names/dns.h"
#include "tests/fakes/sim_loop.h"

namespace zkcluster::sim {

class FakeNames {
 public:
  enum class Manners : unsigned char {
    kGood,
    kSilent,
    kRefuses,    // REFUSED, or SERVFAIL
    kDeniesAll,  // "no such name", whatever is asked
    kOnlyV4,     // silent about AAAA
    kOnlyV6,     // silent about A
    kOnlyPlain,  // silent about questions with EDNS
    kLies,       // gives `lie` as the address of every name that it knows
  };
  struct Server {
    Manners manners = Manners::kGood;
    Duration latency = std::chrono::milliseconds(1);
    std::string lie = "192.0.2.99";
    std::uint64_t packets = 0;
  };
  struct Record {
    std::vector<std::string> v4;
    std::vector<std::string> v6;
    Duration ttl = std::chrono::seconds(60);
  };

  explicit FakeNames(SimWorld& world, std::size_t servers = 1);

  [[nodiscard]] SimWorld& world() const { return world_; }
  [[nodiscard]] Server& server(std::size_t index) { return servers_.at(index).second; }
  [[nodiscard]] Server& ServerAt(const std::string& text);
  [[nodiscard]] std::vector<std::string> Servers() const;
  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  // Packets that all servers got.
  [[nodiscard]] std::uint64_t packets() const;

  std::map<std::string, Record> records;  // by complete name
  std::map<std::string, std::vector<std::string>> hosts;
  std::vector<std::string> search;
  int ndots = 1;

 private:
  SimWorld& world_;
  std::vector<std::pair<std::string, Server>> servers_;
};

class FakeDns final : public Dns {
 public:
  FakeDns(FakeNames& names, SimLoop& loop) : names_(names), loop_(loop) {}

  DnsSetup setup() override;
  std::vector<std::string> HostsFile(const std::string& name) override;
  [[nodiscard]] Question Ask(const std::string& server, const std::string& name, Family family,
                             Dialect dialect, Done done) override;

 private:
  FakeNames& names_;
  SimLoop& loop_;
  Lifetime lifetime_;
};

}  // namespace zkcluster::sim
