// What progress is owed once faults are over: Heal ends them all, or all but those of a minority
// that the seed picks; then, within kBound of virtual time, nothing may be Missing any more:
//   - every checker that can reach the ensemble has a candidate and a ballot, both of its own
//     session, and the ballot votes on every shard of the newest spec what the server deserves
//   - nobody else has: no ghosts of former lives
//   - in each cluster the first candidate is the one that leads, it alone, and `leader` names it
//   - the status of each shard is the truth of the fleet, as far as a quorum can see it
//   - every reader has the newest spec and status
//   - and then nothing is written any more
// Truth is counted anew here, in the plainest way. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/history/excuse.h"
#include "tests/sim/dice.h"
#include "tests/sim/scene.h"

namespace zkcluster::sim {

// How long progress may take. The stages below may have to wait for one another; each is the
// longest that production code or the ensemble waits at that point.
inline constexpr Duration kBound =
    // The ensemble elects a leading server, and gives every session its timeout anew; those of the
    // dead end with it.
    std::chrono::seconds(2) +
    kLongestSession
    // A contender that was refused just before backs off (5 s at most), and once more when it finds
    // somebody else's candidate in the way; who meets a twin of its id waits one and a half
    // timeouts and a second.
    + 2 * std::chrono::seconds(5) + kLongestSession * 3 / 2 +
    std::chrono::seconds(1)
    // First probes come within half an interval and end within their timeout; the voter backs off
    // (2 s at most).
    + kLongestInterval / 2 + 2 * kLongestProbe +
    std::chrono::seconds(2)
    // A shard that flapped shows good probes for ten thresholds (intervals jitter by a tenth), and
    // a stall on the way may have made the checker begin again.
    + 11 * kLongestThreshold +
    kLongestInterval
    // A leader backs off (5 s at most) after a refused commit; by votes it may be refused twice.
    + 3 * std::chrono::seconds(5)
    // A reader looks again.
    + std::chrono::seconds(1);

class Liveness {
 public:
  explicit Liveness(Scene& scene) : scene_(scene) {}

  // Ends every fault. With `dice`: servers end up alive or dead, and a minority of the checkers may
  // stay disturbed for ever; without, every server is up.
  void Heal(Dice* dice);
  // Runs until nothing is missing. Otherwise violates [liveness].
  void Settle();
  // After Settle: runs for so long, in which nothing may change. Otherwise violates [quiet].
  void StayQuiet(Duration duration);

  // What is owed and not there, a line each.
  [[nodiscard]] std::vector<std::string> Missing() const;
  // Those that Settle needed in the end.
  [[nodiscard]] const history::ExcuseCounts& excuses() const { return excuses_; }

 private:
  enum class Lasting { kNone, kKilled, kMute, kFrozen, kCutFromRedis };

  void HealProcesses();
  void DisturbForEver(Dice& dice);
  // What people and systemd do: start what does not run, make anew what was deleted.
  void Tend();
  [[nodiscard]] bool IsLive(std::size_t checker) const;
  [[nodiscard]] Opinion Deserved(std::size_t checker, const std::string& addr) const;
  void MissingIn(std::size_t cluster, std::vector<std::string>& missing) const;
  void MissingBallots(std::size_t cluster, const StoredSpec& stored,
                      std::vector<std::string>& missing) const;
  void MissingLeader(std::size_t cluster, std::vector<std::string>& missing) const;
  void MissingStatus(std::size_t cluster, const StoredSpec& standing,
                     std::vector<std::string>& missing) const;
  void MissingTables(std::size_t cluster, const StoredSpec& stored,
                     std::vector<std::string>& missing) const;
  [[nodiscard]] int LiveVoters() const;
  [[nodiscard]] bool MayStayBehind(const ClusterSpec& spec, const Ledger& ledger) const;
  // More of its shards are down than may die at once.
  [[nodiscard]] int QuorumOf(const ClusterSpec& spec, const Ledger& ledger) const;
  void MissingEnds(const std::string& name, const ClusterSpec& spec, const Ledger& ledger,
                   std::string_view letters, std::vector<std::string>& missing) const;
  void MissingMirror(std::size_t cluster, const ClusterSpec& spec,
                     std::vector<std::string>& missing) const;
  // What the live checkers' votes amount to, were nothing frozen. Nothing: they do not agree.
  [[nodiscard]] std::optional<ShardStatus> Voted(const ClusterSpec& spec, const Ledger& ledger,
                                                 const std::string& addr) const;
  // Nothing: whatever stands may stand.
  [[nodiscard]] std::optional<ShardStatus> Owed(const ClusterSpec& spec, const Ledger& ledger,
                                                const std::string& addr) const;

  Scene& scene_;
  std::map<std::size_t, Lasting> lasting_;  // by checker
  mutable history::ExcuseCounts excuses_;   // of the last call of Missing
};

}  // namespace zkcluster::sim
