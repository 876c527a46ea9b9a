// A spec that keeps every rule, with the JSON of its shards: the list has to be encoded to know
// whether ZooKeeper accepts it, and is not encoded a second time for writing. The readers of spec
// files and options make one; ClusterAdmin writes it. A value; Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "codec/spec_codec.h"
#include "model/spec_check.h"

namespace zkcluster {

class ValidSpec {
 public:
  // Errors: those of Validate.
  [[nodiscard]] static Result<ValidSpec> Make(ClusterSpec spec);
  // The same for a caller that reports the problems itself: adds them to `problems`, and returns
  // nothing when that has any.
  [[nodiscard]] static std::optional<ValidSpec> Make(const ClusterSpec& spec,
                                                     SpecProblems& problems);

  [[nodiscard]] const ClusterSpec& spec() const { return spec_; }
  // Only the size of the version was checked.
  // REQUIRES: it fits 63 bits.
  void set_version(std::uint64_t version);

  // The bytes of the `shards` znode when they are kNearShardsBytes or more; nothing below.
  [[nodiscard]] std::optional<std::size_t> bytes_near_limit() const;
  [[nodiscard]] SpecPayloads Encode() const { return EncodeSpec(spec_, shards_); }

 private:
  ValidSpec(ClusterSpec spec, std::string shards)
      : spec_(std::move(spec)), shards_(std::move(shards)) {}

  ClusterSpec spec_;
  std::string shards_;
};

}  // namespace zkcluster
