#include "tools/zkctl/cli/take_over.h"

#include <set>

#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

TakeOver FindTakeOver(const Snapshot& snapshot, std::uint64_t version) {
  TakeOver found;
  std::set<std::string> voted;
  for (const auto& voter : snapshot.voters) {
    if (voter.ballot && voter.ballot->spec.version >= version) voted.insert(voter.id);
  }
  std::set<std::string> registered;
  for (const auto& candidate : snapshot.candidates) registered.insert(candidate.name.id);
  for (const std::string& id : registered) {
    if (!voted.contains(id)) found.behind.push_back(id);
  }
  found.checkers = registered.size();
  found.decided = snapshot.head && snapshot.head->spec.version >= version;
  return found;
}

std::string TakeOverSentence(const TakeOver& progress, std::uint64_t version) {
  const std::string by = " by version " + std::to_string(version);
  if (progress.checkers == 0) return "no checker is registered that could take over" + by.substr(3);
  std::string text = std::to_string(progress.checkers - progress.behind.size()) + " of " +
                     Counted(progress.checkers, "checker") +
                     (progress.checkers == 1 ? " votes" : " vote") + by;
  if (!progress.behind.empty()) text += ", not yet " + ShortList(progress.behind);
  return text + (progress.decided ? "; the leader has decided by it"
                                  : "; the leader has not decided by it yet");
}

}  // namespace zkcluster::zkctl
