// `zkctl doctor`: what is wrong with a cluster, or soon will be, and what to do about it. The notes
// of `status` are about this moment; this is about how the cluster is set up. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/snapshot.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

enum class Severity {
  kBroken,  // something does not work now
  kRisk,    // one more fault and it will not
  kAdvice,
};
[[nodiscard]] std::string_view SeverityName(Severity severity);  // "broken", "risk", "advice"

struct Finding {
  Severity severity;
  std::string_view kind;  // stable, for programs: "ghost", "quorum", "clock" ...
  std::string what;       // a sentence with its numbers
  std::string remedy;     // what to do
  std::vector<Snapshot::Ghost> removes = {};  // what `--fix` removes
};

// The worst first.
[[nodiscard]] std::vector<Finding> Diagnose(const Snapshot& snapshot, const Assessment& assessment);

[[nodiscard]] OrderedJson DoctorJson(const Snapshot& snapshot,
                                     const std::vector<Finding>& findings);
[[nodiscard]] std::string DoctorText(const Snapshot& snapshot, const std::vector<Finding>& findings,
                                     bool color);

}  // namespace zkcluster::zkctl
