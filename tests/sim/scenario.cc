#include "tests/sim/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "codec/codec.h"
#include "tests/sim/liveness.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kOperatorPatience = seconds(30);
constexpr Duration kQuietAtTheEnd = seconds(3);

// Counts the operations of checkers, readers and operators, and injects the fault into one of them.
class FaultAtOperation {
 public:
  FaultAtOperation(Scene& scene, std::optional<OpFault> fault) : scene_(scene), fault_(fault) {}

  Fate OnArrival(const Arrival& arrival) {
    if (over_) return Fate::kServe;
    const Life* const life = scene_.LifeOf(arrival.process);
    if (life == nullptr || life->kind == Life::Kind::kGo) return Fate::kServe;
    ++operations_;
    if (!fault_ || operations_ != fault_->operation) return Fate::kServe;
    scene_.Note("fault", fmt::format("operation {} of {}: {}", operations_, life->name,
                                     OpFaultName(fault_->kind)));
    switch (fault_->kind) {
      case OpFaultKind::kRequestDropped:
        return Fate::kDropRequest;
      case OpFaultKind::kAnswerDropped:
        return Fate::kLoseAnswer;
      case OpFaultKind::kSessionKilled:
        return Fate::kKillSession;
      case OpFaultKind::kProcessPaused:
        scene_.Pause(life->number, 2 * life->session_timeout);
        return Fate::kServe;
      case OpFaultKind::kProcessKilled:
        Kill(*life);
        return Fate::kServe;
    }
    return Fate::kServe;
  }

  void End() { over_ = true; }
  [[nodiscard]] std::uint64_t operations() const { return operations_; }

 private:
  void Kill(const Life& life) {
    const Life::Kind kind = life.kind;
    const std::size_t index = life.index;
    scene_.KillLife(life.number);
    scene_.world.After(seconds(1), nullptr, [this, kind, index] {
      if (kind == Life::Kind::kChecker && scene_.Checker(index) == nullptr) {
        scene_.StartChecker(index);
      } else if (kind == Life::Kind::kOperator && scene_.OperatorAt(index) == nullptr) {
        scene_.StartOperator(index);
      }
    });
  }

  Scene& scene_;
  const std::optional<OpFault> fault_;
  std::uint64_t operations_ = 0;
  bool over_ = false;
};

}  // namespace

std::string_view OpFaultName(OpFaultKind kind) {
  switch (kind) {
    case OpFaultKind::kRequestDropped:
      return "request";
    case OpFaultKind::kAnswerDropped:
      return "answer";
    case OpFaultKind::kSessionKilled:
      return "session";
    case OpFaultKind::kProcessPaused:
      return "pause";
    case OpFaultKind::kProcessKilled:
      return "kill";
  }
  return "";
}

// --- Play ---

void Play::Await(const std::string& what, const std::function<bool()>& done, Duration limit) {
  if (scene_.RunUntil(done, limit) || !strict_ || scene_.violation()) return;
  scene_.Violate("expected", fmt::format("{} within {:.1f} s", what,
                                         std::chrono::duration<double>(limit).count()));
}

void Play::AwaitStatus(const std::string& letters, Duration limit, std::size_t cluster) {
  Await(
      "status " + letters, [&] { return scene_.StatusesOf(cluster) == letters; }, limit);
}

void Play::Check(const std::string& what, bool holds) {
  if (!holds && strict_) scene_.Violate("expected", what);
}

void Play::Throughout(const std::string& what, Duration duration,
                      const std::function<bool()>& holds) {
  const TimePoint end = scene_.world.now() + duration;
  while (scene_.world.now() < end && scene_.Step()) Check(what, holds());
}

void Play::Begin() {
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    Create(k);
    const std::int32_t first = scene_.plan.clusters[k].first_sequence;
    if (first != 0 && scene_.ensemble.Exists(scene_.Paths(k).election())) {
      scene_.ensemble.SetSequence(scene_.Paths(k).election(), first);
    }
  }
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) StartChecker(i);
  for (int i = 0; i < scene_.plan.readers; ++i) scene_.StartReader();
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    AwaitStatus(std::string(scene_.plan.clusters[k].spec.shards.size(), 'A'), seconds(20), k);
  }
  Run(seconds(1));
}

std::size_t Play::Leader(std::size_t cluster) {
  return scene_.LeadingChecker(cluster).value_or(0);
}

std::size_t Play::Follower(std::size_t n, std::size_t cluster) {
  const std::size_t leader = Leader(cluster);
  return n < leader ? n : n + 1;
}

std::int64_t Play::Epoch(std::size_t cluster) {
  const auto leader = scene_.LeaderOf(cluster);
  return leader ? leader->epoch : 0;
}

ShardState Play::StateOf(std::size_t shard, std::size_t cluster) {
  const auto node = scene_.ensemble.Get(scene_.Paths(cluster).chunk(shard / kChunkShards));
  const auto rows = node ? DecodeChunk(node->data) : Result<std::vector<ShardState>>();
  const std::size_t row = shard % kChunkShards;
  return rows && row < rows->size() ? (*rows)[row] : ShardState{};
}

void Play::WithClient(std::size_t checker, const std::function<void(zk::Client&)>& task) {
  if (SimChecker* const one = scene_.Checker(checker)) task(one->client());
}

void Play::PauseChecker(std::size_t checker, Duration duration) {
  if (scene_.Checker(checker) == nullptr) return;
  scene_.Note("fault", scene_.plan.checkers[checker].id + " is frozen");
  scene_.Pause(scene_.CheckerLife(checker), duration);
}

void Play::StartChecker(std::size_t checker) {
  if (scene_.Checker(checker) == nullptr) scene_.StartChecker(checker);
}

void Play::AtNextCommits(int times, std::function<void(const Arrival&)> task) {
  const auto left = std::make_shared<int>(times);
  scene_.OnArrival([this, over = over_, left, task = std::move(task)](const Arrival& arrival) {
    if (!*over && *left > 0 && scene_.CommitIn(arrival)) {
      --*left;
      task(arrival);
    }
    return Fate::kServe;
  });
}

Operator* Play::AnOperator() {
  for (std::size_t i = 0; i < scene_.operators(); ++i) {
    Operator* const one = scene_.OperatorAt(i);
    if (one != nullptr && !one->busy()) return one;
  }
  return nullptr;
}

void Play::AwaitOperator() {
  const auto idle = [this] {
    for (std::size_t i = 0; i < scene_.operators(); ++i) {
      if (scene_.OperatorAt(i) != nullptr && scene_.OperatorAt(i)->busy()) return false;
    }
    return true;
  };
  Await("an answer to the operator", idle, kOperatorPatience);
}

void Play::Update(const std::function<ClusterSpec(const ClusterSpec&)>& change,
                  std::size_t cluster) {
  Operator* const who = AnOperator();
  if (who == nullptr) return;
  who->Update(scene_.clusters()[cluster], change);
  AwaitOperator();
}

void Play::Delete(std::size_t cluster) {
  Operator* const who = AnOperator();
  if (who == nullptr) return;
  who->Delete(scene_.clusters()[cluster]);
  AwaitOperator();
}

// Repeats the call until it succeeds, as a person would.
void Play::Create(std::size_t cluster) {
  const auto exists = [&] { return scene_.ensemble.Exists(scene_.Paths(cluster).base()); };
  for (int tries = 0; tries < 10 && !exists() && !scene_.violation(); ++tries) {
    if (Operator* const who = AnOperator()) who->Create(scene_.plan.clusters[cluster].spec);
    scene_.RunUntil([this] { return AnOperator() != nullptr; }, seconds(10));
    if (!exists()) Run(seconds(1));
  }
}

void Play::RewriteSpec(const std::function<ClusterSpec(const ClusterSpec&)>& change) {
  const auto stored = scene_.SpecOf(0);
  if (!stored) return;
  ClusterSpec next = change(stored->spec);
  next.version = stored->spec.version + 1;
  const SpecPayloads payloads = EncodeSpec(next);
  const ClusterPaths paths = scene_.Paths(0);
  static_cast<void>(
      scene_.ensemble.Commit({zk::SetOp{paths.base(), payloads.version, zk::kAnyVersion},
                              zk::SetOp{paths.shards(), payloads.shards, zk::kAnyVersion},
                              zk::SetOp{paths.options(), payloads.options, zk::kAnyVersion}}));
}

// --- the list ---

const std::vector<Scenario>& Scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> list;
    for (const auto& part : {ElectionScenarios(), SessionScenarios(), RedisScenarios(),
                             OperatorScenarios(), OutsiderScenarios()}) {
      list.insert(list.end(), part.begin(), part.end());
    }
    return list;
  }();
  return all;
}

const Scenario* FindScenario(std::string_view name) {
  const auto& all = Scenarios();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

ScenarioResult RunScenario(const Scenario& scenario, const ScenarioOptions& options) {
  ScenePlan plan = scenario.plan();
  plan.trace = options.trace;
  Scene scene(std::move(plan));
  FaultAtOperation fault(scene, options.fault);
  scene.OnArrival([&fault](const Arrival& arrival) { return fault.OnArrival(arrival); });
  Play play(scene, !options.fault);
  scenario.play(play);
  ScenarioResult result;
  play.End();
  fault.End();
  result.operations = fault.operations();
  if (!scene.violation()) {
    Liveness liveness(scene);
    liveness.Heal(nullptr);
    liveness.Settle();
    liveness.StayQuiet(kQuietAtTheEnd);
  }
  result.violation = scene.violation();
  result.counters = scene.counters;
  result.hash = scene.hash();
  result.history.assign(scene.trace.lines().begin(), scene.trace.lines().end());
  return result;
}

}  // namespace zkcluster::sim
