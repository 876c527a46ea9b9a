// AresDns against name servers of the test's own, FakeDns, and AresDns against servers that send
// what no name server should.
#include "tests/contract/dns_contract.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "names/ares_dns.h"
#include "tests/fakes/fake_dns.h"
#include "tests/support/name_server.h"
#include "tools/sandbox/process.h"

namespace zkcluster::contract {
namespace {

using namespace std::chrono_literals;
using Kind = DnsAnswer::Kind;
using List = std::vector<std::string>;

class AresStage final : public DnsStage {
 public:
  AresStage() {
    Write();
    dns_ = std::make_unique<AresDns>(loop, files());
  }

  Dns& dns() override { return *dns_; }
  std::string server(std::size_t index) override { return servers[index].addr(); }
  void DropDns() override { dns_.reset(); }
  bool RunUntil(const std::function<bool()>& done, Duration limit) override {
    // Files are checked when a question comes: a timer keeps the turns coming.
    const auto tick = loop.NewTimer([] {});
    return loop.RunUntil(
        [&] {
          if (!tick->armed()) tick->Arm(20ms);
          return done();
        },
        limit);
  }

  void SetRecord(const std::string& name, List v4, List v6, int ttl_s) override {
    for (auto& server : servers) {
      server.Set(name, {v4, v6, static_cast<std::uint32_t>(ttl_s), ""});
    }
  }
  void SetManners(std::size_t server, Manners manners) override {
    NameServer::Manners real;
    real.silent = manners == Manners::kSilent;
    real.code = manners == Manners::kRefuses ? 5 : manners == Manners::kDeniesAll ? 3 : 0;
    real.silent_v6 = manners == Manners::kOnlyV4;
    real.silent_v4 = manners == Manners::kOnlyV6;
    real.silent_edns = manners == Manners::kOnlyPlain;
    servers[server].SetManners(real);
  }
  void SetHosts(const std::string& name, const std::string& address) override {
    hosts_ = address + " " + name + "\n";
    Write();
  }
  void SetSearch(List domains, int ndots) override {
    search_ = "search";
    for (const std::string& domain : domains) search_ += " " + domain;
    search_ += "\noptions ndots:" + std::to_string(ndots) + "\n";
    Write();
  }

  [[nodiscard]] AresDns::Files files() const {
    return {folder.path() / "resolv.conf", folder.path() / "hosts"};
  }

  sandbox::TempFolder folder;
  EventLoop loop;
  NameServer servers[2];

 private:
  void Write() const {
    std::ofstream(files().hosts) << hosts_;
    std::ofstream resolv_conf(files().resolv_conf);
    resolv_conf << "nameserver 192.0.2.1\nnameserver 192.0.2.2\n" << search_;
  }

  std::string hosts_ = "127.0.0.1 localhost\n";
  std::string search_;
  std::unique_ptr<AresDns> dns_;
};

class FakeStage final : public DnsStage {
 public:
  Dns& dns() override { return *dns_; }
  std::string server(std::size_t index) override { return names.Servers()[index]; }
  void DropDns() override { dns_.reset(); }
  bool RunUntil(const std::function<bool()>& done, Duration limit) override {
    return world.RunUntil(done, limit);
  }
  void SetRecord(const std::string& name, List v4, List v6, int ttl_s) override {
    names.records[name] = {std::move(v4), std::move(v6), std::chrono::seconds(ttl_s)};
  }
  void SetManners(std::size_t server, Manners manners) override {
    using Fake = sim::FakeNames::Manners;
    const auto fake = [&] {
      switch (manners) {
        case Manners::kSilent:
          return Fake::kSilent;
        case Manners::kRefuses:
          return Fake::kRefuses;
        case Manners::kDeniesAll:
          return Fake::kDeniesAll;
        case Manners::kOnlyV4:
          return Fake::kOnlyV4;
        case Manners::kOnlyV6:
          return Fake::kOnlyV6;
        case Manners::kOnlyPlain:
          return Fake::kOnlyPlain;
        case Manners::kGood:
          break;
      }
      return Fake::kGood;
    };
    names.server(server).manners = fake();
  }
  void SetHosts(const std::string& name, const std::string& address) override {
    names.hosts[name] = {address};
  }
  void SetSearch(List domains, int ndots) override {
    names.search = std::move(domains);
    names.ndots = ndots;
  }

  sim::SimWorld world;
  sim::FakeNames names{world, 2};
  sim::SimLoop loop{world};

 private:
  std::unique_ptr<sim::FakeDns> dns_ = std::make_unique<sim::FakeDns>(names, loop);
};

}  // namespace

TEST_CASE("c-ares keeps the contract") {
  CheckDnsContract([] { return std::make_unique<AresStage>(); });
}

TEST_CASE("the fake name servers keep the contract") {
  CheckDnsContract([] { return std::make_unique<FakeStage>(); });
}

TEST_CASE("c-ares: answers above 512 bytes, by EDNS, by TCP, or by neither") {
  AresStage stage;
  List many;
  for (int i = 1; i <= 60; ++i) many.push_back("10.0.1." + std::to_string(i));
  stage.SetRecord("many.test", many, {}, 60);
  const auto check = [&](Dns::Dialect dialect, Kind kind, std::size_t questions) {
    const std::size_t before = stage.servers[0].questions();
    const auto answer = stage.Ask(0, "many.test", Family::kV4, dialect);
    REQUIRE(answer);
    CHECK(answer->kind == kind);
    if (kind == Kind::kFound) CHECK(answer->addresses == many);
    CHECK(stage.servers[0].questions() - before == questions);
  };
  check(Dns::Dialect::kEdns, Kind::kFound, 1);
  check(Dns::Dialect::kPlain, Kind::kFound, 2);
  stage.servers[0].SetManners({.truncated = true});
  check(Dns::Dialect::kEdns, Kind::kFound, 2);
  stage.servers[0].SetManners({.silent_tcp = true, .truncated = true});
  check(Dns::Dialect::kPlain, Kind::kSilent, 2);
}

TEST_CASE("c-ares: an old server that refuses EDNS is asked without it") {
  AresStage stage;
  stage.SetRecord("s1.test", {"10.0.0.1"}, {}, 60);
  stage.servers[0].SetManners({.refuses_edns = true});
  for (int i = 0; i < 2; ++i) {
    CHECK(stage.Ask(0, "s1.test", Family::kV4)->kind == Kind::kFound);
  }
}

TEST_CASE("c-ares: a name behind another one has the shorter TTL") {
  AresStage stage;
  stage.servers[0].Set("alias.test", {{}, {}, 5, "real.test"});
  stage.servers[0].Set("real.test", {{"10.0.0.1"}, {}, 60, ""});
  const auto answer = stage.Ask(0, "alias.test", Family::kV4);
  CHECK(answer->addresses == List{"10.0.0.1"});
  CHECK(answer->ttl == 5s);
  stage.servers[0].Remove("real.test");
  CHECK(stage.Ask(0, "alias.test", Family::kV4)->kind == Kind::kNoData);
}

TEST_CASE("c-ares: bad bytes are a failure or silence, never an address") {
  AresStage stage;
  stage.SetRecord("s1.test", {"10.0.0.1"}, {}, 60);
  stage.servers[0].SetManners({.cut = true});
  CHECK(stage.Ask(0, "s1.test", Family::kV4)->kind != Kind::kFound);
  stage.servers[0].SetManners({.other_id = true});
  CHECK(stage.Ask(0, "s1.test", Family::kV4)->kind == Kind::kSilent);
  stage.servers[0].SetManners({.code = 2});
  CHECK(stage.Ask(0, "s1.test", Family::kV4)->kind == Kind::kFailed);
  stage.servers[0].SetManners({});
  const std::string label(64, 'x');
  CHECK(stage.Ask(0, label + ".test", Family::kV4)->kind == Kind::kNoName);
}

TEST_CASE("c-ares: no server listens there: a failure at once") {
  AresStage stage;
  std::string gone;
  {
    const NameServer server;
    gone = server.addr();
  }
  std::optional<DnsAnswer> answer;
  const auto question = stage.dns().Ask(gone, "s1.test", Family::kV4, Dns::Dialect::kEdns,
                                        [&](const DnsAnswer& found) { answer = found; });
  REQUIRE(stage.RunUntil([&] { return answer.has_value(); }, 4s));
  CHECK(answer->kind == Kind::kFailed);
}

TEST_CASE("c-ares: a resolv.conf that goes away, and comes back") {
  AresStage stage;
  const auto servers = stage.dns().setup().servers;
  std::filesystem::remove(stage.files().resolv_conf);
  CHECK(stage.RunUntil([&] { return stage.dns().setup().servers != servers; }, 20s));
  CHECK(stage.dns().setup().servers == List{"127.0.0.1:53"});  // resolv.conf(5)
  std::ofstream(stage.files().resolv_conf) << "nameserver 192.0.2.1\nnameserver ::1\n";
  CHECK(stage.RunUntil(
      [&] {
        return stage.dns().setup().servers == List{"192.0.2.1:53", "[::1]:53"};
      },
      20s));
}

}  // namespace zkcluster::contract
