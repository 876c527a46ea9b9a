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
    {Excuse::kOperatorRemoved, 1118, 1053},
    {Excuse::kSequenceEnded, 0, 0},
    {Excuse::kJournalRemoved, 487, 442},
    {Excuse::kHeadRecreated, 72, 66},
    {Excuse::kSequenceByOutsider, 0, 0},
    {Excuse::kSpecUndecodable, 6.3, 6.3},
    {Excuse::kSpecOfEarlierLife, 0, 0},
    {Excuse::kBallotsUnchecked, 945, 861},
    {Excuse::kLookback, 182, 161},
    {Excuse::kReasonUnchecked, 0, 0},
    {Excuse::kGhostOfOwn, 0.7, 0.7},
    {Excuse::kGoVoterUnknown, 3.8, 3.8},
    {Excuse::kNoListByMirror, 366, 328},
    {Excuse::kListByMirror, 116, 92},
    {Excuse::kRowsByMirror, 226, 197},
    {Excuse::kRowsAsUnknown, 7.2, 7.2},
    {Excuse::kRowsByGo, 50, 50},
    {Excuse::kForgotWithMirror, 61, 44},
    {Excuse::kLostHeld, 0, 125},
    {Excuse::kLostUnchecked, 21, 38},
    {Excuse::kSinceOfLost, 2.7, 2.7},
    {Excuse::kPausedByMirror, 0, 0},
    {Excuse::kHeadInvented, 0, 0},
    {Excuse::kMirrorLeft, 0, 0},
    {Excuse::kMirrorByOutsider, 0, 0},
    {Excuse::kLedgerLost, 446, 444},
    {Excuse::kMaintainedShardLeft, 0, 232},
    {Excuse::kAcceptedFreeze, 0, 9},
    {Excuse::kManyPenalties, 6.7, 6.7},
    {Excuse::kReturnOnNewList, 0, 0},
    {Excuse::kDamagedHead, 0, 0},
    {Excuse::kLostRow, 342, 407},
    {Excuse::kUnknownByOtherList, 423, 341},
    {Excuse::kHeadLost, 199, 157},
    {Excuse::kTablesMissed, 0, 0},
    {Excuse::kStalled, 0.3, 0.3},
    {Excuse::kSameTurn, 0, 0},
    {Excuse::kDoubted, 0, 0},
    {Excuse::kInDoubt, 0.4, 0.4},
    {Excuse::kChangedSince, 0.4, 0.4},
    {Excuse::kNothingDiffered, 660, 616},
    {Excuse::kGoneByOther, 0.8, 0.8},
    {Excuse::kFormatUnknown, 2.6, 2.6},
    {Excuse::kFormatUnread, 33, 29},
    {Excuse::kNoQuorum, 112, 97},
    {Excuse::kDeathHeld, 45, 54},
    {Excuse::kStatusBehind, 2.3, 2.3},
    {Excuse::kReaderBehind, 5.7, 5.7},
    {Excuse::kReaderKeeps, 5.3, 5.3},
    {Excuse::kMirrorOfLost, 0.3, 0.3},
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
