#include "checker/lead/commit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/sim_loop.h"

namespace commit_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

// A leader's store over an ensemble with a cluster of two shards, without a decision yet.
struct Site {
  Site() {
    for (const auto& path : {paths.chunks(), paths.events(), paths.leader(), paths.shards(),
                             paths.options(), paths.votes()}) {
      ensemble.Put(path, "");
    }
    ensemble.Put(candidate, "");
    StoredSpec stored;
    stored.spec.shards = {{"s0", "10.0.0.1:1"}, {"s1", "10.0.0.1:2"}};
    stored.id = {7, 77};
    spec.stored = std::make_shared<const StoredSpec>(std::move(stored));
    world.RunFor(1s);
    Refresh();
  }
  void Refresh() {
    store.Refresh();
    REQUIRE(world.RunUntil([&] { return store.ready(); }, 3s));
  }
  // All alive, by two of two.
  [[nodiscard]] Round Alive() const {
    Round round;
    round.step = Round::Step::kCommit;
    round.electorate = {{"c1", "c2"}, 2, 2, 1};
    round.learned = {"c1", "c2"};
    round.voters = {"c1", "c2"};
    round.decision.ledger.electorate = round.electorate.ids;
    for (const auto& shard : spec.spec().shards) {
      round.decision.board.shards.push_back({ShardStatus::kAlive, 5us, Reason::kNone, {2, 0, 0}});
      round.decision.changes.emplace_back(Flip{shard.name,
                                               shard.addr,
                                               ShardStatus::kUnknown,
                                               ShardStatus::kAlive,
                                               Reason::kNone,
                                               {2, 0, 0}});
    }
    return round;
  }
  // Nothing differs from what Alive has left.
  [[nodiscard]] Round Still() const {
    Round round = Alive();
    round.learned.clear();
    round.decision.changes.clear();
    return round;
  }
  [[nodiscard]] CommitPlan Plan(Round round, std::vector<Contribution> contributions = {}) const {
    return PlanCommit(Input(std::move(contributions)), std::move(round));
  }
  [[nodiscard]] CommitInput Input(std::vector<Contribution> contributions = {}) const {
    return {.paths = paths,
            .leadership = leadership,
            .spec = spec,
            .store = store,
            .votes = {{"c1", 3}, {"c2", 4}},
            .vote_signal = 1,
            .go_signal = std::nullopt,
            .contributions = std::move(contributions),
            .now = Micros(9)};
  }
  // The ensemble's answer, without the checks of missing ballots.
  std::vector<zk::OpResult> Commit(CommitPlan& plan) {
    std::erase_if(plan.ops, [](const PlannedOp& op) {
      return op.role == OpRole::kVote || op.role == OpRole::kVoteSignal;
    });
    const auto results = ensemble.Commit(plan.Operations());
    REQUIRE(results.has_value());
    return *results;
  }

  SimWorld world{1};
  SimLoop loop{world};
  FakeEnsemble ensemble{world};
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, 4s);
  std::shared_ptr<Logger> logger = NullLogger();
  const ClusterPaths paths{"/goreclusters", "sessions"};
  const std::string candidate = paths.candidate("c_1");
  const Leadership leadership{candidate, 0, {"c1", 4, Micros(1)}};
  SpecInForce spec;
  StatusStore store{ClusterScope{loop, *logger, *client, paths},
                    {.changed = [] {}, .gone = [](std::string_view) {}}};
};

std::vector<OpRole> Roles(const CommitPlan& plan) {
  std::vector<OpRole> roles;
  for (const PlannedOp& op : plan.ops) roles.push_back(op.role);
  return roles;
}

const Contribution kPlan{
    "surgeon",
    {zk::CheckOp{"/goreclusters/x", 3},
     zk::CreateOp{"/goreclusters/sessions/p_", "{}", zk::CreateMode::kPersistentSequential}}};

}  // namespace

TEST_CASE("commit plan: each operation with its role, and which one it is") {
  const Site site;
  const CommitPlan plan = site.Plan(site.Alive());
  CHECK_FALSE(plan.empty);
  CHECK(Roles(plan) == std::vector<OpRole>{OpRole::kFence, OpRole::kFence, OpRole::kVote,
                                           OpRole::kVote, OpRole::kVoteSignal, OpRole::kChunk,
                                           OpRole::kLedger, OpRole::kMirror, OpRole::kHead,
                                           OpRole::kEvent, OpRole::kEvent});
  CHECK(std::get<VoteOf>(plan.ops[3].what).voter == "c2");
  CHECK(std::get<SlotId>(plan.ops[5].what) == SlotId{SlotId::Kind::kChunk, 0});
  CHECK(std::get<SlotId>(plan.ops[8].what) == SlotId{SlotId::Kind::kHead});
  REQUIRE(plan.events.size() == 2);
  CHECK(plan.events[0].what == Event::What(Event::Electorate{{"c1", "c2"}}));
  const auto* const flips = plan.events[1].As<Event::Flips>();
  REQUIRE(flips != nullptr);
  CHECK(flips->flips.size() == 2);
}

TEST_CASE(
    "commit plan: what was committed is what the store holds, so that nothing is written twice") {
  Site site;
  CommitPlan plan = site.Plan(site.Alive());
  site.store.Committed(plan, site.Commit(plan));
  CHECK(site.store.head() == plan.head);
  CHECK(site.Plan(site.Still()).empty);
  site.world.RunFor(1s);
  site.store.Refresh();
  CHECK(site.store.ready());  // its own writes are no reason to read
  CHECK(site.Plan(site.Still()).empty);

  Round dead = site.Still();
  dead.decision.board.shards[1] = {ShardStatus::kDead, 6us, Reason::kTimeout, {0, 2, 0}};
  plan = site.Plan(std::move(dead));
  const auto chunk = std::find_if(plan.ops.begin(), plan.ops.end(),
                                  [](const auto& op) { return op.role == OpRole::kChunk; });
  CHECK(std::get<zk::SetOp>(chunk->op).version == 0);
  CHECK(plan.head.sequence == 2);
  CHECK(plan.head.chunks == std::vector<std::int32_t>{1});
}

TEST_CASE("commit plan: a yield and a restored ledger check the spec, too") {
  Site site;
  CommitPlan plan = site.Plan(site.Alive());
  site.store.Committed(plan, site.Commit(plan));
  site.spec.standing = {.base = 5, .shards = 6, .options = 7};
  const std::vector<OpRole> guards = {OpRole::kFence, OpRole::kFence, OpRole::kSpec, OpRole::kSpec,
                                      OpRole::kSpec};
  const auto starts_with = [&](std::vector<OpRole> roles) {
    roles.resize(guards.size());
    return roles == guards;
  };
  const CommitPlan yield = PlanYield(site.Input(), site.Still());
  CHECK_FALSE(yield.empty);
  CHECK(starts_with(Roles(yield)));
  CHECK(Roles(yield).back() == OpRole::kHead);
  CHECK(std::holds_alternative<zk::DeleteOp>(yield.ops.back().op));

  CHECK(PlanRestore(site.Input(), site.Still()).empty);  // it is readable
  site.ensemble.Put(site.paths.ledger(), "garbage");
  site.world.RunFor(1s);
  site.Refresh();
  const CommitPlan restore = PlanRestore(site.Input(), site.Still());
  CHECK_FALSE(restore.empty);
  CHECK(starts_with(Roles(restore)));
  REQUIRE(restore.ops.size() == guards.size() + 1);
  const auto ledger = DecodeLedger(*zk::DataOf(restore.ops.back().op));
  REQUIRE(ledger);
  CHECK(ledger->electorate == std::set<std::string>{"c1", "c2"});
}

TEST_CASE("commit plan: contributions go with a decision, and are sent without one") {
  Site site;
  CommitPlan plan = site.Plan(site.Alive(), {kPlan});
  REQUIRE(plan.ops.size() == 13);
  CHECK(plan.ops[11].role == OpRole::kContributed);
  CHECK(std::get<ContributionOf>(plan.ops[12].what).index == 0);
  CHECK(std::get<zk::CreateOp>(plan.ops[12].op).data == "{}");

  plan = site.Plan(site.Alive());
  site.store.Committed(plan, site.Commit(plan));
  plan = site.Plan(site.Still(), {kPlan});
  CHECK_FALSE(plan.empty);
  CHECK(plan.events.empty());
  const auto roles = Roles(plan);
  CHECK(std::count(roles.begin(), roles.end(), OpRole::kHead) == 0);  // clients need not wake up
  CHECK(plan.head == site.store.head());
  CHECK(plan.ops.back().role == OpRole::kContributed);
  // Fenced as every commit is.
  CHECK(plan.ops.front().role == OpRole::kFence);
}

TEST_CASE("commit plan: the journal lists kMaxEventFlips flips and counts the rest") {
  const Site site;
  Round round = site.Still();
  for (std::size_t i = 0; i < kMaxEventFlips + 5; ++i) {
    round.decision.changes.emplace_back(Flip{.shard = "x" + std::to_string(i)});
  }
  round.decision.changes.insert(round.decision.changes.begin(), FreezeBegan{9});
  const CommitPlan plan = site.Plan(std::move(round));
  REQUIRE(plan.events.size() == 2);
  CHECK(plan.events[0].what == Event::What(Event::Freeze{9}));
  const auto* const flips = plan.events[1].As<Event::Flips>();
  REQUIRE(flips != nullptr);
  CHECK(flips->flips.size() == kMaxEventFlips);
  CHECK(flips->more == 5);
}

TEST_CASE("refusal: what a failed multi says") {
  const Site site;
  const CommitPlan plan = site.Plan(site.Alive(), {kPlan});
  const auto of = [&](ErrorCode code, std::optional<std::size_t> index) {
    return FindRefusal(plan, zk::OpError{{code, ""}, index});
  };
  CHECK(of(ErrorCode::kConflict, 3).kind == Refusal::Kind::kMoved);
  CHECK(of(ErrorCode::kConflict, 3).op == &plan.ops[3]);
  CHECK(of(ErrorCode::kNotFound, 0).op == &plan.ops[0]);
  CHECK(of(ErrorCode::kExists, 12).op->role == OpRole::kContributed);
  CHECK(of(ErrorCode::kConflict, std::nullopt).kind == Refusal::Kind::kUnknown);
  CHECK(of(ErrorCode::kConflict, 13).kind == Refusal::Kind::kUnknown);
  for (const ErrorCode code :
       {ErrorCode::kUnknownOutcome, ErrorCode::kSessionLost, ErrorCode::kUnavailable}) {
    CHECK(of(code, 3).kind == Refusal::Kind::kUnknown);
  }
  for (const ErrorCode code : {ErrorCode::kTooLarge, ErrorCode::kDenied, ErrorCode::kInvalid}) {
    CHECK(of(code, 3).kind == Refusal::Kind::kUnwritable);
  }
}

TEST_CASE("status store: only changed znodes are read again; after a create or delete, all") {
  Site site;
  CommitPlan plan = site.Plan(site.Alive());
  site.store.Committed(plan, site.Commit(plan));
  site.world.RunFor(1s);
  std::map<std::string, int> gets;
  site.ensemble.SetFate(*site.client, [&](const Request& request) {
    if (request.verb == Verb::kGet) ++gets[request.path];
    return Fate::kServe;
  });
  Ledger ledger = site.store.ledger();
  ledger.pause = Pause{Micros(1), Micros(0), "ann", "why"};
  site.ensemble.Put(site.paths.ledger(), EncodeLedger(ledger));
  site.world.RunFor(1s);
  CHECK(gets.empty());  // while nobody asks: a commit may be under way
  site.Refresh();
  CHECK(site.store.ledger().pause.has_value());
  CHECK(gets == std::map<std::string, int>{{site.paths.ledger(), 1}});

  gets.clear();
  site.store.Doubt({SlotId::Kind::kMirror});
  site.Refresh();
  CHECK(gets == std::map<std::string, int>{{site.paths.mirror(), 1}});

  gets.clear();
  site.ensemble.Remove(site.paths.mirror());
  site.world.RunFor(1s);
  site.Refresh();
  CHECK(gets.size() == 4);
  CHECK_FALSE(site.store.slot({SlotId::Kind::kMirror}).version);
  CHECK_FALSE(site.Plan(site.Still()).empty);
}

}  // namespace commit_test
