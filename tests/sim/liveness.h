// Checks progress after the faults. Heal ends all faults, or all except those of a minority that
// the seed picks. Within kBound of virtual time after that, nothing may be Missing any more:
//   - every checker that can reach the ensemble has a candidate and a ballot, both of its current
//     session, and the ballot has the right opinion on every shard of the newest spec
//   - there is no other candidate or ballot: no ghosts
//   - in each cluster the first candidate leads, no other one does, and `leader` names it
//   - the status of each shard is what the fleet really does, as far as a quorum can see it
//   - every reader has the newest spec and status
//   - from then on nothing is written
// This file computes the expected state by itself, in the simplest way. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "names/name_book.h"
#include "tests/history/excuse.h"
#include "tests/sim/dice.h"
#include "tests/sim/scene.h"

namespace zkcluster::sim {

// How long progress may take. Each stage below may have to wait for the one before. Its time is the
// longest that production code or the ensemble waits at that point.
inline constexpr Duration kBound =
    // The ensemble elects a leading server and restarts the timeout of every session; then the
    // sessions of dead processes expire.
    std::chrono::seconds(2) +
    kLongestSession
    // A contender that was refused just before backs off (5 s at most), and once more when
    // another candidate is in its way. A contender that meets a twin waits one and a half
    // timeouts and a second.
    + 2 * std::chrono::seconds(5) + kLongestSession * 3 / 2 +
    std::chrono::seconds(1)
    // A first probe starts within half an interval and ends within its timeout; the voter backs off
    // (2 s at most).
    + kLongestInterval / 2 + 2 * kLongestProbe +
    std::chrono::seconds(2)
    // A shard that flapped needs good probes for ten thresholds (intervals jitter by a tenth), and
    // a stall in between may have made the checker begin again.
    + 11 * kLongestThreshold +
    kLongestInterval
    // A leader backs off (5 s at most) after a refused commit; ballots may refuse it twice.
    + 3 * std::chrono::seconds(5)
    // A reader reads again.
    + std::chrono::seconds(1);

// Beside that, where hosts are names: name servers that were away are asked again.
inline constexpr Duration kNamesBound = NameBook::kLongestRetry;

class Liveness {
 public:
  explicit Liveness(Scene& scene) : scene_(scene) {}

  // Ends every fault. With `dice`, servers end up alive or dead, and a minority of the checkers may
  // keep a fault for ever. Without, every server is up.
  void Heal(Dice* dice);
  // Runs until nothing is missing. Otherwise violates [liveness].
  void Settle();
  // After Settle: runs for `duration`, in which nothing may change. Otherwise violates [quiet].
  void StayQuiet(Duration duration);

  // Some checkers stay disturbed.
  [[nodiscard]] bool disturbed() const { return !lasting_.empty(); }
  // What should be there and is missing, one line each.
  [[nodiscard]] std::vector<std::string> Missing() const;
  // The excuses that Settle needed at the end.
  [[nodiscard]] const history::ExcuseCounts& excuses() const { return excuses_; }

 private:
  enum class Lasting { kNone, kKilled, kMute, kFrozen, kCutFromRedis };

  void HealProcesses();
  void DisturbForEver(Dice& dice);
  // Does what people and systemd do: starts processes that do not run, and
  // recreates what was deleted.
  void Tend();
  [[nodiscard]] bool IsLive(std::size_t checker) const;
  [[nodiscard]] Opinion Deserved(std::size_t checker, const std::string& addr) const;
  [[nodiscard]] bool IsOutlier(const ClusterSpec& spec, std::size_t checker) const;
  [[nodiscard]] const std::set<std::size_t>& OutliersOf(const ClusterSpec& spec) const;
  void MissingIn(std::size_t cluster, std::vector<std::string>& missing) const;
  void MissingBallots(std::size_t cluster, const StoredSpec& stored,
                      std::vector<std::string>& missing) const;
  void MissingLeader(std::size_t cluster, std::vector<std::string>& missing) const;
  void MissingStatus(std::size_t cluster, const StoredSpec& standing,
                     std::vector<std::string>& missing) const;
  void MissingTables(std::size_t cluster, const StoredSpec& stored,
                     std::vector<std::string>& missing) const;
  [[nodiscard]] int LiveVoters() const;
  [[nodiscard]] bool NobodyReturns() const;
  [[nodiscard]] bool NamesSettled() const;
  [[nodiscard]] bool MayStayBehind(const ClusterSpec& spec, const Ledger& ledger) const;
  // Without those whose ballots this cluster leaves out.
  [[nodiscard]] int CountedVoters(const ClusterSpec& spec) const;
  [[nodiscard]] int QuorumOf(const ClusterSpec& spec, const Ledger& ledger) const;
  [[nodiscard]] bool IsReadable(std::size_t cluster) const;
  void EndOrders(Ledger& ledger) const;
  static void MissingOrders(const std::string& name, const Ledger& ledger,
                            std::vector<std::string>& missing);
  void MissingEnds(const std::string& name, const ClusterSpec& spec, const Ledger& ledger,
                   std::string_view letters, std::vector<std::string>& missing) const;
  void MissingMirror(std::size_t cluster, const ClusterSpec& spec,
                     std::vector<std::string>& missing) const;
  // The status that the live checkers' votes decide without a freeze. Nothing: they do not agree.
  [[nodiscard]] std::optional<ShardStatus> Voted(const ClusterSpec& spec, const Ledger& ledger,
                                                 const std::string& addr) const;
  // The status that the shard must have. Nothing: any status is right.
  [[nodiscard]] std::optional<ShardStatus> Owed(const ClusterSpec& spec, const Ledger& ledger,
                                                const std::string& addr) const;

  Scene& scene_;
  std::map<std::size_t, Lasting> lasting_;  // by checker
  mutable history::ExcuseCounts excuses_;   // those of the last call of Missing
  mutable std::map<std::string, std::set<std::size_t>> outliers_;  // by cluster; likewise
};

}  // namespace zkcluster::sim
