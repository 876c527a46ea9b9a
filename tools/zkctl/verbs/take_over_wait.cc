#include "tools/zkctl/verbs/take_over_wait.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tools/zkctl/cli/take_over.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/verbs/ordering.h"

namespace zkcluster::zkctl {
namespace {

constexpr Duration kTakeOverLimit = std::chrono::seconds(60);
// Nothing watches the ballots here, so the cluster is read at intervals.
constexpr Duration kPollInterval = std::chrono::milliseconds(200);

// One line of progress on stderr.
class Progress {
 public:
  Progress() : in_place_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (in_place_ && !last_.empty()) std::fputs("\n", stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void Show(const std::string& text) {
    if (text == last_) return;
    last_ = text;
    std::fputs((in_place_ ? "\r" + text + "\x1b[K" : text + "\n").c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  const bool in_place_;
  std::string last_;
};

std::string Hindrance(const Snapshot& snapshot) {
  const Assessment assessment = Assess(snapshot);
  return assessment.notes.empty() ? "" : "; " + assessment.notes.front();
}

}  // namespace

int AwaitTakeOver(Connection& connection, const Globals& globals, const std::string& cluster,
                  std::uint64_t version) {
  const TimePoint limit =
      connection.loop().Now() + (globals.timeout_given ? globals.timeout : kTakeOverLimit);
  Progress progress;
  for (;;) {
    const auto snapshot = TakeSnapshot(connection, cluster);
    if (!snapshot) return Complain(snapshot.error());
    const TakeOver found = FindTakeOver(*snapshot, version);
    progress.Show(Printable(TakeOverSentence(found, version)));
    if (found.done()) return kDone;
    const Duration left = limit - connection.loop().Now();
    if (left <= Duration::zero()) {
      progress.Show("");
      return Complain(
          Error{ErrorCode::kConflict, "the change of \"" + cluster + "\" is made, but " +
                                          TakeOverSentence(found, version) + Hindrance(*snapshot)});
    }
    (void)connection.loop().RunUntil([] { return false; }, std::min(left, kPollInterval));
  }
}

}  // namespace zkcluster::zkctl
