#include <algorithm>
#include <vector>

#include "base/join.h"
#include "text/duration.h"
#include "tools/zkctl/report/exam.h"

namespace zkcluster::zkctl {
namespace {

// Checkers of the electorate that are neither registered nor vote.
std::vector<const CheckerView*> Gone(const Exam& exam) {
  std::vector<const CheckerView*> gone;
  for (const CheckerView& view : exam.assessment.checkers) {
    if (!view.candidate && !view.voter) gone.push_back(&view);
  }
  return gone;
}

// "c1 (rack1), for 12m 05s", as far as the journal knows.
std::string GoneText(const Exam& exam, const CheckerView& view) {
  const auto known = exam.absences.find(view.id);
  if (known == exam.absences.end()) return view.id;
  const LastSeen& last = known->second;
  return view.id + (last.rack.empty() ? "" : " (" + last.rack + ")") + " for " +
         FormatAge(std::max(Micros::zero(), exam.snapshot.taken - last.gone));
}

// "gone: c1 (rack1) for 12m 05s, c3", or "c1, c3 are gone" where the journal knows none of them.
std::string GoneText(const Exam& exam, const std::vector<const CheckerView*>& gone) {
  std::vector<std::string> parts;
  bool dated = false;
  for (const CheckerView* view : gone) {
    dated |= exam.absences.contains(view->id);
    parts.push_back(GoneText(exam, *view));
  }
  if (dated) return "gone: " + ShortList(parts);
  return ShortList(parts) + (gone.size() == 1 ? " is gone" : " are gone");
}

// Nobody is away: may one be?
void CheckSpare(Exam& exam, int registered) {
  if (registered != exam.assessment.electorate.quorum) return;
  const auto stopped = [](const CheckerView& view) { return !LastVotesSentence(view).empty(); };
  if (std::ranges::any_of(exam.assessment.checkers, stopped)) return;  // a finding of its own
  exam.Add(Severity::kRisk, "quorum",
           "all " + std::to_string(registered) +
               " registered checkers are needed for the quorum of " + exam.QuorumText() +
               ": when one more stops, nothing flips",
           registered < 3 ? "run three checkers or more, on a rack each"
                          : "start the checkers that are missing");
}

// One finding for what follows from checkers that are away.
void CheckGone(Exam& exam) {
  const auto gone = Gone(exam);
  const auto registered = static_cast<int>(exam.Registered().size());
  const int quorum = exam.assessment.electorate.quorum;
  if (quorum > exam.assessment.electorate.size) return;  // the spec's fault: CheckQuorum
  if (registered < quorum) {
    const std::string votes = std::to_string(registered) + " of " +
                              std::to_string(exam.assessment.electorate.size) +
                              (registered == 1 ? " checkers is" : " checkers are") +
                              " registered, and a flip needs the votes of " +
                              std::to_string(quorum) + ": nothing can flip";
    exam.Add(Severity::kBroken, "quorum", (gone.empty() ? "" : GoneText(exam, gone) + "; ") + votes,
             gone.empty() ? "start the checkers that are missing"
                          : std::string("start ") + (gone.size() == 1 ? "it" : "them") + " there");
    return;
  }
  if (gone.empty()) return CheckSpare(exam, registered);
  const bool retired = exam.spec.checkers && registered >= *exam.spec.checkers;
  // To forget an id lowers the quorum only where the spec does not say how many checkers there are.
  const std::string start =
      std::string("start ") + (gone.size() == 1 ? "it" : "them") +
      " again; for one that will not return: " +
      (exam.spec.checkers && !retired
           ? "start another in its place, or " +
                 exam.Command("update", "--checkers " + std::to_string(registered))
           : exam.Command("checkers forget", gone.front()->id));
  if (retired) {
    exam.Add(Severity::kAdvice, "ghost",
             GoneText(exam, gone) + "; the spec says how many checkers there are, and as many run",
             start);
    return;
  }
  exam.Add(Severity::kRisk, "ghost",
           GoneText(exam, gone) + (gone.size() == 1 ? ", and still counts" : ", and still count") +
               " for the quorum (" + exam.QuorumText() + ")" +
               (registered == quorum ? ": when one more stops, nothing flips" : ""),
           start);
}

void CheckQuorum(Exam& exam) {
  const auto registered = static_cast<int>(exam.Registered().size());
  const int quorum = exam.assessment.electorate.quorum;
  if (quorum > exam.assessment.electorate.size) {
    exam.Add(Severity::kBroken, "quorum",
             "the quorum of " + std::to_string(quorum) + " is more than the " +
                 std::to_string(exam.assessment.electorate.size) +
                 " that may vote: nothing can ever flip",
             "lower it: " + exam.Command("update", "--quorum none") + " makes it a majority");
  }
  if (exam.spec.checkers && registered > *exam.spec.checkers) {
    exam.Add(Severity::kAdvice, "quorum",
             "the spec says " + Counted(static_cast<std::size_t>(*exam.spec.checkers), "checker") +
                 ", and " + std::to_string(registered) + " are registered: the quorum is " +
                 exam.QuorumText() + " as long as they vote",
             exam.Command("update", "--checkers " + std::to_string(registered)) +
                 ", or stop the surplus ones");
  }
  if (quorum * 2 <= exam.assessment.electorate.size) {
    exam.Add(Severity::kRisk, "quorum",
             "the quorum of " + exam.QuorumText() +
                 " is not a majority: two halves may disagree, and then the "
                 "status stays as it is",
             exam.Command("update", "--quorum none") + " makes it a majority");
  }
}

std::string WhyAlone(const BallotProfile& profile) {
  if (!profile.blind()) return "its network or its clock";
  // Who gets no answer at all was not asked for a password.
  return profile.reason == Reason::kTimeout ? "its network" : "its network or password";
}

// A checker that contradicts all others.
void CheckOutliers(Exam& exam) {
  for (const CheckerView& view : exam.assessment.checkers) {
    const std::string outlier = OutlierSentence(exam.snapshot, view);
    if (outlier.empty()) continue;
    const std::string host = view.candidate ? view.candidate->registration.host : "";
    const bool ignored = exam.spec.outlier_votes == OutlierVotes::kIgnore;
    exam.Add(Severity::kBroken, "outlier",
             outlier + "; " + WhyAlone(*view.profile) + ", more likely than the shards",
             "see its log" + (host.empty() ? "" : " on host " + host) +
                 ", and mend what keeps it from its shards; until then " +
                 (ignored ? "its ballot is left out"
                          : "its votes count, unless " +
                                exam.Command("update", "--outlier-votes ignore") +
                                " leaves such a ballot out"));
  }
}

}  // namespace

void ExamineCheckers(Exam& exam) {
  CheckGone(exam);
  CheckQuorum(exam);
  CheckOutliers(exam);
}

}  // namespace zkcluster::zkctl
