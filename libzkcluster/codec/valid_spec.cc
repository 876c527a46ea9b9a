#include "codec/valid_spec.h"

#include <utility>

#include "base/check.h"
#include "codec/spec_size.h"
#include "model/limits.h"

namespace zkcluster {
namespace {

SpecProblem TooLarge(std::size_t shards, std::size_t bytes) {
  return {"shards", std::nullopt,
          std::to_string(shards) + " shards make " + std::to_string(bytes) +
              " bytes of JSON; ZooKeeper takes at most " + std::to_string(kMaxShardsBytes),
          std::nullopt};
}

}  // namespace

Result<void> Validate(const ClusterSpec& spec) {
  SpecProblems problems = CheckSpec(spec);
  if (const auto bytes = ShardsBytesFrom(kMaxShardsBytes + 1, spec.shards)) {
    problems.AddTooLarge(TooLarge(spec.shards.size(), *bytes));
  }
  if (!problems.empty()) return Fail(problems.ToError(spec));
  return {};
}

Result<ValidSpec> ValidSpec::Make(ClusterSpec spec) {
  SpecProblems problems;
  auto valid = Make(spec, problems);
  if (!valid) return Fail(problems.ToError(spec));
  return *std::move(valid);
}

std::optional<ValidSpec> ValidSpec::Make(const ClusterSpec& spec, SpecProblems& problems) {
  problems = CheckSpec(spec);
  std::string shards = EncodeShards(spec.shards);
  if (shards.size() > kMaxShardsBytes) {
    problems.AddTooLarge(TooLarge(spec.shards.size(), shards.size()));
  }
  if (!problems.empty()) return std::nullopt;
  return ValidSpec(spec, std::move(shards));
}

void ValidSpec::set_version(std::uint64_t version) {
  ZKC_CHECK(version <= kMaxSpecVersion);
  spec_.version = version;
}

std::optional<std::size_t> ValidSpec::bytes_near_limit() const {
  return shards_.size() >= kNearShardsBytes ? std::optional(shards_.size()) : std::nullopt;
}

}  // namespace zkcluster
