#include "checker/rules/decide.h"

#include <doctest/doctest.h>

#include <random>

#include "model/limits.h"

namespace decide_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

struct World {
  std::vector<ShardSpec> shards;
  StatusBoard board;
  std::vector<ServerTally> tallies;
  Ledger ledger;
  Hold hold = Hold::kNone;
  Micros now{1'000'000'000};
  Micros ahead{0};  // of the wall clock
  FlapTimes times{1s, 3s};
  std::optional<double> max_dead_fraction;

  explicit World(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
      shards.push_back({"s" + std::to_string(i), "10.0.0.1:" + std::to_string(i + 1)});
    board.shards.resize(n);
    tallies.resize(n);
  }
  [[nodiscard]] Decision Run() const {
    return Decide({.shards = shards,
                   .board = board,
                   .tallies = tallies,
                   .ledger = ledger,
                   .hold = hold,
                   .wall = now - ahead,
                   .since = now,
                   .times = times,
                   .refused_threshold = 1s,
                   .max_dead_fraction = max_dead_fraction});
  }
  // Lets the decision become the state, as a commit does.
  Decision Apply() {
    auto decision = Run();
    board = decision.board;
    ledger = decision.ledger;
    return decision;
  }
  // Good probes in a row that a dead shard needs by the ledger; 1 if it has no entry.
  [[nodiscard]] int Owed(const std::string& shard) const {
    const auto known = ledger.penalties.find(shard);
    return known == ledger.penalties.end() ? 1 : known->second.required;
  }
  void Vote(std::size_t shard, Outcome outcome) {
    tallies[shard] = {outcome,
                      outcome == Outcome::kAlive ? VoteCounts{3, 0, 0} : VoteCounts{0, 3, 0},
                      outcome == Outcome::kDead ? Reason::kTimeout : Reason::kNone};
  }
};

std::vector<Flip> Flips(const Decision& decision) {
  return ChangesOf<Flip>(decision.changes);
}
template <class Kind>
bool Has(const Decision& decision) {
  return CountOf<Kind>(decision.changes) == 1;
}
std::vector<std::string> Over(const Decision& decision) {
  const auto over = ChangesOf<MaintenanceOver>(decision.changes);
  return over.empty() ? std::vector<std::string>() : over.at(0).shards;
}

}  // namespace

TEST_CASE("decide: what each status becomes under each outcome") {
  struct Case {
    ShardStatus from;
    Outcome outcome;
    ShardStatus to;
  };
  const std::vector<Case> cases = {
      {ShardStatus::kUnknown, Outcome::kAlive, ShardStatus::kAlive},
      {ShardStatus::kUnknown, Outcome::kDead, ShardStatus::kDead},
      {ShardStatus::kUnknown, Outcome::kNoQuorum, ShardStatus::kUnknown},
      {ShardStatus::kAlive, Outcome::kDead, ShardStatus::kDead},
      {ShardStatus::kAlive, Outcome::kAlive, ShardStatus::kAlive},
      {ShardStatus::kAlive, Outcome::kNoQuorum, ShardStatus::kAlive},
      {ShardStatus::kDead, Outcome::kAlive, ShardStatus::kAlive},
      {ShardStatus::kDead, Outcome::kDead, ShardStatus::kDead},
      {ShardStatus::kDead, Outcome::kNoQuorum, ShardStatus::kDead},
  };
  for (const auto& test : cases) {
    World world(1);
    world.board.shards[0].status = test.from;
    world.board.shards[0].since = Micros(5);
    world.Vote(0, test.outcome);
    const auto decision = world.Run();
    const auto& state = decision.board.shards[0];
    CHECK(state.status == test.to);
    const bool flips = test.from != test.to;
    CHECK(Flips(decision).size() == (flips ? 1u : 0u));
    CHECK(state.since == (flips ? world.now : Micros(5)));  // Since moves exactly with flips
    CHECK(decision.without_quorum == (test.outcome == Outcome::kNoQuorum ? 1u : 0u));
  }
}

TEST_CASE("decide: a flip carries its reason and counts, a return none of the death's") {
  World world(2);
  world.Vote(0, Outcome::kDead);
  world.Vote(1, Outcome::kAlive);
  auto decision = world.Apply();
  CHECK(Flips(decision)[0] == Event::Flip{"s0",
                                          "10.0.0.1:1",
                                          ShardStatus::kUnknown,
                                          ShardStatus::kDead,
                                          Reason::kTimeout,
                                          {0, 3, 0}});
  CHECK(decision.board.shards[0].reason == Reason::kTimeout);
  CHECK(decision.board.shards[0].counts == VoteCounts{0, 3, 0});
  world.Vote(0, Outcome::kAlive);
  decision = world.Apply();
  CHECK(decision.board.shards[0].reason == Reason::kNone);
}

TEST_CASE("decide: Since never falls when the wall clock is set back") {
  World world(1);
  world.Vote(0, Outcome::kDead);
  world.Apply();
  const Micros died = world.board.shards[0].since;
  world.now -= 3600s;
  world.Vote(0, Outcome::kAlive);
  world.Apply();
  CHECK(world.board.shards[0].since > died);
}

TEST_CASE("decide: a hold keeps everything as it is") {
  World world(1);
  world.board.shards[0].status = ShardStatus::kAlive;
  world.Vote(0, Outcome::kDead);
  world.hold = Hold::kGoCheckers;
  const auto decision = world.Run();
  CHECK(Flips(decision).empty());
  CHECK(decision.board == world.board);
  CHECK(decision.ledger == world.ledger);
}

TEST_CASE("decide: penalties double with each death and are forgiven with time alive") {
  World world(1);
  world.board.shards[0].status = ShardStatus::kAlive;
  std::vector<int> asked;
  const auto die = [&](Duration lived) {
    // Its votes turn dead a threshold after its last answer.
    world.now += std::chrono::duration_cast<Micros>(lived) + Micros(3s);
    world.Vote(0, Outcome::kDead);
    world.Apply();
    asked.push_back(world.Owed("s0"));
    world.now += 1s;
    world.Vote(0, Outcome::kAlive);
    world.Apply();
  };
  for (int death = 0; death < 7; ++death) die(3s);
  CHECK(asked == std::vector<int>{1, 2, 4, 8, 16, 30, 30});
  const auto penalty = [&] { return world.ledger.penalties.at("s0"); };
  CHECK(penalty().deaths == 7);
  CHECK(!penalty().dead());
  CHECK(penalty().died - penalty().first == 6 * 7s);
  asked.clear();
  for (const Duration lived : {29s, 30s, 60s, 90s, 60s, 29s}) die(lived);
  CHECK(asked == std::vector<int>{30, 30, 14, 2, 1, 2});
  CHECK(penalty().deaths == 2);
  asked.clear();
  die(3600s);
  CHECK(asked == std::vector<int>{1});
}

TEST_CASE("decide: a life shorter than a threshold costs a threshold of good probes") {
  World world(1);
  world.board.shards[0].status = ShardStatus::kAlive;
  std::vector<int> asked;
  for (int death = 0; death < 5; ++death) {
    world.Vote(0, Outcome::kDead);
    world.Apply();
    asked.push_back(world.Owed("s0"));
    world.now += 1ms;
    world.Vote(0, Outcome::kAlive);
    world.Apply();
    world.now += 2s;
  }
  CHECK(asked == std::vector<int>{1, 4, 8, 16, 30});
}

TEST_CASE(
    "decide: penalties of shards that left, or are forgiven, are dropped with the next flip") {
  World world(2);
  world.ledger.penalties["gone"] = {8, world.now};
  world.ledger.penalties["s1"] = {4, world.now - 3600s};
  world.board.shards[1].status = ShardStatus::kAlive;
  CHECK(world.Run().ledger == world.ledger);  // no write without a flip
  world.ledger.penalties["s0"] = {4, world.now};
  world.board.shards[0].status = ShardStatus::kAlive;
  world.Vote(0, Outcome::kDead);
  CHECK(world.Run().ledger.penalties.size() == 1);
  CHECK(world.Run().ledger.penalties.at("s0").required == 8);
}

TEST_CASE("decide: the ledger does not grow with a mass death, nor with a mass return") {
  World world(3000);
  for (auto& state : world.board.shards) state.status = ShardStatus::kAlive;
  for (std::size_t i = 0; i < 3000; ++i) world.Vote(i, Outcome::kDead);
  world.Apply();
  CHECK(world.ledger.penalties.empty());
  for (std::size_t i = 0; i < 3000; ++i) world.Vote(i, Outcome::kAlive);
  world.ledger.penalties["s2999"] = {16, world.now};
  world.now += 1ms;
  world.Apply();
  CHECK(world.ledger.penalties.size() == kMaxPenalties);
  CHECK(world.ledger.penalties.contains("s2999"));  // who owes most is remembered
}

TEST_CASE("decide: the penalty's cap and decay at their edges") {
  CHECK(MaxRequired(3s, 1s) == 30);
  CHECK(MaxRequired(10ms, 1s) == 1);
  CHECK(MaxRequired(3s, 0s) == 1);
  CHECK(MaxRequired(kMaxProbeTime, kMinProbeTime) == kMaxPenalty);
  CHECK(MaxRequired(2 * kMaxProbeTime, kMinProbeTime) == kMaxPenalty);
}

TEST_CASE("decide: random histories keep Since rising and moving exactly with flips") {
  std::mt19937 random(7);
  World world(10);
  for (int round = 0; round < 1000; ++round) {
    for (std::size_t i = 0; i < 10; ++i) world.Vote(i, static_cast<Outcome>(random() % 3));
    const StatusBoard before = world.board;
    world.now += std::chrono::microseconds(static_cast<int>(random() % 2000) - 900);
    world.Apply();
    for (std::size_t i = 0; i < 10; ++i) {
      const bool flipped = before.shards[i].status != world.board.shards[i].status;
      CHECK(flipped == (world.board.shards[i].since > before.shards[i].since));
      CHECK(world.board.shards[i].since >= before.shards[i].since);
    }
  }
}

TEST_CASE("decide: a freeze holds every death of its moment, and lets returns pass") {
  World world(8);
  world.max_dead_fraction = 0.5;
  for (std::size_t i = 0; i < 8; ++i) world.Vote(i, Outcome::kAlive);
  world.Vote(0, Outcome::kDead);
  CHECK(Flips(world.Apply()).size() == 8);

  // Four more: five would be dead.
  for (std::size_t i = 1; i < 5; ++i) world.Vote(i, Outcome::kDead);
  world.Vote(0, Outcome::kAlive);  // four would be
  world.Vote(5, Outcome::kDead);   // five again
  const auto frozen = world.Apply();
  CHECK(Has<FreezeBegan>(frozen));
  CHECK(frozen.would_be_dead == 5);
  CHECK(frozen.held_deaths == 5);
  REQUIRE(Flips(frozen).size() == 1);
  CHECK(Flips(frozen)[0].shard == "s0");
  CHECK(Flips(frozen)[0].to == ShardStatus::kAlive);
  CHECK(frozen.ledger.freeze == Freeze{true, world.now, 5, false, 0});

  // Within the fraction again, but not below its three quarters.
  world.Vote(5, Outcome::kAlive);
  world.Vote(4, Outcome::kAlive);
  const auto still = world.Apply();
  CHECK(still.would_be_dead == 3);
  CHECK(Flips(still).empty());
  CHECK(still.ledger.freeze.frozen);

  world.Vote(3, Outcome::kAlive);
  const auto thawed = world.Apply();
  CHECK(Has<FreezeEnded>(thawed));
  CHECK(Flips(thawed).size() == 2);
  CHECK(thawed.ledger.freeze == Freeze{});
}

TEST_CASE("decide: accepted deaths pass, one more freezes again") {
  World world(4);
  world.max_dead_fraction = 0.5;
  for (std::size_t i = 0; i < 4; ++i) world.Vote(i, Outcome::kAlive);
  world.Apply();
  for (std::size_t i = 0; i < 3; ++i) world.Vote(i, Outcome::kDead);
  CHECK(world.Apply().held_deaths == 3);
  world.ledger.freeze.accept = true;
  const auto accepted = world.Apply();
  CHECK(Flips(accepted).size() == 3);
  CHECK(!accepted.ledger.freeze.frozen);
  CHECK(accepted.ledger.freeze.accepted == 3);
  world.Vote(3, Outcome::kDead);
  const auto again = world.Apply();
  CHECK(Has<FreezeBegan>(again));
  CHECK(Flips(again).empty());
  CHECK(world.board.shards[3].status == ShardStatus::kAlive);
}

TEST_CASE("decide: while paused nothing moves; when the pause is over it leaves the ledger") {
  World world(2);
  world.max_dead_fraction = 0.5;
  for (std::size_t i = 0; i < 2; ++i) world.Vote(i, Outcome::kAlive);
  world.Apply();
  world.ledger.pause = Pause{Micros(1), world.now + Micros(10), "ann@ops1", "test"};
  world.hold = Hold::kPaused;
  for (std::size_t i = 0; i < 2; ++i) world.Vote(i, Outcome::kDead);
  const auto paused = world.Apply();
  CHECK(Flips(paused).empty());
  CHECK(!Has<FreezeBegan>(paused));
  CHECK(paused.would_be_dead == 2);
  CHECK(paused.ledger.pause.has_value());
  CHECK(!Has<PauseOver>(paused));

  world.hold = Hold::kNone;
  world.Vote(1, Outcome::kAlive);
  const auto after = world.Apply();
  CHECK(Has<PauseOver>(after));
  CHECK(!after.ledger.pause);
  REQUIRE(Flips(after).size() == 1);
  CHECK(Flips(after)[0].shard == "s0");
}

TEST_CASE(
    "decide: under maintenance a shard flips neither way, all others do, and then it follows") {
  World world(3);
  for (std::size_t i = 0; i < 3; ++i) world.Vote(i, i == 0 ? Outcome::kDead : Outcome::kAlive);
  world.Apply();
  const Maintenance order{world.now, world.now + 10s, "ann@ops1", "memory"};
  world.ledger.maintenance = {{"s0", order}, {"s1", order}};
  world.Vote(0, Outcome::kAlive);
  world.Vote(1, Outcome::kDead);
  world.Vote(2, Outcome::kDead);
  const StatusBoard before = world.board;
  const auto held = world.Apply();
  REQUIRE(Flips(held).size() == 1);
  CHECK(Flips(held)[0].shard == "s2");
  CHECK(held.maintained == std::vector<std::string>{"s0", "s1"});
  CHECK(world.board.shards[0] == before.shards[0]);
  CHECK(world.board.shards[1] == before.shards[1]);
  CHECK(Over(held).empty());
  CHECK(held.would_be_dead == 2);  // s0 is, s2 becomes

  // By the wall clock, even if the recorded moment is ahead of it.
  world.now += 10s;
  world.ahead = Micros(1);
  CHECK(Over(world.Run()).empty());
  CHECK(world.Run().maintained.size() == 2);
  world.ahead = Micros(0);
  const auto after = world.Apply();
  CHECK(Over(after) == std::vector<std::string>{"s0", "s1"});
  CHECK(after.ledger.maintenance.empty());
  CHECK(after.maintained.empty());
  CHECK(Flips(after).size() == 2);
}

TEST_CASE("decide: maintenance of a removed shard ends; a pause changes none of it") {
  World world(1);
  world.ledger.maintenance = {{"s0", {Micros(1), Micros(0), "ann", "why"}},
                              {"gone", {Micros(1), Micros(0), "ann", "why"}}};
  world.hold = Hold::kPaused;
  CHECK(world.Run().ledger == world.ledger);
  world.hold = Hold::kNone;
  const auto decision = world.Apply();
  CHECK(Over(decision) == std::vector<std::string>{"gone"});
  CHECK(world.ledger.maintenance.contains("s0"));
  world.now += 24h * 365;
  CHECK(Over(world.Apply()).empty());
}

TEST_CASE("decide: what maintenance holds does not freeze the rest") {
  World world(4);
  world.max_dead_fraction = 0.5;
  for (std::size_t i = 0; i < 4; ++i) world.Vote(i, Outcome::kAlive);
  world.Apply();
  for (const char* name : {"s0", "s1"}) world.ledger.maintenance[name] = {};
  for (std::size_t i = 0; i < 3; ++i) world.Vote(i, Outcome::kDead);
  const auto decision = world.Apply();
  CHECK(!Has<FreezeBegan>(decision));
  CHECK(decision.would_be_dead == 1);
  REQUIRE(Flips(decision).size() == 1);
  CHECK(Flips(decision)[0].shard == "s2");
  // At its end the freeze applies as at any moment: three of four would be dead.
  world.ledger.maintenance.clear();
  CHECK(Has<FreezeBegan>(world.Apply()));
}

}  // namespace decide_test
