// What changes between two specs, for `zkctl diff` and for the log of a checker. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <string>
#include <vector>

namespace zkcluster {

struct SpecDiff {
  struct Moved {
    std::string name;
    std::string from;
    std::string to;
    bool operator==(const Moved&) const = default;
  };
  struct Reweighted {
    std::string name;
    int from;
    int to;
    bool operator==(const Reweighted&) const = default;
  };
  struct Setting {
    std::string key;   // as in the spec file: "ring.points", "probe.interval", "checkers"
    std::string from;  // "-" when it was not set
    std::string to;
    bool operator==(const Setting&) const = default;
  };
  std::vector<ShardSpec> added;
  std::vector<ShardSpec> removed;
  std::vector<Moved> moved;  // same name, another address
  std::vector<Reweighted> reweighted;
  bool reordered = false;  // the shards that stayed are in another order
  std::vector<Setting> settings;

  [[nodiscard]] bool empty() const {
    return added.empty() && removed.empty() && moved.empty() && reweighted.empty() && !reordered &&
           settings.empty();
  }
  bool operator==(const SpecDiff&) const = default;
};

// Names and versions are not compared.
[[nodiscard]] SpecDiff DiffSpecs(const ClusterSpec& from, const ClusterSpec& to);

// The difference in words for the journal, an item each: "s6 removed", "s5 added (h:6379)",
// "s4 h:1 -> h:2", "probe.threshold 3s -> 300ms", "quorum set to 2". At most kMostDescribed items,
// and the last one counts the others.
inline constexpr std::size_t kMostDescribed = 40;
[[nodiscard]] std::vector<std::string> DescribeDiff(const SpecDiff& diff);

}  // namespace zkcluster
