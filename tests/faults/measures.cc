#include "tests/faults/measures.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace zkcluster::faults {
namespace {

// The status of one shard. Nothing: the cluster does not exist.
std::optional<ShardStatus> StatusIn(const StatusStep& step, const std::string& shard) {
  if (!step.exists) return std::nullopt;
  const auto found = step.statuses.find(shard);
  return found == step.statuses.end() ? ShardStatus::kUnknown : found->second;
}

// The step in force at `at`; nothing before the first.
const StatusStep* StepAt(const std::vector<StatusStep>& steps, Micros at) {
  const auto after =
      std::upper_bound(steps.begin(), steps.end(), at,
                       [](Micros moment, const StatusStep& step) { return moment < step.at; });
  return after == steps.begin() ? nullptr : &*std::prev(after);
}

bool Agrees(ShardStatus status, Truth truth) {
  return truth == Truth::kOpen || (truth == Truth::kAlive && status == ShardStatus::kAlive) ||
         (truth == Truth::kDead && status == ShardStatus::kDead);
}

Truth TruthOf(ShardStatus status) {
  return status == ShardStatus::kAlive  ? Truth::kAlive
         : status == ShardStatus::kDead ? Truth::kDead
                                        : Truth::kOpen;
}

Duration LongestWrong(const std::string& shard, const TruthLog& truth,
                      const std::vector<StatusStep>& steps, Micros from, Micros to) {
  // Every moment at which status or truth may have changed.
  std::set<Micros> moments = {from, to};
  for (const StatusStep& step : steps) moments.insert(step.at);
  for (const auto& change : truth.changes()) moments.insert(change.at);
  Duration longest{0};
  bool wrong = false;
  Micros since{0};
  for (const Micros at : moments) {
    if (at < from || at > to) continue;
    const StatusStep* step = StepAt(steps, at);
    const auto status = step == nullptr ? std::nullopt : StatusIn(*step, shard);
    const bool wrong_now = status && !Agrees(*status, truth.At(shard, at));
    if (wrong) longest = std::max<Duration>(longest, at - since);
    if (wrong_now && !wrong) since = at;
    wrong = wrong_now;
  }
  return longest;
}

void AddFlips(const std::string& shard, const TruthLog& truth, const std::vector<StatusStep>& steps,
              Micros from, Micros to, Duration grace, std::vector<Flip>& flips) {
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const Micros at = steps[i].at;
    if (at < from || at > to) continue;
    const auto before = StatusIn(steps[i - 1], shard);
    const auto after = StatusIn(steps[i], shard);
    if (!before || !after || *before == *after || *before == ShardStatus::kUnknown ||
        *after == ShardStatus::kUnknown) {
      continue;
    }
    const Micros earliest = at - std::chrono::duration_cast<Micros>(grace);
    const bool justified = truth.Was(shard, TruthOf(*after), earliest, at) ||
                           truth.Was(shard, Truth::kOpen, earliest, at);
    flips.push_back({at, shard, *after, justified});
  }
}

std::optional<Duration> AnswerTo(const TruthLog::Change& change,
                                 const std::vector<StatusStep>& steps, Micros until) {
  std::vector<Micros> moments = {change.at};
  for (const StatusStep& step : steps) {
    if (step.at > change.at && step.at <= until) moments.push_back(step.at);
  }
  for (const Micros at : moments) {
    const StatusStep* step = StepAt(steps, at);
    const auto status = step == nullptr ? std::nullopt : StatusIn(*step, change.shard);
    if (status && TruthOf(*status) == change.truth) return at - change.at;
  }
  return std::nullopt;
}

}  // namespace

void TruthLog::Set(const std::string& shard, Truth truth, Micros at) {
  changes_.push_back({shard, truth, at});
}

Truth TruthLog::At(std::string_view shard, Micros at) const {
  Truth truth = Truth::kAlive;
  for (const Change& change : changes_) {
    if (change.shard == shard && change.at <= at) truth = change.truth;
  }
  return truth;
}

bool TruthLog::Was(std::string_view shard, Truth truth, Micros from, Micros to) const {
  if (At(shard, from) == truth) return true;
  return std::any_of(changes_.begin(), changes_.end(), [&](const Change& change) {
    return change.shard == shard && change.truth == truth && change.at > from && change.at <= to;
  });
}

std::size_t Measures::unjustified() const {
  return static_cast<std::size_t>(
      std::count_if(flips.begin(), flips.end(), [](const Flip& flip) { return !flip.justified; }));
}

Measures Measure(const std::vector<std::string>& shards, const TruthLog& truth,
                 const std::vector<StatusStep>& steps, Micros from, Micros to, Duration grace) {
  Measures measures;
  for (const std::string& shard : shards) {
    const Duration wrong = LongestWrong(shard, truth, steps, from, to);
    if (wrong > measures.longest_wrong) {
      measures.longest_wrong = wrong;
      measures.wrong_shard = shard;
    }
    AddFlips(shard, truth, steps, from, to, grace, measures.flips);
  }
  std::sort(measures.flips.begin(), measures.flips.end(),
            [](const Flip& a, const Flip& b) { return a.at < b.at; });
  const auto& changes = truth.changes();
  for (auto change = changes.begin(); change != changes.end(); ++change) {
    if (change->truth == Truth::kOpen || change->at < from) continue;
    const auto next = std::find_if(change + 1, changes.end(),
                                   [&](const auto& later) { return later.shard == change->shard; });
    const Micros until = next == changes.end() ? to : next->at;
    measures.answers.push_back({*change, AnswerTo(*change, steps, until)});
  }
  return measures;
}

}  // namespace zkcluster::faults
