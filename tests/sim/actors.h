// The processes of a scene besides checkers: programs that follow the status, operators who change
// specs, and Go checkers of the 2015 library. Each has a loop and a session of its own, and ends
// like a killed process when it is destroyed. Not thread-safe: they belong to their world.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/cluster_admin.h"
#include "follow/status_watcher.h"
#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/fake_fleet.h"

namespace zkcluster::sim {

// A program with the production watcher: follows every cluster of the scene.
class Reader {
 public:
  using Updated = std::function<void(const std::string& cluster, const StatusWatcher::Update&)>;

  Reader(SimWorld& world, FakeEnsemble& ensemble, std::string name, Duration session_timeout,
         const std::vector<std::string>& clusters, const Updated& updated);

  [[nodiscard]] SimLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }
  // The newest table of a cluster. Nothing: it has none yet.
  [[nodiscard]] const std::optional<StatusWatcher::Update>& table(std::size_t cluster) const {
    return follows_[cluster]->newest;
  }

 private:
  struct Follow {
    std::optional<StatusWatcher::Update> newest;
    std::unique_ptr<StatusWatcher> watcher;
  };
  SimLoop loop_;
  std::unique_ptr<zk::Client> client_;
  std::vector<std::unique_ptr<Follow>> follows_;  // in the scene's order
};

// The outcome of one call of an operator.
struct OperatorAnswer {
  enum class Kind { kCreate, kUpdate, kDelete };
  Kind kind = Kind::kUpdate;
  std::string cluster;
  std::int64_t begun = 0;            // the zxid at the start of the call
  bool in_doubt = false;             // requests of an earlier call may still take effect
  Result<std::uint64_t> result = 0;  // the version; 0 for a delete
};

// An operator with the production ClusterAdmin: one call at a time.
class Operator {
 public:
  using Answered = std::function<void(const OperatorAnswer&)>;

  Operator(SimWorld& world, FakeEnsemble& ensemble, std::string name, Duration session_timeout,
           Answered answered);

  [[nodiscard]] SimLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }
  [[nodiscard]] bool busy() const { return busy_; }

  // REQUIRES for these three: not busy.
  void Create(const ClusterSpec& spec);
  // Reads the spec, then writes the result of `change`.
  void Update(const std::string& cluster, std::function<ClusterSpec(const ClusterSpec&)> change);
  void Delete(const std::string& cluster);
  // Orders, by this operator's own clock.
  void Pause(const std::string& cluster, Duration length);
  void Maintain(const std::string& cluster, std::vector<std::string> shards, Duration length);
  void Resume(const std::string& cluster);
  void EndMaintenance(const std::string& cluster);  // of all shards
  // Gives up on the call, like a person who has waited long enough.
  void Abandon();

 private:
  [[nodiscard]] OperatorAnswer Begin(OperatorAnswer::Kind kind, const std::string& cluster);
  void End(OperatorAnswer answer, Result<std::uint64_t> result);

  FakeEnsemble& ensemble_;
  const Answered answered_;
  SimLoop loop_;
  std::unique_ptr<zk::Client> client_;
  bool busy_ = false;
  bool in_doubt_ = false;
  ClusterAdmin editor_;
};

// A checker of the 2015 library in one cluster, as far as others can see it: a sequential znode
// with its votes under `localstatus`, a write of `localstatus` with each change, and, while its
// number is the lowest of those present, an unguarded write of `status`.
class GoChecker {
 public:
  GoChecker(SimWorld& world, FakeEnsemble& ensemble, FakeFleet& fleet, std::string name,
            std::string cluster);

  [[nodiscard]] SimLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }
  // Closes its session in good order; `left()` when that is done.
  void Leave();
  [[nodiscard]] bool left() const { return left_; }

 private:
  void Register();
  void Beat();
  void Vote();
  void Lead();
  [[nodiscard]] std::string Votes(const std::string& shards) const;
  [[nodiscard]] std::string Status(const std::string& stands) const;

  FakeEnsemble& ensemble_;
  FakeFleet& fleet_;
  const std::string cluster_;
  SimLoop loop_;
  std::unique_ptr<zk::Client> client_;
  std::string own_;  // path of its znode
  std::string voted_;
  bool leaving_ = false;
  bool left_ = false;
  std::unique_ptr<Timer> beat_;
  Subscription session_;
};

}  // namespace zkcluster::sim
