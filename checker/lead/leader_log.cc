#include "checker/lead/leader_log.h"

#include <utility>
#include <vector>

#include "base/join.h"
#include "base/overloaded.h"
#include "text/fraction.h"

namespace zkcluster {

namespace {

constexpr std::size_t kFlipsLogged = 50;  // of one commit, one line each
// Longer than the time between the checkers' probes of one death, at usual intervals.
constexpr Duration kMissingLasts = std::chrono::seconds(1);

}  // namespace

LeaderLog::LeaderLog(Loop& loop, Logger& logger, std::string cluster, std::int64_t epoch)
    : logger_(logger),
      cluster_(std::move(cluster)),
      epoch_(epoch),
      missing_timer_(loop.NewTimer([this] { LogMissing(); })),
      maintenance_(logger, cluster_) {}

void LeaderLog::Committed(const Round& round, const ClusterSpec& spec) {
  std::size_t flips = 0;
  const Overloaded log{
      [&](const KeysLost& lost) {
        logger_.Error("spec.keys_lost", {{"cluster", cluster_},
                                         {"kept", Join(lost.keys, ",")},
                                         {"why", "the spec was not written by zkctl"},
                                         {"epoch", epoch_}});
      },
      [&](const PauseOver&) {
        logger_.Info("pause.over", {{"cluster", cluster_}, {"epoch", epoch_}});
      },
      [](const MaintenanceOver&) {},  // MaintenanceLog logs it in the next round
      [&](const FreezeBegan& freeze) { LogFreeze(true, freeze.would_be_dead, round, spec); },
      [&](const FreezeEnded& freeze) { LogFreeze(false, freeze.would_be_dead, round, spec); },
      [&](const Flip& flip) {
        if (++flips <= kFlipsLogged) LogFlip(flip, round.electorate.quorum);
      },
  };
  for (const Change& change : round.decision.changes) std::visit(log, change);
  if (round.decision.redated > 0) {
    logger_.Warn("status.redated",
                 {{"cluster", cluster_}, {"shards", round.decision.redated}, {"epoch", epoch_}});
  }
  if (flips <= kFlipsLogged) return;
  logger_.Warn(
      "shard.flips",
      {{"cluster", cluster_}, {"flips", flips}, {"logged", kFlipsLogged}, {"epoch", epoch_}});
}

void LeaderLog::LogFreeze(bool began, std::size_t would_be_dead, const Round& round,
                          const ClusterSpec& spec) {
  logger_.Log(
      began ? LogLevel::kError : LogLevel::kInfo, began ? "freeze.began" : "freeze.ended",
      {{"cluster", cluster_},
       {"would_be_dead", would_be_dead},
       {"shards", spec.shards.size()},
       {"max_dead_fraction", FormatFraction(round.safeguards.max_dead_fraction.value_or(1))},
       {"epoch", epoch_}});
}

void LeaderLog::LogFlip(const Flip& flip, int quorum) {
  const bool dead = flip.to == ShardStatus::kDead;
  logger_.Log(dead ? LogLevel::kWarn : LogLevel::kInfo, dead ? "shard.dead" : "shard.alive",
              {{"cluster", cluster_},
               {"shard", flip.shard},
               {"addr", flip.addr},
               {"was", ShardStatusName(flip.from)},
               {"alive", flip.counts.alive},
               {"dead", flip.counts.dead},
               {"unknown", flip.counts.unknown},
               {"quorum", quorum},
               {"reason", ReasonName(flip.reason)},
               {"epoch", epoch_}});
}

void LeaderLog::Learned(const Round& round) {
  if (round.learned.empty()) return;
  logger_.Info("electorate.learned", {{"cluster", cluster_},
                                      {"ids", Join(round.learned, ",")},
                                      {"electorate", round.electorate.size},
                                      {"quorum", round.electorate.quorum}});
}

void LeaderLog::Yielded() {
  logger_.Warn("leader.yielded", {{"cluster", cluster_},
                                  {"why", "Go checkers decide: programs follow their status"},
                                  {"epoch", epoch_}});
}

void LeaderLog::Restored(const std::string& path) {
  logger_.Warn("ledger.restored",
               {{"cluster", cluster_},
                {"path", path},
                {"why", "its orders hold, and can be ended only where they are written"},
                {"epoch", epoch_}});
}

void LeaderLog::NoteHold(Hold hold, const Ledger& ledger) {
  if (hold == std::exchange(hold_, hold)) return;
  if (hold == Hold::kNone) {
    logger_.Info("leader.resumed", {{"cluster", cluster_}});
    return;
  }
  const Pause pause = hold == Hold::kPaused ? ledger.pause.value_or(Pause{}) : Pause{};
  logger_.Warn("leader.hold", {{"cluster", cluster_},
                               {"hold", HoldName(hold)},
                               {"why", HoldExplanation(hold)},
                               {"by", pause.by},
                               {"reason", pause.reason}});
}

void LeaderLog::NoteLeftOut(const std::set<std::string>& left_out) {
  if (left_out == left_out_) return;
  if (left_out.empty()) {
    logger_.Info("ballot.counted_again",
                 {{"cluster", cluster_}, {"ids", Join(left_out_, ",")}, {"epoch", epoch_}});
  } else {
    logger_.Warn("ballot.left_out", {{"cluster", cluster_},
                                     {"ids", Join(left_out, ",")},
                                     {"why", "it alone calls many living shards dead"},
                                     {"epoch", epoch_}});
  }
  left_out_ = left_out;
}

void LeaderLog::Counted(const Round& round) {
  NoteLeftOut(round.left_out);
  const Electorate& electorate = round.electorate;
  const std::size_t without_quorum = round.decision.without_quorum;
  if (without_quorum == 0) {
    missing_ = {};
    missing_timer_->Cancel();
    if (std::exchange(logged_, Missing{}).shards == 0) return;
    logger_.Info("quorum.restored", {{"cluster", cluster_}, {"quorum", electorate.quorum}});
    return;
  }
  std::vector<std::string> silent;
  for (const auto& id : electorate.ids) {
    if (!round.voters.contains(id)) silent.push_back(id);
  }
  missing_ = {without_quorum, round.voters.size(), electorate.quorum, electorate.size,
              Join(silent, ",")};
  if (!Alike(missing_, logged_) && !missing_timer_->armed()) missing_timer_->Arm(kMissingLasts);
}

bool LeaderLog::Alike(const Missing& a, const Missing& b) {
  return a.shards == b.shards && a.no_ballot_from == b.no_ballot_from;
}

void LeaderLog::LogMissing() {
  if (Alike(missing_, logged_)) return;
  logged_ = missing_;
  logger_.Warn("quorum.missing", {{"cluster", cluster_},
                                  {"shards", logged_.shards},
                                  {"ballots", logged_.ballots},
                                  {"quorum", logged_.quorum},
                                  {"electorate", logged_.electorate},
                                  {"no_ballot_from", logged_.no_ballot_from}});
}

void LeaderLog::Decided(const Decision& decision, const Ledger& ledger, Micros wall) {
  maintenance_.Update(ledger, decision.maintained, wall);
  const std::size_t held = decision.held_deaths;
  if (held == std::exchange(held_deaths_, held) || held == 0) return;
  logger_.Warn("freeze.holds", {{"cluster", cluster_}, {"deaths", held}, {"epoch", epoch_}});
}

}  // namespace zkcluster
