// Logs a leader's decisions and what holds them back, and remembers what was logged last: a state
// is logged once, when it changes. It decides nothing. Loop-bound; owned by the Leader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "checker/lead/maintenance_log.h"
#include "checker/rules/conclusion.h"

namespace zkcluster {

class LeaderLog {
 public:
  LeaderLog(Loop& loop, Logger& logger, std::string cluster, std::int64_t epoch);

  // Logs a commit.
  void Committed(const Round& round, const ClusterSpec& spec);
  void Learned(const Round& round);
  // Logs that the head was removed for Go checkers.
  void Yielded();
  void Restored(const std::string& path);  // the ledger

  // Called in each round. Missing votes are logged only if they persist: while the checkers find
  // out one after the other that a shard has died, there may be no quorum for a moment.
  void NoteHold(Hold hold, const Ledger& ledger);
  void Counted(const Round& round);
  void Decided(const Decision& decision, const Ledger& ledger, Micros wall);

  // Shards under maintenance, as of the last round.
  [[nodiscard]] std::size_t maintained() const { return maintenance_.shards(); }

 private:
  void LogFlip(const Flip& flip, int quorum);
  void LogFreeze(bool began, std::size_t would_be_dead, const Round& round,
                 const ClusterSpec& spec);
  void LogMissing();
  void NoteLeftOut(const std::set<std::string>& left_out);

  Logger& logger_;
  const std::string cluster_;
  const std::int64_t epoch_;
  Hold hold_ = Hold::kNone;
  std::size_t held_deaths_ = 0;
  std::set<std::string> left_out_;  // voters whose ballots the last round did not count
  // How many of the shards lack a quorum, and which voters' ballots are missing.
  struct Missing {
    std::size_t shards = 0;
    std::size_t ballots = 0;
    int quorum = 0;
    int electorate = 0;
    std::string no_ballot_from;
  };
  [[nodiscard]] static bool Alike(const Missing& a, const Missing& b);
  Missing missing_;  // as of the last round; no shards: nothing is missing
  Missing logged_;   // as logged last
  std::unique_ptr<Timer> missing_timer_;
  MaintenanceLog maintenance_;
};

}  // namespace zkcluster
