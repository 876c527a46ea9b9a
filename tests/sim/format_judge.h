// Judges what checkers of two builds leave for each other, and for programs, in a scene that has
// both (tests/fakes/tomorrow.h). It reads the bytes of the ensemble's history: of the codecs it
// uses what reads registrations and ballots, and nothing that decides about a format.
//
// [format]        A registration says the format that its checker reads. A leader writes rows of
//                 the status in the newest format that it can write and that every registered
//                 checker of its cluster reads. Excused is a leader that may not have heard of a
//                 candidate that has just registered or left.
// [needs]         While the options need a feature that no build of the scene has, no checker writes head,
//                 status or ledger, nobody votes on the version that came with that need, and no
//                 program takes a table of it.
// [unknown_keys]  Who rewrites the ledger keeps the key that a newer build has added to it.
//
// Pure but for its own state.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tests/fakes/znode_tree.h"
#include "tests/history/excuse.h"

namespace zkcluster::sim {

// What a newer build adds to the options, and to the ledger.
inline constexpr std::string_view kNeedOfTomorrow = R"("Needs":["replicas_of_tomorrow"])";
inline constexpr std::string_view kKeyOfTomorrow = R"("PlansOfTomorrow":{"Left":1.50,"Of":[ 3 ]})";
// `bytes`, an object, with that member at its end.
[[nodiscard]] std::string WithMember(std::string bytes, std::string_view member);

class FormatJudge {
 public:
  // `root`: of the clusters. `format_of`: what the checker that owns this session was built for;
  // nothing: not known.
  FormatJudge(std::string root, std::function<std::optional<int>(std::int64_t session)> format_of)
      : root_(std::move(root)), format_of_(std::move(format_of)) {}

  struct Finding {
    const char* rule;
    std::string text;
  };
  // What is wrong with it; the first of several.
  [[nodiscard]] std::optional<Finding> Observe(const Transaction& transaction);
  // Likewise, of a table that a program takes.
  [[nodiscard]] std::optional<Finding> TableOf(std::string_view cluster,
                                               std::uint64_t spec_version) const;
  [[nodiscard]] const history::ExcuseCounts& excuses() const { return excuses_; }

 private:
  struct Candidate {
    std::int64_t session = 0;
    int format = 1;
    bool touched = false;  // somebody has written to it: what a leader has read is not known
    TimePoint came{};
  };
  struct Cluster {
    std::map<std::string, Candidate> candidates;  // by path
    TimePoint changed{};                          // the newest coming, going or take-over
    std::string options;
    std::string ledger;
    std::set<std::string> versions;  // of the spec, so far
    std::string needing;             // the version that came with the need; empty: none did
    [[nodiscard]] bool NeedsNewer() const;
    [[nodiscard]] const Candidate* Of(std::int64_t session) const;
  };
  // One change of a transaction, whatever verb made it.
  struct Change {
    const std::string& path;  // below the cluster's znode; empty: that znode
    const std::string* data;  // null: it is removed
    const Transaction& transaction;
    bool created = false;
  };
  using Found = std::optional<Finding>;

  [[nodiscard]] Found Judge(const std::string& name, Cluster& cluster, const Change& change);
  [[nodiscard]] Found OnCandidate(const std::string& name, Cluster& cluster, const Change& change);
  [[nodiscard]] Found OnRows(const std::string& name, const Cluster& cluster, const Change& change);
  [[nodiscard]] Found OnLedger(const std::string& name, Cluster& cluster, const Change& change);
  [[nodiscard]] Found OnBallot(const std::string& name, const Cluster& cluster,
                               const Change& change) const;

  const std::string root_;
  const std::function<std::optional<int>(std::int64_t session)> format_of_;
  history::ExcuseCounts excuses_;
  std::map<std::string, Cluster, std::less<>> clusters_;
};

}  // namespace zkcluster::sim
