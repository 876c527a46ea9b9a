// One simulated world of the swarm and of the scenarios: checkers, readers, operators and Go
// checkers around one ensemble and one fleet, with judges that see every commit. The swarm's faults
// and the scenarios' scripts act only through the scene, so that the judges and the trace know of
// every fault. Everything follows from the plan's seed and the calls. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/paths.h"
#include "tests/fakes/sim_checker.h"
#include "tests/history/history_judge.h"
#include "tests/history/table_judge.h"
#include "tests/sim/actors.h"
#include "tests/sim/counters.h"
#include "tests/sim/dice.h"
#include "tests/sim/format_judge.h"
#include "tests/sim/operator_judge.h"
#include "tests/sim/opinion_judge.h"
#include "tests/sim/scene_names.h"
#include "tests/sim/scene_plan.h"
#include "tests/sim/trace.h"

namespace zkcluster::sim {

struct Violation {
  std::string rule;  // "quorum", "liveness" ...
  std::string text;
  Duration at{};  // virtual time since the start
};

// One process from its start to its end. A checker that is started again has another life.
struct Life {
  enum class Kind { kChecker, kTwin, kReader, kOperator, kGo };
  std::uint64_t number = 0;
  Kind kind = Kind::kChecker;
  std::size_t index = 0;  // among its kind
  std::string name;
  Duration session_timeout{};
  SimLoop* loop = nullptr;
  zk::Client* client = nullptr;
};

// 'A', 'D' or '?', one letter a shard.
[[nodiscard]] std::string Letters(const StatusBoard& board);

class Scene {
 public:
  static constexpr Duration kStep = std::chrono::milliseconds(25);

  explicit Scene(ScenePlan scene_plan);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  const ScenePlan plan;
  SimWorld world;
  FakeEnsemble ensemble;
  FakeFleet fleet;
  SceneNames names;
  Counters counters;
  Trace trace;

  // --- time; each function stops at the first violation ---

  // Runs kStep of virtual time with everything that is due, and the supervisors. False: this step
  // violates a rule.
  bool Step();
  void Run(Duration duration);
  // Whether `done` became true within `limit`. It is called after each step.
  bool RunUntil(const std::function<bool()>& done, Duration limit);
  [[nodiscard]] Duration elapsed() const { return world.now() - start_; }

  // --- verdicts ---
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  void Violate(std::string rule, std::string text);
  [[nodiscard]] const history::HistoryJudge& judge() const { return judge_; }
  // The excuses that all judges needed so far.
  [[nodiscard]] history::ExcuseCounts excuses() const;
  // The hash of every transaction and every table so far. Two runs of one seed have the same hash.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  void Note(std::string_view what, const std::string& text) { trace.Add(elapsed(), what, text); }

  // --- processes ---
  [[nodiscard]] std::vector<Life> Lives() const;  // the current ones, in a fixed order
  [[nodiscard]] const Life* FindLife(std::uint64_t number) const;  // null: it has ended
  [[nodiscard]] const Life* LifeOf(const SimLoop* process) const;  // null: it has ended
  // Checkers by their place in the plan.
  void StartChecker(std::size_t index);  // REQUIRES: not running
  // The format of the checker's next start, unless the plan has two formats.
  void SetFormat(std::size_t index, int format) { slots_[index].plan.format = format; }
  void KillChecker(std::size_t index);   // SIGKILL; does nothing when it does not run
  void LeaveChecker(std::size_t index);  // SIGTERM; does nothing when it does not run
  [[nodiscard]] SimChecker* Checker(std::size_t index) { return slots_[index].process.get(); }
  [[nodiscard]] std::uint64_t CheckerLife(std::size_t index) const { return slots_[index].life; }
  // A second daemon with the id of that checker.
  void StartTwin(std::size_t index);
  void KillTwins();
  void StartReader();
  void RestartReader(std::size_t index);  // killed, and another one started
  [[nodiscard]] std::size_t readers() const { return readers_.size(); }
  [[nodiscard]] Reader* ReaderAt(std::size_t index) { return readers_[index].process.get(); }
  void StartOperator(std::size_t index);  // REQUIRES: not running
  void KillOperator(std::size_t index);
  [[nodiscard]] std::size_t operators() const { return operators_.size(); }
  [[nodiscard]] Operator* OperatorAt(std::size_t index) { return operators_[index].process.get(); }
  void StartGo(std::size_t cluster);
  void LeaveGo(bool in_good_order);  // the newest one
  [[nodiscard]] std::size_t gos() const { return gos_.size(); }
  // Stops the process for `duration`, as SIGSTOP does.
  void Pause(std::uint64_t life, Duration duration);
  void Resume(std::uint64_t life);
  void KillLife(std::uint64_t life);

  // --- Redis ---
  void SetServer(const std::string& addr, FakeFleet::Server server);
  void FlapServer(const std::string& addr, Duration up, Duration down);
  void SlowServer(const std::string& addr, Duration latency);
  void RestartServer(const std::string& addr);
  void SetReach(const std::string& checker, const std::string& addr, FakeFleet::Reach reach);
  // Its host gets another place. REQUIRES: names.on().
  void MoveName(const std::string& addr, Duration ttl);
  void HealFleet();  // opens every route, no password, no latency; servers stay as they are

  // --- the outsider, as session 0 ---
  void Put(const std::string& path, const std::string& bytes);
  // A new znode belongs to a session of the outsider's own.
  void PutEphemeral(const std::string& path, const std::string& bytes);
  void Remove(const std::string& path);

  // --- hooks ---

  // The hook sees every request of every process as it arrives. Of several hooks, the first answer
  // other than kServe counts.
  void OnArrival(ArrivalFunction hook) { arrival_hooks_.push_back(std::move(hook)); }

  // The cluster of a leader's commit. Nothing: this request is something else.
  [[nodiscard]] std::optional<std::size_t> CommitIn(const Arrival& arrival) const;

  // --- what is in ZooKeeper ---
  [[nodiscard]] const std::vector<std::string>& clusters() const { return clusters_; }
  [[nodiscard]] ClusterPaths Paths(std::size_t cluster) const {
    return {SimSite::kRoot, clusters_[cluster]};
  }
  // Nothing unless the spec is complete and decodable.
  [[nodiscard]] std::optional<StoredSpec> SpecOf(std::size_t cluster) const;
  // The spec with the safeguards that a Go manager has dropped and the ledger remembers.
  // (HistoryJudge checks that those are right.)
  [[nodiscard]] ClusterSpec InForce(std::size_t cluster, const StoredSpec& stored) const;
  [[nodiscard]] std::optional<LeaderRecord> LeaderOf(std::size_t cluster) const;
  [[nodiscard]] std::optional<Head> HeadOf(std::size_t cluster) const;
  [[nodiscard]] Ledger LedgerOf(std::size_t cluster) const;
  // One letter a shard, 'A', 'D' or '?'; "" without a head.
  [[nodiscard]] std::string StatusesOf(std::size_t cluster) const;
  // The checker (by its place in the plan) whose id the leader record has.
  [[nodiscard]] std::optional<std::size_t> LeadingChecker(std::size_t cluster) const;

 private:
  class ProcessLogger;
  template <class Process>
  struct Slot {
    std::unique_ptr<Process> process;
    std::uint64_t life = 0;
  };
  struct CheckerSlot : Slot<SimChecker> {
    CheckerPlan plan;
    bool leaving = false;
  };

  [[nodiscard]] std::unique_ptr<SimChecker> MakeChecker(const CheckerPlan& checker,
                                                        std::uint64_t life);
  std::uint64_t Begin(Life::Kind kind, std::size_t index, const std::string& name,
                      Duration session_timeout);
  void Bind(std::uint64_t life, SimLoop& loop, zk::Client& client);
  void End(std::uint64_t life, const char* how);
  void Supervise();
  void OnProbed(const FakeFleet::Ended& probe);
  // Whether the server stays as it is, for every checker.
  [[nodiscard]] bool IsSteady(const std::string& addr) const {
    return !slow_.contains(addr) && !unsettled_.contains(addr);
  }
  void SettleNames();
  void NoteRequest(const Arrival& arrival);
  void JudgePace(const Arrival& arrival);
  void OnCommit(const Transaction& transaction);
  void CountFormats(const Transaction& transaction);
  void OnLog(const Life& life, LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields);
  void OnTable(const std::string& client, const std::string& cluster,
               const StatusWatcher::Update& update);
  void OnAnswer(std::uint64_t life, const OperatorAnswer& answer);
  void Mix(std::string_view bytes);
  void Mix(std::int64_t number);

  const TimePoint start_;
  Dice formats_;
  std::vector<std::string> clusters_;
  std::optional<Violation> violation_;
  std::uint64_t hash_ = 0xcbf29ce484222325;

  std::uint64_t next_life_ = 1;
  std::map<std::uint64_t, Life> lives_;
  std::map<const SimLoop*, std::uint64_t> life_of_loop_;  // for finding only, never iterated
  struct Pace {
    TimePoint since;
    std::uint64_t requests = 0;
  };
  std::map<const SimLoop*, Pace> pace_;                      // likewise
  std::map<std::uint64_t, Subscription> session_listeners_;  // by life
  std::map<std::int64_t, std::uint64_t> sessions_;           // life by session
  std::map<std::uint64_t, int> format_of_life_;              // of checkers
  std::map<std::uint64_t, std::set<std::int64_t>> sessions_of_;

  history::HistoryJudge judge_;
  history::TableJudge tables_;
  OpinionJudge opinions_;
  OperatorJudge answers_;
  FormatJudge of_formats_;
  std::vector<ArrivalFunction> arrival_hooks_;
  Subscription commits_;
  std::map<std::string, std::string, std::less<>> log_counters_;  // name of the counter by event
  std::set<std::string> addresses_;
  std::set<std::string> slow_;       // those that are slow
  std::set<std::string> unsettled_;  // those whose host has moved a moment ago
  std::set<std::string> flapping_;   // those that flap

  std::vector<CheckerSlot> slots_;
  std::vector<CheckerSlot> twins_;
  std::vector<Slot<Reader>> readers_;
  std::vector<Slot<Operator>> operators_;
  std::vector<Slot<GoChecker>> gos_;
};

}  // namespace zkcluster::sim
