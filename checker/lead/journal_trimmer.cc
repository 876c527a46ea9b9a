#include "checker/lead/journal_trimmer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace zkcluster {

JournalTrimmer::JournalTrimmer(const ClusterScope& scope) : scope_(scope) {
  Trim();
}

void JournalTrimmer::Committed() {
  if (++commits_ >= kCommitsBetweenTrims) Trim();
}

void JournalTrimmer::Trim() {
  commits_ = 0;
  const std::string events = scope_.paths.events();
  scope_.client.Children(
      events, {}, lifetime_.Guard([this, events](Result<std::vector<std::string>> names) {
        if (!names || names->size() <= kJournalLength) return;
        std::vector<std::pair<std::int32_t, std::string>> entries;
        for (const auto& name : *names) {
          if (const auto sequence = ParseSequence(name)) entries.emplace_back(*sequence, name);
        }
        std::sort(entries.begin(), entries.end(),
                  [](const auto& a, const auto& b) { return SequenceBefore(a.first, b.first); });
        const std::size_t surplus =
            entries.size() > kJournalLength ? entries.size() - kJournalLength : 0;
        for (std::size_t i = 0; i < surplus; ++i) {
          scope_.client.Delete(events + "/" + entries[i].second, 0, [](Result<void>) {});
        }
      }));
}

}  // namespace zkcluster
