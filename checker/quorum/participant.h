// One checker's part in one cluster: follows its spec, has its shards probed, votes, contends, and leads
// when elected. The daemon holds one for each cluster it serves.
// Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "checker/probe/probe_pool.h"
#include "checker/quorum/contender.h"
#include "checker/quorum/leader.h"
#include "checker/quorum/voter.h"
#include "client/spec_watcher.h"

namespace zkcluster {

// What a checker's file says for one cluster where its spec says nothing.
struct ProbeDefaults {
  HealthSettings health;
  RedisCredentials credentials;
};
// The spec's numbers where given, else the defaults'.
[[nodiscard]] HealthSettings ResolveHealth(const ProbeSpec& spec, const HealthSettings& defaults);

class Participant {
 public:
  struct Callbacks {
    std::function<void()> gone;                            // the cluster was deleted, or made anew
    std::function<void(const Registration&)> id_refused;   // another daemon has our id
  };

  Participant(Loop& loop, Logger& logger, zk::Client& client, ProbePool& pool, ClusterPaths paths,
              Contender::Identity identity, ProbeDefaults defaults, Callbacks callbacks);
  ~Participant();

  // Ballot withdrawn, leadership given up, probing ended. Terminal; `done` in any case.
  void Leave(std::function<void()> done);

  struct Summary {
    bool registered = false;
    bool leading = false;
    std::size_t shards = 0;
    std::size_t dead = 0;  // in this checker's own opinion
  };
  [[nodiscard]] Summary summary() const;

 private:
  struct Server {
    ShardSpec shard;
    ServerHandle handle = 0;
    Vote vote;
  };

  void OnSpec(const SpecWatcher::State& state);
  void TakeSpec(const StoredSpec& spec);
  void OnReport(const std::string& shard, const ServerReport& report);
  void Watch(Server& server, std::size_t n, std::size_t count);
  void StartLeading();

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  ProbePool& pool_;
  const ClusterPaths paths_;
  const Contender::Identity identity_;
  const ProbeDefaults defaults_;
  const Callbacks callbacks_;

  std::optional<StoredSpec> spec_;
  HealthSettings health_;
  Ledger ledger_;  // as read when joining: for penalties only
  std::vector<Server> servers_;  // in the spec's order
  std::optional<Leadership> leadership_;
  bool leaving_ = false;
  std::unique_ptr<SpecWatcher> spec_watcher_;
  std::unique_ptr<Voter> voter_;
  std::unique_ptr<Contender> contender_;
  std::unique_ptr<Leader> leader_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
