// Operators' orders to running checkers: when they take effect, and what the leader does.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/cluster_admin.h"
#include "admin/orders.h"
#include "tests/fakes/sim_checker.h"

namespace orders_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = "c";
constexpr const char* kBy = "ann@ops1";
const ClusterPaths kPaths(SimSite::kRoot, kName);

bool SetsHead(const Request& request) {
  for (const auto& op : request.ops) {
    const auto* set = std::get_if<zk::SetOp>(&op);
    if (set != nullptr && set->path == kPaths.head()) return true;
  }
  return false;
}

struct Site : SimSite {
  explicit Site(std::uint64_t seed = 1) : SimSite(seed) {}

  // `shards` shards, all alive, seen by c1 .. c<count>.
  void Begin(int shards, int count, const std::function<void(ClusterSpec&)>& change = {}) {
    spec = MakeSpec(kName, shards);
    if (change) change(spec);
    Create(spec);
    for (int i = 1; i <= count; ++i) Start("c" + std::to_string(i));
    REQUIRE(Reaches(kName, std::string(static_cast<std::size_t>(shards), 'A'), 10s));
    world.RunFor(3s);
  }
  SimChecker& Leader() { return At(LeaderOf(kName)->id); }
  void Set(int shard, Server server) { fleet.Set("10.0.0.1:" + std::to_string(shard), server); }

  Result<Ordered> Give(const std::function<void(ClusterAdmin::Done<Ordered>)>& order) {
    std::optional<Result<Ordered>> answer;
    order([&](Result<Ordered> ordered) { answer = std::move(ordered); });
    REQUIRE(world.RunUntil([&] { return answer.has_value(); }, 30s));
    return *answer;
  }
  Result<Ordered> Pause(Duration length = 0s) {
    return Give([&](auto done) { editor.Pause(kName, {length, kBy, "switch replaced"}, done); });
  }
  Result<Ordered> Resume() {
    return Give([&](auto done) { editor.Resume(kName, kBy, done); });
  }
  Result<Ordered> Unfreeze(bool accept) {
    return Give([&](auto done) { editor.Unfreeze(kName, accept, kBy, done); });
  }
  Result<Ordered> Forget(const std::string& id) {
    return Give([&](auto done) { editor.Forget(kName, id, kBy, done); });
  }

  [[nodiscard]] std::size_t CountEvents(std::string_view kind, const std::string& by) const {
    std::size_t count = 0;
    for (const auto& name : ensemble.Children(kPaths.events())) {
      const auto event = DecodeEvent(ensemble.Get(kPaths.events() + "/" + name)->data);
      count += event && EventKindName(*event) == kind && event->by == by ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] int DeadVotes(std::size_t shard) const {
    int votes = 0;
    for (const auto& checker : checkers) {
      const auto ballot = BallotOf(kName, checker->id());
      votes += ballot && ballot->votes.at(shard).opinion == Opinion::kDead ? 1 : 0;
    }
    return votes;
  }
  [[nodiscard]] bool IsFrozen() const { return LedgerOf(kName).freeze.frozen; }

  ClusterSpec spec;
  SimLoop ops_loop{world, "ops"};
  std::unique_ptr<zk::Client> ops = ensemble.NewClient(ops_loop, 10s);
  ClusterAdmin editor{ops_loop, *ops, kRoot};
};

void HalfMayDie(ClusterSpec& spec) {
  spec.max_dead_fraction = 0.5;
}

}  // namespace

TEST_CASE("pause: votes go on, nothing flips, and it ends by itself") {
  Site site;
  site.Begin(2, 3);
  const auto ordered = site.Pause(30s);
  REQUIRE(ordered);
  site.Set(1, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.DeadVotes(0) == 3; }, 20s));
  site.world.RunFor(5s);
  CHECK(site.Statuses(kName) == "AA");
  CHECK(site.Leader().facts().Leading() == 1);
  REQUIRE(site.Reaches(kName, "DA", 60s));
  // The wall clocks of this world agree: not a moment before its end.
  CHECK(site.StateOf(kName, 0).since >= ordered->left.pause->until);
  CHECK_FALSE(site.LedgerOf(kName).pause);
  CHECK(site.CountEvents(Event::Pause::kKind, kBy) == 1);
  CHECK(site.CountEvents(Event::Resume::kKind, "") == 1);
}

TEST_CASE("pause: until an operator ends it, also over a change of the leader") {
  Site site;
  site.Begin(2, 3);
  REQUIRE(site.Pause());
  site.Set(1, Server::kRefused);
  site.world.RunFor(10s);
  site.Kill(site.Leader().id());
  site.world.RunFor(10min);
  CHECK(site.Statuses(kName) == "AA");
  REQUIRE(site.Resume());
  CHECK(site.Reaches(kName, "DA", 2s));
  CHECK(site.CountEvents(Event::Resume::kKind, kBy) == 1);
}

// At every moment between the votes for a death and its commit: once the order is committed,
// no flip is.
TEST_CASE("pause: a commit under way is refused") {
  int before = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Site site(seed);
    site.Begin(2, 3);
    const std::string leader = site.Leader().id();
    bool was_refused = false;
    site.ensemble.SetFate(site.At(leader).client(), [&](const Request& request) {
      was_refused = was_refused || (SetsHead(request) && site.LedgerOf(kName).pause);
      return Fate::kServe;
    });
    site.Set(1, Server::kRefused);
    REQUIRE(site.world.RunUntil([&] { return site.DeadVotes(0) >= 2; }, 20s));
    site.At(leader).loop().Pause(site.world.Between(0ms, 8ms));
    REQUIRE(site.Pause());
    const std::string then = site.Statuses(kName);
    site.world.RunFor(1min);
    CHECK(site.Statuses(kName) == then);
    before += then == "DA" ? 1 : 0;
    refused += was_refused ? 1 : 0;
  }
  // Both cases occurred.
  CHECK(before > 0);
  CHECK(refused > 0);
}

TEST_CASE("pause: of a cluster that no checker has served yet; new ones are learned as usual") {
  Site site;
  site.spec = site.MakeSpec(kName, 2);
  site.Create(site.spec);
  REQUIRE(site.Pause());
  CHECK(site.LedgerOf(kName).electorate.empty());
  for (const char* id : {"c1", "c2", "c3"}) site.Start(id);
  site.world.RunFor(1min);
  CHECK(site.LedgerOf(kName).electorate == std::set<std::string>{"c1", "c2", "c3"});
  CHECK(site.Statuses(kName) == "??");
  REQUIRE(site.Resume());
  CHECK(site.Reaches(kName, "AA", 2s));
  CHECK(site.HeadOf(kName)->electorate == 3);
}

TEST_CASE("pause: after a lost ledger the electorate does not shrink to the checkers present") {
  Site site;
  site.Begin(2, 5);
  for (const char* id : {"c3", "c4", "c5"}) site.Kill(id);
  site.world.RunFor(1min);
  // No leader reads the ledger between the loss and the order.
  site.Kill("c1");
  site.Kill("c2");
  site.world.RunFor(1min);
  site.ensemble.Remove(kPaths.ledger());
  REQUIRE(site.Pause());
  CHECK(site.LedgerOf(kName).at_least == 5);
  for (const char* id : {"c1", "c2"}) site.Start(id);
  site.Set(1, Server::kRefused);
  REQUIRE(site.Resume());
  site.world.RunFor(1min);
  CHECK(site.Statuses(kName) == "AA");  // two are no majority of five
}

TEST_CASE("forget: lowers the quorum, so that those who are left can decide") {
  Site site;
  site.Begin(2, 5);
  CHECK(site.HeadOf(kName)->quorum == 3);
  for (const char* id : {"c3", "c4", "c5"}) site.Kill(id);
  site.world.RunFor(30s);
  site.Set(1, Server::kRefused);
  site.world.RunFor(30s);
  CHECK(site.Statuses(kName) == "AA");
  REQUIRE(site.Forget("c5"));
  site.world.RunFor(5s);
  CHECK(site.Statuses(kName) == "AA");  // three of four
  REQUIRE(site.Forget("c4"));
  CHECK(site.Reaches(kName, "DA", 2s));  // two of three
  CHECK(site.HeadOf(kName)->quorum == 2);
  CHECK(site.HeadOf(kName)->electorate == 3);
  CHECK(site.LedgerOf(kName).electorate == std::set<std::string>{"c1", "c2", "c3"});
  CHECK(site.CountEvents(Event::Forget::kKind, kBy) == 2);
  // A checker that comes back counts again.
  site.Start("c5");
  site.world.RunFor(30s);
  CHECK(site.LedgerOf(kName).electorate.size() == 4);
}

TEST_CASE("forget: a registered checker is refused, and so is an unknown one") {
  Site site;
  site.Begin(2, 3);
  const auto living = site.Forget("c3");
  REQUIRE_FALSE(living);
  CHECK(living.error().code == ErrorCode::kExists);
  const auto unknown = site.Forget("c4");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == ErrorCode::kNotFound);
  CHECK(site.LedgerOf(kName).electorate.size() == 3);
}

TEST_CASE("unfreeze: if lifted it begins again; if accepted the deaths pass, and returns too") {
  Site site;
  site.Begin(6, 3, HalfMayDie);
  for (int shard = 1; shard <= 5; ++shard) site.Set(shard, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.IsFrozen(); }, 20s));
  site.world.RunFor(10s);
  const auto dead_in_time = site.Statuses(kName);
  CHECK(dead_in_time != "DDDDDA");
  const Micros since = site.LedgerOf(kName).freeze.since;

  REQUIRE(site.Unfreeze(false));
  REQUIRE(site.world.RunUntil(
      [&] { return site.IsFrozen() && site.LedgerOf(kName).freeze.since != since; }, 5s));
  CHECK(site.Statuses(kName) == dead_in_time);

  // A return passes a freeze.
  site.Set(1, Server::kUp);
  REQUIRE(site.world.RunUntil(
      [&] { return site.StatusOf(kName, 0) == ShardStatus::kAlive && site.DeadVotes(0) == 0; },
      20s));
  site.Set(1, Server::kRefused);
  site.world.RunFor(10s);
  REQUIRE(site.IsFrozen());

  REQUIRE(site.Unfreeze(true));
  CHECK(site.Reaches(kName, "DDDDDA", 5s));
  CHECK_FALSE(site.IsFrozen());
  CHECK(site.LedgerOf(kName).freeze.accepted == 5);
  CHECK(site.CountEvents(Event::Unfreeze::kKind, kBy) == 2);

  // One more than was accepted freezes again.
  site.Set(6, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.IsFrozen(); }, 20s));
  CHECK(site.Statuses(kName) == "DDDDDA");
  for (int shard = 1; shard <= 6; ++shard) site.Set(shard, Server::kUp);
  CHECK(site.Reaches(kName, "AAAAAA", 1min));
  site.world.RunFor(5s);
  CHECK_FALSE(site.IsFrozen());
}

TEST_CASE("unfreeze: accepted while nobody leads, the next leader lets the deaths pass") {
  Site site;
  site.Begin(6, 3, HalfMayDie);
  for (int shard = 1; shard <= 5; ++shard) site.Set(shard, Server::kRefused);
  REQUIRE(site.world.RunUntil([&] { return site.IsFrozen() && site.DeadVotes(4) == 3; }, 20s));
  site.Kill(site.Leader().id());
  REQUIRE(site.Unfreeze(true));
  CHECK(site.LedgerOf(kName).freeze.accept);  // no leader has read it
  CHECK(site.Reaches(kName, "DDDDDA", 30s));
  CHECK(site.CountEvents(Event::Unfreeze::kKind, kBy) == 1);
}

TEST_CASE("orders: given while leaders die and answers are lost, each holds") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Site site(seed);
    site.Begin(2, 3);
    const auto trouble = [&](const Request&) {
      const auto dice = site.world.Below(10);
      return dice == 0 ? Fate::kDropRequest : dice == 1 ? Fate::kLoseAnswer : Fate::kServe;
    };
    site.ensemble.SetFate(*site.ops, trouble);
    for (const auto& checker : site.checkers) site.ensemble.SetFate(checker->client(), trouble);
    REQUIRE(site.Pause());
    REQUIRE(site.LedgerOf(kName).pause);
    site.Set(1, Server::kRefused);
    site.world.RunFor(20s);
    site.Kill(site.LeaderOf(kName)->id);
    site.world.RunFor(1min);
    CHECK(site.Statuses(kName) == "AA");
    REQUIRE(site.Resume());
    CHECK_FALSE(site.LedgerOf(kName).pause);
    for (const auto& checker : site.checkers) site.ensemble.SetFate(checker->client(), {});
    CHECK(site.Reaches(kName, "DA", 1min));
  }
}

}  // namespace orders_test
