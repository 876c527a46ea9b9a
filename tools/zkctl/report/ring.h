// The answers of `zkctl ring`, as JSON and as text for people. The JSON forms are an interface:
// keys may be added, never renamed or removed. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <string>

#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/ring_spread.h"

namespace zkcluster::zkctl {

[[nodiscard]] OrderedJson RingJson(const ClusterSpec& spec, const RingSpread& spread);
[[nodiscard]] std::string RingText(const ClusterSpec& spec, const RingSpread& spread,
                                   const Terminal& to);

[[nodiscard]] OrderedJson RingChangeJson(const ClusterSpec& from, const ClusterSpec& to,
                                         const RingChange& change);
// The largest moves, and the number of the others.
[[nodiscard]] std::string RingChangeText(const ClusterSpec& from, const ClusterSpec& to,
                                         const RingChange& change, const Terminal& terminal);

}  // namespace zkcluster::zkctl
