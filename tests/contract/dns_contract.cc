#include "tests/contract/dns_contract.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace zkcluster::contract {
namespace {

using namespace std::chrono_literals;
using Kind = DnsAnswer::Kind;
using List = std::vector<std::string>;
using Manners = DnsStage::Manners;
using Make = std::function<std::unique_ptr<DnsStage>()>;

constexpr Duration kLimit = 20s;

Kind KindOf(const std::optional<DnsAnswer>& answer) {
  REQUIRE(answer);
  return answer->kind;
}

void CheckAnswers(const Make& make) {
  const auto stage = make();
  stage->SetRecord("both.test", {"10.0.0.1", "10.0.0.2"}, {"fd00::1"}, 7);
  stage->SetRecord("four.test", {"10.0.0.3"}, {}, 0);
  for (const auto dialect : {Dns::Dialect::kEdns, Dns::Dialect::kPlain}) {
    const auto v4 = stage->Ask(0, "both.test", Family::kV4, dialect);
    CHECK(KindOf(v4) == Kind::kFound);
    CHECK(v4->addresses == List{"10.0.0.1", "10.0.0.2"});
    CHECK(v4->ttl == 7s);
    const auto v6 = stage->Ask(1, "BOTH.test", Family::kV6, dialect);
    CHECK(KindOf(v6) == Kind::kFound);
    CHECK(v6->addresses == List{"fd00::1"});
    CHECK(stage->Ask(0, "four.test", Family::kV4, dialect)->ttl == 0s);
    const auto none = stage->Ask(0, "four.test", Family::kV6, dialect);
    CHECK(KindOf(none) == Kind::kNoData);
    CHECK(none->addresses.empty());
    CHECK(!none->why.empty());
    const auto nobody = stage->Ask(0, "nobody.test", Family::kV4, dialect);
    CHECK(KindOf(nobody) == Kind::kNoName);
    CHECK(!nobody->why.empty());
  }
}

void CheckManners(const Make& make) {
  const struct {
    Manners manners;
    Kind v4;
    Kind v6;
  } rows[] = {
      {Manners::kRefuses, Kind::kFailed, Kind::kFailed},
      {Manners::kDeniesAll, Kind::kNoName, Kind::kNoName},
      {Manners::kOnlyV4, Kind::kFound, Kind::kSilent},
      {Manners::kOnlyV6, Kind::kSilent, Kind::kFound},
      {Manners::kOnlyPlain, Kind::kSilent, Kind::kSilent},
      {Manners::kSilent, Kind::kSilent, Kind::kSilent},
  };
  for (const auto& row : rows) {
    CAPTURE(static_cast<int>(row.manners));
    const auto stage = make();
    stage->SetRecord("s1.test", {"10.0.0.1"}, {"fd00::1"}, 60);
    stage->SetManners(0, row.manners);
    // At once, so that the silences pass together. The other server is not concerned.
    std::optional<DnsAnswer> v4;
    std::optional<DnsAnswer> v6;
    Dns& dns = stage->dns();
    const auto one = dns.Ask(stage->server(0), "s1.test", Family::kV4, Dns::Dialect::kEdns,
                             [&](const DnsAnswer& answer) { v4 = answer; });
    const auto two = dns.Ask(stage->server(0), "s1.test", Family::kV6, Dns::Dialect::kEdns,
                             [&](const DnsAnswer& answer) { v6 = answer; });
    CHECK(!v4);
    CHECK(KindOf(stage->Ask(1, "s1.test", Family::kV4)) == Kind::kFound);
    REQUIRE(stage->RunUntil([&] { return v4 && v6; }, kLimit));
    CHECK(v4->kind == row.v4);
    CHECK(v6->kind == row.v6);
    if (row.manners != Manners::kOnlyPlain) continue;
    CHECK(KindOf(stage->Ask(0, "s1.test", Family::kV4, Dns::Dialect::kPlain)) == Kind::kFound);
  }
}

void CheckDrops(const Make& make) {
  auto stage = make();
  stage->SetRecord("s1.test", {"10.0.0.1"}, {}, 60);
  const std::string server = stage->server(0);
  const auto fail = [](const DnsAnswer&) { FAIL("a question that was dropped is answered"); };
  auto dropped = stage->dns().Ask(server, "s1.test", Family::kV4, Dns::Dialect::kEdns, fail);
  dropped.reset();
  CHECK(KindOf(stage->Ask(0, "s1.test", Family::kV4)) == Kind::kFound);
  // Dropped within an answer, and with the asker gone.
  Dns::Question other = stage->dns().Ask(server, "s1.test", Family::kV6, Dns::Dialect::kEdns, fail);
  bool answered = false;
  const auto first =
      stage->dns().Ask(server, "s1.test", Family::kV4, Dns::Dialect::kEdns, [&](const DnsAnswer&) {
        answered = true;
        other.reset();
      });
  other.reset();
  CHECK(stage->RunUntil([&] { return answered; }, kLimit));
  const auto last = stage->dns().Ask(server, "s1.test", Family::kV4, Dns::Dialect::kEdns, fail);
  stage->DropDns();
  CHECK(!stage->RunUntil([] { return false; }, 50ms));
}

void CheckFiles(const Make& make) {
  const auto stage = make();
  CHECK(stage->dns().setup().servers.size() == 2);
  CHECK(stage->dns().HostsFile("here.test").empty());
  stage->SetHosts("here.test", "10.0.0.8");
  stage->SetSearch({"a.test", "b.test"}, 3);
  // A change is noticed within two seconds.
  CHECK(stage->RunUntil([&] { return stage->dns().HostsFile("Here.Test") == List{"10.0.0.8"}; },
                        kLimit));
  CHECK(stage->RunUntil([&] { return stage->dns().setup().ndots == 3; }, kLimit));
  CHECK(stage->dns().setup().search == List{"a.test", "b.test"});
  CHECK(stage->dns().setup().servers.size() == 2);
  CHECK(stage->dns().HostsFile("there.test").empty());
}

}  // namespace

std::optional<DnsAnswer> DnsStage::Ask(std::size_t index, const std::string& name, Family family,
                                       Dns::Dialect dialect) {
  std::optional<DnsAnswer> answer;
  const auto question = dns().Ask(server(index), name, family, dialect,
                                  [&](const DnsAnswer& found) { answer = found; });
  CHECK(!answer);  // never within the call
  static_cast<void>(RunUntil([&] { return answer.has_value(); }, kLimit));
  return answer;
}

void CheckDnsContract(const Make& make) {
  SUBCASE("answers") {
    CheckAnswers(make);
  }
  SUBCASE("manners") {
    CheckManners(make);
  }
  SUBCASE("dropped questions") {
    CheckDrops(make);
  }
  SUBCASE("files") {
    CheckFiles(make);
  }
}

}  // namespace zkcluster::contract
