// What differs between two specs of a cluster, as JSON and as text for people. `diff` prints it, and
// every verb that changes a spec shows it before it asks. The JSON form is an interface: keys may be
// added, never renamed or removed. Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/spec_diff.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

[[nodiscard]] OrderedJson DiffJson(std::string_view cluster, const SpecDiff& diff);
// A line for each difference: "+ shard s5 10.0.0.5:6379".
[[nodiscard]] std::string DiffText(const SpecDiff& diff, bool color);

}  // namespace zkcluster::zkctl
