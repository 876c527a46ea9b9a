// The rules of a spec, in one place: `Validate` (zkcluster/spec.h) lists what CheckSpec finds, a
// spec file shows it at its line and column. The one rule that needs an encoding, the size of the
// list's JSON, is in codec/valid_spec.cc. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

struct SpecProblem {
  std::string key;                   // in a spec file: "quorum", "ring.points"; of a shard "addr"
  std::optional<std::size_t> shard;  // the shard that it is about
  std::string what;                  // "must not be empty"
  // The shard before it that has the same name or address.
  std::optional<std::size_t> earlier;
};

// What is wrong with a spec, in the order in which it was found.
class SpecProblems {
 public:
  void Add(SpecProblem problem) { found_.push_back(std::move(problem)); }
  // The list is too large for ZooKeeper: the error's code is then kTooLarge, also if there
  // are other problems.
  void AddTooLarge(SpecProblem problem);
  [[nodiscard]] bool empty() const { return found_.empty(); }
  [[nodiscard]] bool too_large() const { return too_large_; }
  [[nodiscard]] const std::vector<SpecProblem>& found() const { return found_; }
  // The first twenty as one text, and the number of the others. Code: kInvalid or kTooLarge.
  // REQUIRES: `spec` is what was checked; not empty.
  [[nodiscard]] Error ToError(const ClusterSpec& spec) const;

 private:
  std::vector<SpecProblem> found_;
  bool too_large_ = false;
};

[[nodiscard]] SpecProblems CheckSpec(const ClusterSpec& spec);

// Numbers of probes that contradict each other, once the defaults are in the place of those that
// the spec leaves out. (A checker's file may have other numbers there: write both into the spec.)
// Only who writes such numbers is refused: a spec that is stored already is read as it is.
[[nodiscard]] SpecProblems CheckThresholds(const ProbeSpec& probe);
// The same for a change: nothing where `next` keeps the numbers of `stored`. Errors: kInvalid.
[[nodiscard]] Result<void> CheckThresholdsOfChange(const ClusterSpec* stored,
                                                   const ClusterSpec& next);

// Settings of the other type of ring, which RingSpec cannot hold but people write.
inline constexpr std::string_view kKetamaHasNoPoints =
    "a ketama ring always has 160 for a shard of mean weight: leave this out";
inline constexpr std::string_view kOnlyKetamaHasHash =
    "only a ring of type ketama has a choice of hash";

}  // namespace zkcluster
