// Changes to a spec as options give them: `--shard`, `--set-addr`, `--checkers` ... Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zkcluster::zkctl {

// A number that may also be taken away again: `--checkers none`.
struct CountEdit {
  std::optional<int> value;  // nothing: none
  bool operator==(const CountEdit&) const = default;
};

// The same for a fraction: `--max-dead-fraction none`.
struct FractionEdit {
  std::optional<double> value;
  bool operator==(const FractionEdit&) const = default;
};

struct SpecEdits {
  std::vector<ShardSpec> add_shards;
  std::vector<std::string> remove_shards;
  std::vector<ShardSpec> set_addresses;
  std::vector<std::pair<std::string, int>> weights;  // by name of the shard
  std::optional<RingType> ring;
  std::optional<int> points;
  std::optional<RingHash> hash;
  std::optional<bool> failover;
  std::optional<CountEdit> checkers;
  std::optional<CountEdit> quorum;
  std::optional<CountEdit> min_racks;
  std::optional<FractionEdit> max_dead_fraction;
  // Key as in the spec file ("interval"); nothing: left to the checkers' own file.
  std::vector<std::pair<std::string, std::optional<Duration>>> probe;
  bool operator==(const SpecEdits&) const = default;
};

// "s1=10.0.0.1:6379"; the name may contain '='. Errors: kInvalid.
[[nodiscard]] Result<ShardSpec> ParseShard(std::string_view text);
// "s1=2"; the name may contain '='. Errors: kInvalid.
[[nodiscard]] Result<std::pair<std::string, int>> ParseWeight(std::string_view text);
// "3" or "none". Errors: kInvalid.
[[nodiscard]] Result<CountEdit> ParseCount(std::string_view text);
// "0.5" or "none". Errors: kInvalid.
[[nodiscard]] Result<FractionEdit> ParseFractionEdit(std::string_view text);
// "interval=500ms" or "interval=none". Errors: kInvalid, suggesting the nearest key.
[[nodiscard]] Result<std::pair<std::string, std::optional<Duration>>> ParseProbeEdit(
    std::string_view text);

// Removes first, then moves, then adds at the end of the list, then weighs. Another type of ring
// begins with its own defaults. The result is not validated.
// Errors: kNotFound (removes, moves or weighs a shard that is not there),
// kExists (adds one that is).
[[nodiscard]] Result<ClusterSpec> ApplyEdits(ClusterSpec spec, const SpecEdits& edits);

// The same list with one name changed, in its place.
// Errors: kNotFound with the nearest name, kExists.
[[nodiscard]] Result<ClusterSpec> RenameShard(ClusterSpec spec, const std::string& from,
                                              const std::string& to);

}  // namespace zkcluster::zkctl
