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
    {Excuse::kOperatorRemoved, 903, 850},
    {Excuse::kSequenceEnded, 5.5, 5.5},
    {Excuse::kJournalRemoved, 373, 346},
    {Excuse::kHeadRecreated, 39, 31},
    {Excuse::kSequenceByOutsider, 0, 0},
    {Excuse::kSpecUndecodable, 3.5, 3.5},
    {Excuse::kSpecOfEarlierLife, 0, 0},
    {Excuse::kBallotsUnchecked, 771, 660},
    {Excuse::kLookback, 205, 161},
    {Excuse::kReasonUnchecked, 0.2, 0.2},
    {Excuse::kGhostOfOwn, 1.2, 1.2},
    {Excuse::kGoVoterUnknown, 2, 2},
    {Excuse::kNoListByMirror, 320, 540},
    {Excuse::kListByMirror, 170, 167},
    {Excuse::kRowsByMirror, 158, 163},
    {Excuse::kRowsAsUnknown, 7.2, 7.2},
    {Excuse::kRowsByGo, 0, 0},
    {Excuse::kForgotWithMirror, 55, 45},
    {Excuse::kLostHeld, 12.7, 113},
    {Excuse::kLostUnchecked, 22, 60},
    {Excuse::kSinceOfLost, 2.7, 2.7},
    {Excuse::kPausedByMirror, 0, 0},
    {Excuse::kHeadInvented, 0, 0},
    {Excuse::kMirrorLeft, 0, 0},
    {Excuse::kMirrorByOutsider, 0, 0},
    {Excuse::kLedgerLost, 284, 288},
    {Excuse::kMaintainedShardLeft, 6.3, 176},
    {Excuse::kAcceptedFreeze, 0, 8},
    {Excuse::kManyPenalties, 6.7, 6.7},
    {Excuse::kReturnOnNewList, 0, 0},
    {Excuse::kDamagedHead, 0, 0},
    {Excuse::kLostRow, 293, 407},
    {Excuse::kUnknownByOtherList, 393, 344},
    {Excuse::kHeadLost, 1000, 1080},
    {Excuse::kTablesMissed, 0, 0},
    {Excuse::kStalled, 0.2, 0.2},
    {Excuse::kSameTurn, 0, 0},
    {Excuse::kDoubted, 1.3, 1.3},
    {Excuse::kInDoubt, 2.2, 2.2},
    {Excuse::kChangedSince, 0.4, 0.4},
    {Excuse::kNothingDiffered, 588, 484},
    {Excuse::kGoneByOther, 2.5, 2.5},
    {Excuse::kFormatUnknown, 1, 1},
    {Excuse::kFormatUnread, 160, 132},
    {Excuse::kNoQuorum, 102, 104},
    {Excuse::kDeathHeld, 54, 31},
    {Excuse::kStatusBehind, 3.8, 3.8},
    {Excuse::kReaderBehind, 8.8, 8.8},
    {Excuse::kReaderKeeps, 6.8, 6.8},
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
