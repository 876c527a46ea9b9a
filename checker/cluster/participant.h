// One checker's part in one cluster: follows its spec, has its shards probed, votes, contends, and
// leads when elected. The Roster holds one for each cluster this checker serves.
// Loop-bound conductor.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/lifetime.h"
#include "base/log.h"
#include "base/loop.h"
#include "checker/cluster/cluster_details.h"
#include "checker/cluster/storm_brake.h"
#include "checker/election/contender.h"
#include "checker/lead/leader.h"
#include "checker/probe/probe_pool.h"
#include "checker/vote/voter.h"
#include "follow/spec_watcher.h"

namespace zkcluster {

// What a checker's file says for one cluster where its spec says nothing.
struct ProbeDefaults {
  HealthSettings health;
  ProbeQuestion question;
  std::shared_ptr<const TlsContext> tls;  // null: in the clear
};
// The spec's numbers where given, else the defaults'.
[[nodiscard]] HealthSettings ResolveHealth(const ProbeSpec& spec, const HealthSettings& defaults);

class Participant {
 public:
  // Another daemon has our id; the last call of all.
  using IdRefused = std::function<void(const Registration& holder)>;
  // This checker has taken over, or committed a decision: what now stands in the journal. Must not
  // destroy the Participant.
  using OnEvent = std::function<void(const std::string& cluster, const Event& event)>;

  Participant(Loop& loop, Logger& logger, zk::Client& client, ProbePool& pool, ClusterPaths paths,
              Registrant identity, ProbeDefaults defaults, IdRefused id_refused, OnEvent on_event);
  ~Participant();  // probing ends; ballot and candidate stay until the session ends: see Leave
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  // What the checker's file says now: connections, opinions and ballot stay,
  // unless other questions are asked now (credentials), or over other TLS.
  void SetDefaults(ProbeDefaults defaults);

  // Ballot withdrawn, leadership given up, probing ended. Terminal; `done` in any case.
  void Leave(std::function<void()> done);

  // The newest ballot stands.
  [[nodiscard]] bool published() const { return voter_.published(); }
  // A cluster whose spec cannot be used gets no vote,
  // and must not keep the others from being served.
  [[nodiscard]] bool allows_ballot() const {
    return spec_ || trouble_ == SpecWatcher::Trouble::kNone;
  }

  struct Summary {
    bool leading = false;
    bool frozen = false;  // these two: as far as this checker, while it leads, knows
    bool paused = false;
    std::size_t shards = 0;
    std::array<std::size_t, 4> opinions{};  // shards by this checker's own Opinion
    [[nodiscard]] std::size_t dead() const {
      return opinions[static_cast<std::size_t>(Opinion::kDead)];
    }
  };
  [[nodiscard]] Summary summary() const;
  [[nodiscard]] ClusterDetails details() const;

 private:
  struct Server {
    ShardSpec shard;
    ServerHandle handle = 0;
    Vote vote;
  };

  void OnSpec(const SpecWatcher::State& state);
  void ReadPenalties();
  void TakeSpec(StoredSpec spec);
  void StartProbing(Server& server, std::size_t n, std::size_t count);
  void StopProbing();
  void OnReport(const ServerReport& report);
  void OnNews(std::size_t n, const Vote& vote);  // of the n-th server
  void OnNews(std::size_t n, ProbeAlarm alarm);
  void LogAlarm(const Server& server, ProbeAlarm alarm);
  void LogOpinion(const Server& server, const Vote& vote);
  [[nodiscard]] LogLevel Braked(LogLevel level);
  void LogStorm();
  void FollowLeader();
  void TellTakeOver(const LeaderRecord& record);
  void OnCommitted(const std::vector<Change>& changes, const std::vector<Event>& events);
  void OnElected(const Leadership& leadership);
  [[nodiscard]] int RequiredFor(const std::string& shard) const;
  [[nodiscard]] SharedSpec InForce() const;  // REQUIRES: a spec was taken

  Loop& loop_;
  Logger& logger_;
  zk::Client& client_;
  ProbePool& pool_;
  const ClusterPaths paths_;
  const Registrant identity_;
  ProbeDefaults defaults_;
  const IdRefused id_refused_;
  const OnEvent on_event_;
  const ProbeGroup group_;

  std::optional<StoredSpec> spec_;
  SpecVersions standing_;
  KnownLists lists_;
  HealthSettings health_;
  bool penalties_read_ = false;
  std::map<std::string, Penalty> penalties_;  // as the ledger held them when we joined
  std::vector<Server> servers_;               // in the spec's order
  std::unordered_map<ServerHandle, std::size_t> index_;
  SpecWatcher::Trouble trouble_ = SpecWatcher::Trouble::kNone;
  bool leaving_ = false;
  bool registered_ = false;
  std::uint64_t flips_to_dead_ = 0;
  std::uint64_t flips_to_alive_ = 0;
  StormBrake brake_;
  std::array<std::size_t, 4> withheld_opinions_{};  // by Opinion: lines in this window of the brake
  std::size_t withheld_alarms_ = 0;
  std::unique_ptr<Timer> storm_end_;
  std::unique_ptr<zk::NodeWatcher> leader_watch_;
  std::optional<LeaderRecord> last_leader_;  // who took over last, as leader_watch_ told
  std::unique_ptr<Timer> retry_;
  Backoff backoff_;
  Voter voter_;
  std::unique_ptr<Leader> leader_;
  std::unique_ptr<Contender> contender_;
  std::unique_ptr<SpecWatcher> spec_watcher_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
