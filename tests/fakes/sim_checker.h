// A checker of production conductors and core in a simulated world: the composition root of
// zkchecker with SimLoop, FakeEnsemble and FakeFleet behind the seams. `SimSite` holds several of
// them around one ensemble and one fleet, with an operator who creates and changes clusters and
// means to read what is in ZooKeeper. Not thread-safe: it belongs to its world.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/cluster_admin.h"
#include "base/log.h"
#include "checker/cluster/roster.h"
#include "checker/cluster/summary_log.h"
#include "codec/codec.h"
#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/fake_fleet.h"
#include "tests/fakes/sim_loop.h"

namespace zkcluster::sim {

class SimChecker {
 public:
  struct Options {
    std::string id;
    Duration session_timeout = std::chrono::seconds(4);
    HealthSettings health;
    std::vector<std::string> clusters;  // empty: all
    std::string rack;
    int format = 1;  // 2: a build of tomorrow, see tomorrow.h
    RedisCredentials credentials;
    zk::Identity identity;
    std::shared_ptr<Logger> logger;  // null: lines are kept, see log()
  };

  SimChecker(SimWorld& world, FakeEnsemble& ensemble, FakeFleet& fleet, Options options);
  ~SimChecker();  // as by SIGKILL: the session lives on until it times out

  // Like SIGHUP with these values in the file. `clusters` empty: all.
  void Reload(std::vector<std::string> clusters, HealthSettings health,
              RedisCredentials credentials = {});
  // Like SIGTERM; `left()` is true at the end.
  void Leave();
  [[nodiscard]] bool left() const { return left_; }
  // Another daemon holds the id: the production daemon would exit with 69.
  [[nodiscard]] const std::optional<Registration>& refused() const { return refused_; }

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] SimLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }
  [[nodiscard]] const std::string& guid() const { return guid_; }
  [[nodiscard]] CheckerFacts facts() const { return roster_->facts(FactsDepth::kShards); }
  [[nodiscard]] ClusterFacts facts(const std::string& cluster) const {
    return facts().clusters.at(cluster);
  }
  // This checker's decisions, in the form of its hook's input; the newest thousand.
  [[nodiscard]] const std::deque<Event>& events() const { return events_; }
  // Empty if the options have a logger.
  [[nodiscard]] const std::deque<std::string>& log() const { return log_; }
  // Lines of the log that hold `event=<name>`.
  [[nodiscard]] std::size_t Logged(const std::string& event) const;

 private:
  Options options_;
  SimLoop loop_;
  const std::string guid_;
  std::deque<std::string> log_;
  std::shared_ptr<Logger> logger_;
  std::unique_ptr<zk::Client> client_;
  std::unique_ptr<Prober> prober_;
  const std::shared_ptr<WorkerSeat> seat_ = std::make_shared<WorkerSeat>(loop_);
  std::unique_ptr<ProbePool> pool_;
  std::unique_ptr<Roster> roster_;
  std::unique_ptr<SummaryLog> summary_log_;
  std::deque<Event> events_;
  std::optional<Registration> refused_;
  bool left_ = false;
};

// One letter a row: 'A', 'D' or '?'.
[[nodiscard]] std::string StatusLetters(const std::vector<ShardState>& rows);

class SimSite {
 public:
  // restricted: the operator and every checker started by id have identities, and the lists of
  // permissions that go with them.
  enum class Lists { kOpen, kRestricted };
  explicit SimSite(std::uint64_t seed = 1, Lists lists = Lists::kOpen);

  static constexpr const char* kRoot = "/goreclusters";

  SimWorld world;
  FakeEnsemble ensemble;
  FakeFleet fleet;

  // --- checkers ---
  SimChecker& Start(const std::string& id);
  SimChecker& Start(SimChecker::Options options);
  void Kill(const std::string& id);  // SIGKILL
  [[nodiscard]] SimChecker& At(const std::string& id);
  std::vector<std::unique_ptr<SimChecker>> checkers;

  // --- the operator; each runs the world until the answer is there ---
  // Shards "s1".."sN" at 10.0.0.1:1 .. N, all up.
  [[nodiscard]] ClusterSpec MakeSpec(const std::string& name, int shards);
  void Create(const ClusterSpec& spec);  // REQUIRES: it succeeds
  void Update(ClusterSpec spec);         // the same, at the version that is there
  void Delete(const std::string& name);  // the same

  // The identity of the operator, and of the checker with that id. Anonymous with open lists.
  [[nodiscard]] zk::Identity OperatorIdentity() const;
  [[nodiscard]] zk::Identity CheckerIdentity(const std::string& id) const;

  // --- what is in ZooKeeper ---
  [[nodiscard]] std::optional<Head> HeadOf(const std::string& cluster) const;
  [[nodiscard]] std::optional<LeaderRecord> LeaderOf(const std::string& cluster) const;
  [[nodiscard]] Ledger LedgerOf(const std::string& cluster) const;
  [[nodiscard]] std::optional<Ballot> BallotOf(const std::string& cluster,
                                               const std::string& id) const;
  // State of one shard by its place in the list; unknown where there is nothing.
  [[nodiscard]] ShardState StateOf(const std::string& cluster, std::size_t shard) const;
  [[nodiscard]] ShardStatus StatusOf(const std::string& cluster, std::size_t shard) const {
    return StateOf(cluster, shard).status;
  }
  // Of the shards, by the head's chunks; "" without a head.
  [[nodiscard]] std::string Statuses(const std::string& cluster) const;
  // Runs until Statuses is `expected`.
  [[nodiscard]] bool Reaches(const std::string& cluster, const std::string& expected,
                             Duration limit);
  // Transactions since `zxid` that touch a path which contains `part`.
  [[nodiscard]] std::size_t WritesSince(std::int64_t zxid, const std::string& part) const;

 private:
  const Lists lists_;
  SimLoop operator_loop_;
  std::unique_ptr<zk::Client> operator_client_;
  ClusterAdmin editor_;
};

}  // namespace zkcluster::sim
