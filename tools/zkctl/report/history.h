// The versions of a cluster's spec, as its journal has them: which there were, who made each and
// why, and what it was. The JSON form is an interface: keys may be added, never renamed or removed.
// Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <string>
#include <vector>

#include "follow/journal.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

struct SpecVersion {
  std::uint64_t version = 0;
  Micros at{0};                      // 0: not known
  std::string by;                    // empty: not known
  std::string reason;                // may be empty
  std::vector<std::string> changes;  // of the one before it, in words; empty: not known
  // Every change since is remembered, so that RestoreVersion finds it. True for the present one.
  bool restorable = false;
};
// The oldest first.
[[nodiscard]] std::vector<SpecVersion> ListVersions(const ClusterSpec& current,
                                                    const std::vector<JournalEntry>& journal);

// Errors: kNotFound, with what the journal lacks; kBadData.
[[nodiscard]] Result<ClusterSpec> RestoreVersion(const ClusterSpec& current,
                                                 const std::vector<JournalEntry>& journal,
                                                 std::uint64_t version);
// The version that the last change replaced. Errors: kNotFound.
[[nodiscard]] Result<std::uint64_t> VersionBefore(const ClusterSpec& current,
                                                  const std::vector<JournalEntry>& journal);

// "ann@ops1 removed it 3m 05s ago"; empty: the journal does not know that anybody did.
[[nodiscard]] std::string RemovalText(const std::vector<JournalEntry>& journal,
                                      const std::string& shard, Micros now);

[[nodiscard]] OrderedJson HistoryJson(const ClusterSpec& current,
                                      const std::vector<SpecVersion>& versions);
[[nodiscard]] std::string HistoryText(const ClusterSpec& current,
                                      const std::vector<SpecVersion>& versions, Micros now,
                                      const Terminal& to);

}  // namespace zkcluster::zkctl
