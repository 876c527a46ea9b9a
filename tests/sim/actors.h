// The processes of a scene besides checkers: programs that follow the status, operators who change
// specs, and Go checkers of the 2015 library. Each has a loop and a session of its own, and ends
// like a killed process when it is destroyed. Not thread-safe: they are their world's.
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
  // The newest table of a cluster; nothing: none so far.
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

// What became of one call of an operator.
struct OperatorAnswer {
  enum class Kind { kCreate, kUpdate, kDelete };
  Kind kind = Kind::kUpdate;
  std::string cluster;
  std::int64_t begun = 0;            // zxid when the change was asked for
  bool in_doubt = false;             // what an earlier call sent may still take effect
  Result<std::uint64_t> result = 0;  // the version; of a delete: 0
};

// An operator with the production editor: one call at a time.
class Operator {
 public:
  using Answered = std::function<void(const OperatorAnswer&)>;

  Operator(SimWorld& world, FakeEnsemble& ensemble, std::string name, Duration session_timeout,
           Answered answered);

  [[nodiscard]] SimLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }
  [[nodiscard]] bool busy() const { return busy_; }

  // REQUIRES of the three: not busy.
  void Create(const ClusterSpec& spec);
  // Reads the spec, then writes what `change` makes of it.
  void Update(const std::string& cluster, std::function<ClusterSpec(const ClusterSpec&)> change);
  void Delete(const std::string& cluster);
  // Gives up, as a person does who has waited for long enough.
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
// under `localstatus` with its votes, a ring of the bell with each write, and, while it is the
// lowest of those present, a `status` written without any guard.
class GoChecker {
 public:
  GoChecker(SimWorld& world, FakeEnsemble& ensemble, FakeFleet& fleet, std::string name,
            std::string cluster);

  [[nodiscard]] SimLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }
  // Ends its session in good order; `left()` when it is over.
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
