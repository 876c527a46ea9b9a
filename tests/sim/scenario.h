// Named scenarios. Each is a script of one disturbance with its expected end. Each can also run
// with one more fault, at any operation that its processes send to the ensemble. In the end all
// faults are healed, and the invariants and the progress are judged as in the swarm (scene.h,
// liveness.h). Everything follows from the script. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/scene.h"

namespace zkcluster::sim {

// What happens to one operation of a checker, a reader or an operator.
enum class OpFaultKind {
  kRequestDropped,
  kAnswerDropped,
  kSessionKilled,
  kProcessPaused,  // for two session timeouts
  kProcessKilled,  // and started again a second later
};
inline constexpr int kOpFaultKinds = 5;
[[nodiscard]] std::string_view OpFaultName(OpFaultKind kind);

struct OpFault {
  OpFaultKind kind = OpFaultKind::kRequestDropped;
  std::uint64_t operation = 1;  // counted from 1, over all processes
};

// One performance of a scenario.
class Play {
 public:
  // `strict`: the expectations of the script are judged. One more fault may change the course.
  Play(Scene& scene, bool strict) : scene_(scene), strict_(strict) {}

  [[nodiscard]] Scene& scene() { return scene_; }

  // Creates the clusters, starts all checkers and a reader, and waits until everything is decided.
  void Begin();
  // The script is over: tasks that still wait for a commit are dropped.
  void End() { *over_ = true; }
  void Run(Duration duration) { scene_.Run(duration); }
  // `done` must become true within `limit`; `holds` must be true now. Otherwise,
  // if strict, violates [expected].
  void Await(const std::string& what, const std::function<bool()>& done, Duration limit);
  void AwaitStatus(const std::string& letters, Duration limit, std::size_t cluster = 0);
  void Check(const std::string& what, bool holds);
  // Runs for `duration`; `holds` must be true all the time.
  void Throughout(const std::string& what, Duration duration, const std::function<bool()>& holds);

  // Checkers by their place in the plan. Without a leader, the first one.
  [[nodiscard]] std::size_t Leader(std::size_t cluster = 0);
  // The n-th (from 0) of the checkers that do not lead.
  [[nodiscard]] std::size_t Follower(std::size_t n = 0, std::size_t cluster = 0);
  [[nodiscard]] std::int64_t Epoch(std::size_t cluster = 0);
  [[nodiscard]] ShardState StateOf(std::size_t shard, std::size_t cluster = 0);
  // Runs `task` with the client of a checker; does nothing when the checker does not run.
  void WithClient(std::size_t checker, const std::function<void(zk::Client&)>& task);
  void PauseChecker(std::size_t checker, Duration duration);
  void KillChecker(std::size_t checker) { scene_.KillChecker(checker); }
  void StartChecker(std::size_t checker);  // does nothing when it runs

  // Shard `number` (from 1) of the first cluster, at the address it was created with.
  [[nodiscard]] static std::string Shard(int number) { return AddressOf(0, number); }
  void KillShard(int shard) { scene_.SetServer(Shard(shard), FakeFleet::Server::kRefused); }
  void ReviveShard(int shard) { scene_.SetServer(Shard(shard), FakeFleet::Server::kUp); }

  // Runs `task` when each of the next `times` commits of leaders arrives, before it is served.
  void AtNextCommits(int times, std::function<void(const Arrival&)> task);
  // One call of an operator; runs until the answer. Does nothing when no operator is free.
  void Update(const std::function<ClusterSpec(const ClusterSpec&)>& change,
              std::size_t cluster = 0);
  void Delete(std::size_t cluster = 0);
  void Create(std::size_t cluster = 0);
  // Writes the next change of a spec at once, as a manager does, but without a process.
  void RewriteSpec(const std::function<ClusterSpec(const ClusterSpec&)>& change);

  [[nodiscard]] std::uint64_t Count(std::string_view counter) const {
    return scene_.counters.Get(counter);
  }

 private:
  [[nodiscard]] Operator* AnOperator();
  void AwaitOperator();

  Scene& scene_;
  const bool strict_;
  const std::shared_ptr<bool> over_ = std::make_shared<bool>(false);
};

struct Scenario {
  const char* name;
  const char* what;  // what happens, and what the result must be
  ScenePlan (*plan)();
  void (*play)(Play&);
};
[[nodiscard]] const std::vector<Scenario>& Scenarios();
[[nodiscard]] const Scenario* FindScenario(std::string_view name);  // null: there is none

struct ScenarioOptions {
  std::optional<OpFault> fault;
  TraceMode trace = TraceMode::kOff;
};
struct ScenarioResult {
  std::optional<Violation> violation;
  Counters counters;
  std::uint64_t operations = 0;  // those of checkers, readers and operators during the script
  std::uint64_t hash = 0;
  std::vector<std::string> history;
};
[[nodiscard]] ScenarioResult RunScenario(const Scenario& scenario, const ScenarioOptions& options);

// The parts of the list.
[[nodiscard]] std::vector<Scenario> ElectionScenarios();
[[nodiscard]] std::vector<Scenario> SessionScenarios();
[[nodiscard]] std::vector<Scenario> RedisScenarios();
[[nodiscard]] std::vector<Scenario> OperatorScenarios();
[[nodiscard]] std::vector<Scenario> OutsiderScenarios();

}  // namespace zkcluster::sim
