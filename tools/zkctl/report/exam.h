// What the parts of `zkctl doctor` share: the cluster under examination, and the findings so far.
// `Diagnose` (doctor.h) runs all parts. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/snapshot.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/doctor.h"

namespace zkcluster::zkctl {

class Exam {
 public:
  // All must outlive it.
  Exam(const Snapshot& s, const Assessment& a, const Absences& gone)
      : snapshot(s), assessment(a), absences(gone), spec(s.spec.spec) {}

  const Snapshot& snapshot;
  const Assessment& assessment;
  const Absences& absences;
  const ClusterSpec& spec;

  // `removes`: what `doctor --fix` removes.
  void Add(Severity severity, std::string_view kind, std::string what, std::string remedy,
           std::vector<Snapshot::Ghost> removes = {}) {
    found_.push_back({severity, kind, std::move(what), std::move(remedy), std::move(removes)});
  }
  [[nodiscard]] std::vector<Finding> Take() { return std::move(found_); }

  // "`zkctl checkers forget sessions c1`"
  [[nodiscard]] std::string Command(const std::string& verb, const std::string& rest = "") const {
    return "`zkctl " + verb + " " + spec.name + (rest.empty() ? "" : " " + rest) + "`";
  }
  // "2 of 3"
  [[nodiscard]] std::string QuorumText() const {
    return std::to_string(assessment.electorate.quorum) + " of " +
           std::to_string(assessment.electorate.size);
  }
  // The ids of the registered checkers.
  [[nodiscard]] std::set<std::string> Registered() const {
    std::set<std::string> ids;
    for (const auto& candidate : snapshot.candidates) ids.insert(candidate.name.id);
    return ids;
  }

 private:
  std::vector<Finding> found_;
};

// Checkers that are away, a quorum out of reach, a checker that contradicts all others.
void ExamineCheckers(Exam& exam);
// Orders that hold something back, or have no end.
void ExamineOrders(Exam& exam);

}  // namespace zkcluster::zkctl
