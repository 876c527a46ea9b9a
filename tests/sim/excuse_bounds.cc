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
    {Excuse::kOperatorRemoved, 818, 770},
    {Excuse::kSequenceEnded, 2.6, 2.6},
    {Excuse::kJournalRemoved, 342, 328},
    {Excuse::kHeadRecreated, 29, 24},
    {Excuse::kSequenceByOutsider, 0, 0},
    {Excuse::kSpecUndecodable, 4.4, 4.4},
    {Excuse::kSpecOfEarlierLife, 0, 0},
    {Excuse::kBallotsUnchecked, 712, 631},
    {Excuse::kLookback, 198, 163},
    {Excuse::kReasonUnchecked, 0.8, 0.8},
    {Excuse::kGhostOfOwn, 1.1, 1.1},
    {Excuse::kGoVoterUnknown, 2.8, 2.8},
    {Excuse::kNoListByMirror, 765, 963},
    {Excuse::kListByMirror, 203, 192},
    {Excuse::kRowsByMirror, 132, 114},
    {Excuse::kRowsAsUnknown, 0.2, 0.2},
    {Excuse::kRowsByGo, 111, 104},
    {Excuse::kForgotWithMirror, 97, 84},
    {Excuse::kLostHeld, 10.7, 78},
    {Excuse::kLostUnchecked, 14.8, 27},
    {Excuse::kSinceOfLost, 0.2, 0.2},
    {Excuse::kPausedByMirror, 13.5, 38},
    {Excuse::kHeadInvented, 0, 0},
    {Excuse::kMirrorLeft, 0, 0},
    {Excuse::kMirrorByOutsider, 0, 0},
    {Excuse::kLedgerLost, 267, 258},
    {Excuse::kMaintainedShardLeft, 5.4, 146},
    {Excuse::kAcceptedFreeze, 9.7, 9.7},
    {Excuse::kManyPenalties, 1, 1},
    {Excuse::kReturnOnNewList, 0, 0},
    {Excuse::kDamagedHead, 0, 0},
    {Excuse::kLostRow, 209, 227},
    {Excuse::kUnknownByOtherList, 202, 196},
    {Excuse::kHeadLost, 1797, 1888},
    {Excuse::kTablesMissed, 0, 0},
    {Excuse::kStalled, 0.7, 0.7},
    {Excuse::kSameTurn, 0, 0},
    {Excuse::kDoubted, 1.1, 1.1},
    {Excuse::kInDoubt, 2, 2},
    {Excuse::kChangedSince, 0.5, 0.5},
    {Excuse::kNothingDiffered, 461, 400},
    {Excuse::kGoneByOther, 2.4, 2.4},
    {Excuse::kFormatUnknown, 1.4, 1.4},
    {Excuse::kFormatUnread, 144, 131},
    {Excuse::kNoQuorum, 94, 104},
    {Excuse::kDeathHeld, 38, 44},
    {Excuse::kStatusBehind, 2.2, 2.2},
    {Excuse::kReaderBehind, 4.5, 4.5},
    {Excuse::kReaderKeeps, 8.8, 8.8},
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
