#include <algorithm>
#include <vector>

#include "base/join.h"
#include "text/duration.h"
#include "tools/zkctl/report/exam.h"

namespace zkcluster::zkctl {
namespace {

// An order without an end that is in force for longer has more often been forgotten than meant.
constexpr Micros kLongOrder = std::chrono::hours(24);

template <class Order>
bool IsForgotten(const Exam& exam, const Order& order) {
  return order.until == Micros(0) && AgesNow(exam.snapshot) - order.since > kLongOrder;
}

// A pause that nobody needs to end has more often been forgotten than meant.
void CheckPause(Exam& exam) {
  if (!exam.assessment.pause) return;
  const Pause& pause = *exam.assessment.pause;
  const std::string held = HeldBack(exam.snapshot, exam.assessment, Obstacle::kHold);
  if (held.empty() && !IsForgotten(exam, pause)) return;
  exam.Add(held.empty() ? Severity::kRisk : Severity::kBroken, "orders",
           "paused " + OrderSentence(pause, AgesNow(exam.snapshot)) + "; holds back " +
               (held.empty() ? "nothing now" : held),
           exam.Command("resume"));
}

void CheckFreeze(Exam& exam) {
  if (!exam.assessment.freeze.frozen) return;
  std::string example = "SHARD";
  for (const Dispute& dispute : exam.assessment.disputes) {
    if (dispute.obstacle != Obstacle::kFreeze) continue;
    example = exam.spec.shards[dispute.shard].name;
    break;
  }
  const std::string held = HeldBack(exam.snapshot, exam.assessment, Obstacle::kFreeze);
  exam.Add(
      Severity::kBroken, "orders",
      "frozen for " +
          FormatAge(std::max(Micros::zero(), exam.snapshot.taken - exam.assessment.freeze.since)) +
          ": " + FreezeSentence(exam.snapshot, exam.assessment) +
          (held.empty() ? "" : "; holds back " + held),
      exam.Command("explain", example) + ", then " + exam.Command("unfreeze", "--accept") +
          " if the deaths are real");
}

// The shards whose maintenance holds a flip back.
std::vector<std::string> HoldingBack(const Exam& exam) {
  std::vector<std::string> names;
  for (const Dispute& dispute : exam.assessment.disputes) {
    if (dispute.obstacle != Obstacle::kMaintenance) continue;
    const std::string& name = exam.spec.shards[dispute.shard].name;
    if (exam.assessment.maintenance.contains(name)) names.push_back(name);
  }
  return names;
}

void CheckMaintenance(Exam& exam) {
  std::vector<std::string> endless;
  std::vector<std::string> forgotten;
  std::size_t maintained = 0;  // shards of the spec
  for (const ShardSpec& shard : exam.spec.shards) {
    const auto order = exam.assessment.maintenance.find(shard.name);
    if (order == exam.assessment.maintenance.end()) continue;
    ++maintained;
    if (order->second.until == Micros(0)) endless.push_back(shard.name);
  }
  for (const auto& [shard, order] : exam.assessment.maintenance) {
    if (IsForgotten(exam, order)) forgotten.push_back(shard);
  }
  const bool all = maintained == exam.spec.shards.size();
  const std::string held = HeldBack(exam.snapshot, exam.assessment, Obstacle::kMaintenance);
  const std::vector<std::string> holding = HoldingBack(exam);
  const std::string remedy =
      exam.Command("maintenance list") + ", then " +
      exam.Command("maintenance off",
                   holding.empty() || holding.size() > 5 ? "SHARD" : Join(holding, " "));
  if (all && (!held.empty() || !endless.empty())) {
    exam.Add(Severity::kBroken, "orders",
             "all " + Counted(maintained, "shard") + " are under maintenance" +
                 (endless.size() == maintained ? " without an end" : "") + ": nothing can flip" +
                 (held.empty() ? "" : "; holds back " + held),
             remedy);
  } else if (!holding.empty()) {
    const Maintenance& first = exam.assessment.maintenance.at(holding.front());
    exam.Add(Severity::kRisk, "orders",
             "maintenance holds back " + held + " (" + holding.front() + ": ordered " +
                 OrderSentence(first, AgesNow(exam.snapshot)) + ")",
             remedy);
  } else if (!forgotten.empty()) {
    exam.Add(Severity::kRisk, "orders",
             ShortList(forgotten) + (forgotten.size() == 1 ? " is" : " are") +
                 " under maintenance for more than a day without an end, and cannot flip",
             remedy);
  }
}

}  // namespace

void ExamineOrders(Exam& exam) {
  CheckPause(exam);
  CheckFreeze(exam);
  CheckMaintenance(exam);
}

}  // namespace zkcluster::zkctl
