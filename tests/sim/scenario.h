// Named scenarios: each one disturbance as a script with its expected end, and each can be played
// with one fault more at any one of the operations that its processes send to the ensemble. However
// it went, everything heals in the end, and the invariants and the progress owed are judged as in
// the swarm (scene.h, liveness.h). Everything follows from the script. Not thread-safe.
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

// What befalls one operation of a checker, a reader or an operator.
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
  // `strict`: what the script expects is judged. With a fault more, things may go otherwise.
  Play(Scene& scene, bool strict) : scene_(scene), strict_(strict) {}

  [[nodiscard]] Scene& scene() { return scene_; }

  // Clusters are created, all checkers and a reader run, everything is decided.
  void Begin();
  // The script is over: what still waits for a commit never comes.
  void End() { *over_ = true; }
  void Run(Duration duration) { scene_.Run(duration); }
  // What must become true within `limit`, or be true now; else, where it is strict, [expected].
  void Await(const std::string& what, const std::function<bool()>& done, Duration limit);
  void AwaitStatus(const std::string& letters, Duration limit, std::size_t cluster = 0);
  void Check(const std::string& what, bool holds);
  // Runs for so long; it must hold all the time.
  void Throughout(const std::string& what, Duration duration, const std::function<bool()>& holds);

  // Checkers by their place in the plan. Without a leader, the first one.
  [[nodiscard]] std::size_t Leader(std::size_t cluster = 0);
  // The n-th (from 0) of those that do not lead.
  [[nodiscard]] std::size_t Follower(std::size_t n = 0, std::size_t cluster = 0);
  [[nodiscard]] std::int64_t Epoch(std::size_t cluster = 0);
  [[nodiscard]] ShardState StateOf(std::size_t shard, std::size_t cluster = 0);
  // On the life of a checker; nothing when it does not run.
  void WithClient(std::size_t checker, const std::function<void(zk::Client&)>& task);
  void PauseChecker(std::size_t checker, Duration duration);
  void KillChecker(std::size_t checker) { scene_.KillChecker(checker); }
  void StartChecker(std::size_t checker);  // nothing when it runs

  // Shard `number` (from 1) of the first cluster, at the address it was created with.
  [[nodiscard]] static std::string Shard(int number) { return AddressOf(0, number); }
  void KillShard(int shard) { scene_.SetServer(Shard(shard), FakeFleet::Server::kRefused); }
  void ReviveShard(int shard) { scene_.SetServer(Shard(shard), FakeFleet::Server::kUp); }

  // Does it as the next `times` commits of leaders arrive, before they are served.
  void AtNextCommits(int times, std::function<void(const Arrival&)> task);
  // An operator's call, once; runs until it has answered. Nothing when nobody can.
  void Update(const std::function<ClusterSpec(const ClusterSpec&)>& change,
              std::size_t cluster = 0);
  void Delete(std::size_t cluster = 0);
  void Create(std::size_t cluster = 0);
  // The next change of a spec, as a manager writes it, at once and by nobody.
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
  const char* what;  // happens, and what must come of it
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
  std::uint64_t operations = 0;  // sent by checkers, readers and operators while the script ran
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
