// A leader that fails at its job, in whole checkers: its shadows replace it, whatever its session
// says, and never without need.
#include <doctest/doctest.h>

#include "checker/rules/succession.h"
#include "tests/support/settled_site.h"

namespace shadow_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

// Checkers with the default session timeout, which is longer than anybody here waits.
struct Shadowed : SimSite {
  explicit Shadowed(int count = 3, Lists lists = Lists::kOpen) : SimSite(1, lists) {
    spec = MakeSpec(kName, 4);
    spec.checkers = count;
    Create(spec);
    for (int i = 1; i <= count; ++i) {
      StartLong("c" + std::to_string(i));
      REQUIRE(world.RunUntil(
          [&] { return ensemble.Children(paths.election()).size() == Number(i); }, 10s));
    }
    REQUIRE(Reaches(kName, "AAAA", 10s));
    world.RunFor(2s);
    REQUIRE(LeaderOf(kName)->id == "c1");
  }
  SimChecker& StartLong(const std::string& id) {
    SimChecker::Options options;
    options.id = id;
    options.identity = CheckerIdentity(id);
    options.session_timeout = 10s;
    options.health.interval = 500ms;
    options.health.timeout = 300ms;
    options.health.threshold = 1500ms;
    options.health.refused_threshold = 500ms;
    options.health.fast_interval = 100ms;
    return Start(std::move(options));
  }
  static std::size_t Number(int n) { return static_cast<std::size_t>(n); }
  [[nodiscard]] std::string LeaderId() const { return LeaderOf(kName)->id; }
  [[nodiscard]] std::vector<std::string> Line() const {
    std::vector<std::string> ids;
    for (const auto& candidate : SortCandidates(ensemble.Children(paths.election()))) {
      ids.push_back(candidate.name.id);
    }
    return ids;
  }
  [[nodiscard]] std::size_t LoggedByAny(const std::string& event) const {
    std::size_t count = 0;
    for (const auto& checker : checkers) count += checker->Logged(event);
    return count;
  }
  void Kills(int shard) { fleet.Set(spec.shards[Number(shard - 1)].addr, Server::kRefused); }
  // Writes the ledger like an operator.
  void Order(const std::function<void(Ledger&)>& change) {
    Ledger ledger = LedgerOf(kName);
    change(ledger);
    ensemble.Put(paths.ledger(), EncodeLedger(ledger));
  }

  ClusterSpec spec;
  const ClusterPaths paths{kRoot, kName};
};

// The refused threshold, a probe's interval and jitter, the patience, and what a take-over costs.
constexpr Duration kOneShadow = 500ms + 200ms + kPatience + 200ms;
constexpr Duration kTwoShadows = kOneShadow + kPatience;

}  // namespace

TEST_CASE("shadow: leader and shard die at the same moment, and the first shadow decides") {
  Shadowed site;
  site.Kill("c1");
  site.Kills(2);
  CHECK(site.Reaches(kName, "ADAA", kOneShadow));
  CHECK(site.LeaderId() == "c2");
  CHECK(site.Line() == std::vector<std::string>{"c2", "c3"});
  CHECK(site.At("c2").Logged("leader.deposed") == 1);
  CHECK(site.LeaderOf(kName)->deposed == std::vector<std::string>{"c1"});
  CHECK(site.At("c2").facts(kName).depositions == 1);
  // The hook and the journal report it.
  const auto& events = site.At("c2").events();
  const auto found = std::ranges::find_if(events, [](const Event& event) {
    const auto* const leader = event.As<Event::Leader>();
    return leader != nullptr && leader->deposed == std::vector<std::string>{"c1"};
  });
  CHECK(found != events.end());
}

TEST_CASE("shadow: leader, successor and shard die at the same moment, and the second decides") {
  Shadowed site(5);
  site.Kill("c1");
  site.Kill("c2");
  site.Kills(2);
  CHECK(site.Reaches(kName, "ADAA", kTwoShadows));
  CHECK(site.LeaderId() == "c3");
  CHECK(site.LeaderOf(kName)->deposed == std::vector<std::string>{"c1", "c2"});
  CHECK(site.Line() == std::vector<std::string>{"c3", "c4", "c5"});
}

TEST_CASE("shadow: a leader that stops and comes back goes to the end of the line") {
  Shadowed site;
  site.At("c1").loop().Pause(4s);
  site.Kills(2);
  CHECK(site.Reaches(kName, "ADAA", kOneShadow));
  site.world.RunFor(8s);
  CHECK(site.Line() == std::vector<std::string>{"c2", "c3", "c1"});
  CHECK(site.LeaderId() == "c2");
  CHECK(site.BallotOf(kName, "c1").has_value());
  CHECK(site.LoggedByAny("leader.deposed") == 1);
}

TEST_CASE("shadow: a leader that hears and is not heard, or the reverse, is replaced") {
  for (const bool to_server : {true, false}) {
    Shadowed site;
    if (to_server) {
      site.ensemble.MuteToServer(site.At("c1").client());
    } else {
      site.ensemble.MuteToClient(site.At("c1").client());
    }
    site.Kills(3);
    CHECK(site.Reaches(kName, "AADA", kOneShadow));
    CHECK(site.LeaderId() == "c2");
  }
}

TEST_CASE("shadow: a leader that does its job is left in peace, and nothing is written for it") {
  Shadowed site;
  for (const int shard : {1, 2, 3}) {
    site.Kills(shard);
    site.world.RunFor(3s);
  }
  CHECK(site.Statuses(kName) == "DDDA");
  CHECK(site.LeaderId() == "c1");
  CHECK(site.LoggedByAny("leader.deposed") == 0);
  const auto zxid = site.ensemble.zxid();
  const auto served = site.ensemble.requests_served();
  site.world.RunFor(30s);
  CHECK(site.ensemble.zxid() == zxid);
  CHECK(site.ensemble.requests_served() == served);
}

TEST_CASE("shadow: nothing is owed in a pause, under maintenance, and beside a Go checker") {
  Shadowed site;
  SUBCASE("pause") {
    site.Order([](Ledger& ledger) {
      ledger.pause = Pause{Micros(1), Micros(0), "ann", "why", ""};
    });
  }
  SUBCASE("maintenance") {
    site.Order([](Ledger& ledger) {
      ledger.maintenance["s2"] = Maintenance{Micros(1), Micros(0), "ann", "why", ""};
    });
  }
  SUBCASE("go checker") {
    site.ensemble.PutEphemeral(site.paths.go_voters() + "/n_0000000001", "{}");
  }
  site.world.RunFor(1s);
  site.Kill("c1");
  site.Kills(2);
  site.world.RunFor(6s);
  // By the mirror: beside a Go checker there is no head.
  const auto mirror = DecodeMirror(site.ensemble.Get(site.paths.mirror())->data);
  REQUIRE(mirror.has_value());
  CHECK(StatusLetters(FromMirror(*mirror, site.spec.shards).shards) == "AAAA");
  CHECK(site.LoggedByAny("leader.deposed") == 0);
  CHECK(site.LeaderId() == "c1");
}

TEST_CASE("shadow: it counts by the quorum that a Go manager has dropped, like its leader") {
  Shadowed site;
  ClusterSpec strict = site.spec;
  strict.quorum = 3;
  site.Update(strict);
  site.world.RunFor(5s);
  site.ensemble.Put(site.paths.options(), EncodeSpec(site.spec).options);  // and nothing else
  site.world.RunFor(5s);
  site.Kill("c3");
  site.Kills(2);
  site.world.RunFor(30s);
  CHECK(site.Statuses(kName) == "AAAA");
  CHECK(site.LoggedByAny("leader.deposed") == 0);
  CHECK(site.LeaderId() == "c1");
}

TEST_CASE("shadow: it does not trust its count where it cannot read a voter's ballot") {
  Shadowed site(5);
  site.At("c5").loop().Pause(8s);
  const std::string ballot = site.ensemble.Get(site.paths.vote("c5"))->data;
  site.ensemble.Put(site.paths.vote("c5"), "tomorrow's ballot");
  site.world.RunFor(1s);
  site.At("c1").loop().Pause(8s);
  site.Kills(2);  // three of five see it
  site.world.RunFor(4s);
  CHECK(site.LoggedByAny("leader.deposed") == 0);
  site.ensemble.Put(site.paths.vote("c5"), ballot);
  CHECK(site.Reaches(kName, "ADAA", kPatience + 200ms));
  CHECK(site.LeaderId() == "c2");
}

TEST_CASE("shadow: the first shadow's candidate goes as it deposes, and it does not lead") {
  Shadowed site;
  site.Kill("c1");
  site.Kills(2);
  const std::string own =
      site.paths.candidate(SortCandidates(site.ensemble.Children(site.paths.election()))[1].node);
  bool removed = false;
  site.ensemble.SetFate(site.At("c2").client(), [&](const Request& request) {
    const bool deposes = std::ranges::any_of(
        request.ops, [](const zk::Op& op) { return std::holds_alternative<zk::DeleteOp>(op); });
    if (deposes && !removed) {
      removed = true;
      site.ensemble.Remove(own);
    }
    return Fate::kServe;
  });
  REQUIRE(site.Reaches(kName, "ADAA", 5s));
  CHECK(removed);
  CHECK(site.LeaderId() == "c3");
  CHECK(site.Line() == std::vector<std::string>{"c3", "c2"});
}

TEST_CASE("shadow: a decision that comes first refuses the deposition") {
  Shadowed site;
  // The leader's commit is held back until the deposition is on its way.
  site.At("c1").loop().Pause(1h);
  site.Kills(2);
  bool deposes = false;
  site.ensemble.SetFate(site.At("c2").client(), [&](const Request& request) {
    for (const zk::Op& op : request.ops) {
      if (!std::holds_alternative<zk::DeleteOp>(op) || std::exchange(deposes, true)) continue;
      const auto head = site.ensemble.Get(site.paths.head());
      site.ensemble.Put(site.paths.head(), head->data);
    }
    return Fate::kServe;
  });
  REQUIRE(site.world.RunUntil([&] { return deposes; }, 5s));
  site.world.RunFor(100ms);
  CHECK(site.LeaderId() == "c1");
  CHECK(site.At("c2").Logged("leader.deposed") == 0);
}

TEST_CASE("shadow: depositions are remembered by every leader, and make the next ones slower") {
  Shadowed site(5);
  const auto depose = [&](const std::string& leader, const std::string& expected, int shard) {
    REQUIRE(site.LeaderId() == leader);
    site.Kill(leader);
    site.Kills(shard);
    const TimePoint begin = site.world.now();
    std::string statuses = site.Statuses(kName);
    statuses[static_cast<std::size_t>(shard - 1)] = 'D';
    REQUIRE(site.Reaches(kName, statuses, 20s));
    CHECK(site.LeaderId() == expected);
    const Duration took = site.world.now() - begin;
    site.StartLong(leader);
    site.world.RunFor(12s);
    return took;
  };
  const Duration first = depose("c1", "c2", 1);
  const Duration second = depose("c2", "c3", 2);
  const Duration third = depose("c3", "c4", 3);
  CHECK(first < kOneShadow);
  CHECK(second > 2 * kPatience);
  CHECK(second < kOneShadow + kPatience);
  CHECK(third > 4 * kPatience);
  CHECK(third < kOneShadow + 3 * kPatience);
  CHECK(DepositionsOf(*site.LeaderOf(kName), Micros(0)).size() == 3);
  // An ordinary take-over passes them on.
  site.At("c4").Leave();
  REQUIRE(site.world.RunUntil([&] { return site.LeaderId() == "c5"; }, 5s));
  CHECK(site.LeaderOf(kName)->deposed.empty());
  CHECK(site.LeaderOf(kName)->depositions.size() == 3);
  // Ten minutes later they count no more.
  site.world.RunFor(11min);
  site.Kill("c5");
  site.Kills(4);
  CHECK(site.Reaches(kName, "DDDD", kOneShadow));
}

TEST_CASE("shadow: a flip costs each shadow one chunk, however many there are") {
  SimSite site;
  ClusterSpec spec = site.MakeSpec(kName, 1100);
  spec.checkers = 3;
  site.Create(spec);
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  REQUIRE(site.Reaches(kName, std::string(1100, 'A'), 20s));
  site.world.RunFor(2s);
  const ClusterPaths paths{SimSite::kRoot, kName};
  std::size_t reads = 0;
  site.ensemble.SetFateOfAll([&](const Arrival& arrival) {
    const bool chunk = arrival.request.path.starts_with(paths.chunks() + "/");
    reads += chunk && arrival.request.verb == Verb::kGet ? 1 : 0;
    return Fate::kServe;
  });
  site.fleet.Set(spec.shards[0].addr, Server::kRefused);
  REQUIRE(site.Reaches(kName, "D" + std::string(1099, 'A'), 5s));
  site.world.RunFor(1s);
  CHECK(reads == kShadows);
}

TEST_CASE("shadow: under restricted lists a checker may depose another, a stranger may not") {
  Shadowed site(3, SimSite::Lists::kRestricted);
  SimLoop loop(site.world, "stranger");
  const auto stranger = site.ensemble.NewClient(loop, 10s);
  REQUIRE(site.world.RunUntil([&] { return stranger->state() == SessionState::kConnected; }, 10s));
  std::optional<zk::MultiResult> answer;
  const std::string first =
      site.paths.candidate(SortCandidates(site.ensemble.Children(site.paths.election()))[0].node);
  stranger->Multi({zk::DeleteOp{first, zk::kAnyVersion}},
                  [&](auto result) { answer = std::move(result); });
  REQUIRE(site.world.RunUntil([&] { return answer.has_value(); }, 10s));
  REQUIRE_FALSE(answer->has_value());
  CHECK(answer->error().code == ErrorCode::kDenied);
  site.Kill("c1");
  site.Kills(2);
  CHECK(site.Reaches(kName, "ADAA", kOneShadow));
  CHECK(site.LeaderId() == "c2");
}

TEST_CASE("shadow: the third in line becomes one when any of those before it goes") {
  Shadowed site(5);
  CHECK_FALSE(site.At("c1").facts(kName).shadow);
  CHECK(site.At("c2").facts(kName).shadow);
  CHECK(site.At("c3").facts(kName).shadow);
  CHECK_FALSE(site.At("c4").facts(kName).shadow);
  CHECK_FALSE(site.At("c5").facts(kName).shadow);
  site.At("c2").Leave();
  site.world.RunFor(1s);
  CHECK(site.At("c4").facts(kName).shadow);
  CHECK_FALSE(site.At("c5").facts(kName).shadow);
  site.At("c1").Leave();
  site.world.RunFor(1s);
  CHECK(site.At("c3").facts(kName).leading);
  CHECK_FALSE(site.At("c3").facts(kName).shadow);
  CHECK(site.At("c5").facts(kName).shadow);
}

}  // namespace shadow_test
