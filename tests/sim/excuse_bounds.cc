#include "tests/sim/excuse_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zkcluster::sim {
namespace {

using history::Excuse;

// Where more uses than these are usual, a run without any does not come by chance: were they to come
// by fives, one run in a thousand would have none.
constexpr double kSurelyUsed = 35;

constexpr ExcuseBound kBounds[] = {
    {Excuse::kOperatorRemoved, 869, 785},
    {Excuse::kSequenceEnded, 1.8, 1.8},
    {Excuse::kJournalRemoved, 343, 317},
    {Excuse::kHeadRecreated, 33, 28},
    {Excuse::kSequenceByOutsider, 0, 0},
    {Excuse::kSpecUndecodable, 3.6, 3.6},
    {Excuse::kSpecOfEarlierLife, 0.1, 0.1},
    {Excuse::kBallotsUnchecked, 697, 636},
    {Excuse::kLookback, 210, 181},
    {Excuse::kReasonUnchecked, 0.4, 0.4},
    {Excuse::kGhostOfOwn, 1, 1},
    {Excuse::kGoVoterUnknown, 3, 3},
    {Excuse::kNoListByMirror, 758, 958},
    {Excuse::kListByMirror, 190, 177},
    {Excuse::kRowsByMirror, 156, 127},
    {Excuse::kRowsAsUnknown, 0.2, 0.2},
    {Excuse::kRowsByGo, 102, 94},
    {Excuse::kForgotWithMirror, 99, 77},
    {Excuse::kLostHeld, 12.9, 90},
    {Excuse::kLostUnchecked, 16, 22},
    {Excuse::kSinceOfLost, 0.2, 0.2},
    {Excuse::kPausedByMirror, 9.2, 39},
    {Excuse::kHeadInvented, 0, 0},
    {Excuse::kMirrorLeft, 0, 0},
    {Excuse::kMirrorByOutsider, 0, 0},
    {Excuse::kLedgerLost, 249, 251},
    {Excuse::kMaintainedShardLeft, 5.1, 139},
    {Excuse::kAcceptedFreeze, 8, 10.2},
    {Excuse::kManyPenalties, 4.1, 4.1},
    {Excuse::kReturnOnNewList, 1, 1},
    {Excuse::kDamagedHead, 0, 0},
    {Excuse::kLostRow, 207, 221},
    {Excuse::kUnknownByOtherList, 229, 180},
    {Excuse::kHeadLost, 1788, 1871},
    {Excuse::kTablesMissed, 0, 0},
    {Excuse::kStalled, 0.3, 0.3},
    {Excuse::kSameTurn, 0, 0},
    {Excuse::kDoubted, 0.5, 0.5},
    {Excuse::kInDoubt, 1.1, 1.1},
    {Excuse::kChangedSince, 0.4, 0.4},
    {Excuse::kNothingDiffered, 478, 414},
    {Excuse::kGoneByOther, 2, 2},
    {Excuse::kFormatUnknown, 1.5, 1.5},
    {Excuse::kFormatUnread, 151, 128},
    {Excuse::kNoQuorum, 103, 104},
    {Excuse::kDeathHeld, 38, 37},
    {Excuse::kStatusBehind, 1.7, 1.7},
    {Excuse::kReaderBehind, 3.2, 3.2},
    {Excuse::kReaderKeeps, 3.5, 3.5},
    {Excuse::kMirrorOfLost, 0.2, 0.2},
};
static_assert(std::size(kBounds) == history::ExcuseCounts::kSize);

std::string CappedName(Excuse excuse) {
  return "capped excuse." + std::string(history::ExcuseName(excuse));
}

double Usual(const ExcuseBound& bound, const ExcuseRun& run) {
  return run.thousands * (run.by_hand ? bound.by_hand : bound.usual);
}

}  // namespace

void CountExcuses(const history::ExcuseCounts& excuses, Counters& counters) {
  for (std::size_t i = 0; i < history::ExcuseCounts::kSize; ++i) {
    const Excuse excuse = history::ExcuseAt(i);
    counters.Add("excuse." + std::string(history::ExcuseName(excuse)), excuses[excuse]);
    counters.Add(CappedName(excuse), std::min(excuses[excuse], kExcusesOfASeed));
  }
}

std::span<const ExcuseBound> ExcuseBounds() {
  return kBounds;
}

std::uint64_t Allowed(const ExcuseBound& bound, const ExcuseRun& run) {
  const double usual = Usual(bound, run);
  const double deviation = std::sqrt(usual * static_cast<double>(kExcusesOfASeed));
  return static_cast<std::uint64_t>(std::ceil(1.25 * usual + 3 * deviation));
}

std::vector<std::string> JudgeExcuses(const Counters& counters, const ExcuseRun& run,
                                      std::span<const ExcuseBound> bounds) {
  std::vector<std::string> lines;
  for (const ExcuseBound& bound : bounds) {
    const std::uint64_t used = counters.Get(CappedName(bound.excuse));
    const std::uint64_t allowed = Allowed(bound, run);
    const double usual = Usual(bound, run);
    const std::string_view name = history::ExcuseName(bound.excuse);
    if (used > allowed) {
      lines.push_back(fmt::format("excuse {}: needed {} times, {:.0f} are usual, {} allowed", name,
                                  used, usual, allowed));
    } else if (used == 0 && usual >= kSurelyUsed) {
      lines.push_back(fmt::format("excuse {}: never needed, {:.0f} times are usual", name, usual));
    }
  }
  return lines;
}

}  // namespace zkcluster::sim
