#include <zkcluster/spec.h>
#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/overloaded.h"
#include "model/limits.h"
#include "model/paths.h"
#include "model/settings.h"
#include "model/spec_check.h"
#include "text/address.h"
#include "text/complaint.h"
#include "text/duration.h"
#include "text/utf8.h"

namespace zkcluster {
namespace {

// A person corrects one mistake at a time; a list of 20,000 helps nobody.
constexpr std::size_t kMaxProblems = 20;

void CheckShardName(const std::string& name, std::size_t shard, SpecProblems& problems) {
  const auto add = [&](std::string what) {
    problems.Add({"name", shard, std::move(what), std::nullopt});
  };
  if (name.empty()) add("must not be empty");
  if (name.size() > kMaxShardNameBytes) {
    add("is longer than " + std::to_string(kMaxShardNameBytes) + " bytes");
  }
  if (!IsUtf8(name)) return add("is not UTF-8");
  if (HasControl(name)) add("must not contain control characters");
}

void CheckShards(const std::vector<ShardSpec>& shards, SpecProblems& problems) {
  if (shards.empty()) {
    problems.Add({"shards", std::nullopt, "empty: a cluster has at least one shard", std::nullopt});
  }
  std::unordered_map<std::string, std::size_t> names;
  std::unordered_map<std::string, std::size_t> addresses;
  const auto once = [&](auto& known, const std::string& text, std::size_t i, const char* key,
                        const std::string& what) {
    const auto [earlier, is_new] = known.emplace(text, i);
    if (is_new) return;
    problems.Add({key, i, "duplicate " + what + " \"" + text + "\"", earlier->second});
  };
  for (std::size_t i = 0; i < shards.size(); ++i) {
    CheckShardName(shards[i].name, i, problems);
    if (!shards[i].name.empty()) once(names, shards[i].name, i, "name", "shard name");
    if (!IsUtf8(shards[i].addr)) {
      problems.Add({"addr", i, "the address is not UTF-8", std::nullopt});
    } else if (const auto address = ParseAddress(shards[i].addr); !address) {
      problems.Add({"addr", i, address.error().message, std::nullopt});
    } else {
      once(addresses, FormatCanonical(*address), i, "addr", "address");
    }
  }
}

void CheckRing(const ClusterSpec& spec, SpecProblems& problems) {
  const auto weigh = [&](const auto& problem_of) {
    for (std::size_t i = 0; i < spec.shards.size(); ++i) {
      std::string what = problem_of(spec.shards[i].weight);
      if (!what.empty()) problems.Add({"weight", i, std::move(what), std::nullopt});
    }
  };
  const auto complain = [&](std::string what) {
    problems.Add({"ring.points", std::nullopt, std::move(what), std::nullopt});
  };
  std::visit(
      Overloaded{
          [&](const ConsistentRing& ring) {
            if (ring.points < 1 || ring.points > kMaxPointsPerShard) {
              complain(ExpectedWholeNumber(1, kMaxPointsPerShard, std::to_string(ring.points)));
            }
            weigh([](int weight) {
              return std::string(weight == 1 ? "" : "only a ring of type ketama knows weights");
            });
          },
          [&](const KetamaRing&) {
            weigh([](int weight) {
              return weight >= 1 && weight <= kMaxWeight
                         ? std::string()
                         : ExpectedWholeNumber(1, kMaxWeight, std::to_string(weight));
            });
          },
      },
      spec.ring);
  const int points = PointsPerShard(spec.ring);
  if (points >= 1 && points <= kMaxPointsPerShard &&
      spec.shards.size() > kMaxRingPoints / static_cast<std::size_t>(points)) {
    complain(std::to_string(points) + " for each of " + std::to_string(spec.shards.size()) +
             " shards make a ring of more than " + std::to_string(kMaxRingPoints) + " points");
  }
}

void CheckSettings(const ClusterSpec& spec, SpecProblems& problems) {
  const auto complain = [&](std::string_view key, std::string what) {
    problems.Add({std::string(key), std::nullopt, std::move(what), std::nullopt});
  };
  for (const Setting& setting : Settings()) {
    std::string what = ProblemOfSetting(setting, GetSetting(spec, setting));
    if (!what.empty()) complain(setting.key, std::move(what));
  }
  if (!spec.checkers) return;
  const std::string more = ", more than the " + std::to_string(*spec.checkers) + " checkers: ";
  if (spec.quorum && *spec.quorum > *spec.checkers) {
    complain("quorum",
             "is " + std::to_string(*spec.quorum) + more + "no decision could ever be made");
  }
  if (spec.min_racks && *spec.min_racks > *spec.checkers) {
    complain("min_racks",
             "is " + std::to_string(*spec.min_racks) + more + "no shard could ever be dead");
  }
}

// For a text without lines to point to: a shard is named if its name can be printed.
std::string TextOf(const SpecProblem& problem, const ClusterSpec& spec) {
  if (!problem.shard) return problem.key + ": " + problem.what;
  const auto place = [](std::size_t shard) { return "shards[" + std::to_string(shard) + "]"; };
  const std::string& name = spec.shards[*problem.shard].name;
  const bool is_name = problem.key == "name" || name.empty() || !IsUtf8(name);
  return (is_name ? place(*problem.shard) + "." : "shard \"" + OneLine(name, 100) + "\": ") +
         problem.key + ": " + problem.what +
         (problem.earlier ? "; " + place(*problem.earlier) + " has it already" : "");
}

}  // namespace

void SpecProblems::AddTooLarge(SpecProblem problem) {
  too_large_ = true;
  Add(std::move(problem));
}

Error SpecProblems::ToError(const ClusterSpec& spec) const {
  std::string text;
  for (std::size_t i = 0; i < found_.size() && i < kMaxProblems; ++i) {
    text += (text.empty() ? "" : "; ") + TextOf(found_[i], spec);
  }
  if (found_.size() > kMaxProblems) {
    text += "; and " + std::to_string(found_.size() - kMaxProblems) + " more";
  }
  return {too_large_ ? ErrorCode::kTooLarge : ErrorCode::kInvalid, std::move(text)};
}

std::string_view RingTypeName(RingType type) {
  return type == RingType::kKetama ? "ketama" : "consistent";
}

std::string_view RingHashName(RingHash hash) {
  return hash == RingHash::kMd5 ? "md5" : "fnv1a_64";
}

std::string_view OutlierVotesName(OutlierVotes votes) {
  return votes == OutlierVotes::kIgnore ? "ignore" : "count";
}

RingType RingTypeOf(const RingSpec& ring) {
  return std::visit(Overloaded{
                        [](const ConsistentRing&) { return RingType::kConsistent; },
                        [](const KetamaRing&) { return RingType::kKetama; },
                    },
                    ring);
}

int PointsPerShard(const RingSpec& ring) {
  return std::visit(Overloaded{
                        [](const ConsistentRing& consistent) { return consistent.points; },
                        [](const KetamaRing&) { return kKetamaPoints; },
                    },
                    ring);
}

SpecProblems CheckSpec(const ClusterSpec& spec) {
  SpecProblems problems;
  const auto complain = [&](const char* key, std::string what) {
    problems.Add({key, std::nullopt, std::move(what), std::nullopt});
  };
  if (const auto name = ValidateName("cluster name", spec.name); !name) {
    complain("name", name.error().message);
  }
  if (spec.version > kMaxSpecVersion) {
    complain("version", "does not fit 63 bits");
  }
  CheckRing(spec, problems);
  CheckSettings(spec, problems);
  CheckShards(spec.shards, problems);
  return problems;
}

SpecProblems CheckThresholds(const ProbeSpec& probe) {
  SpecProblems problems;
  struct Number {
    const char* key;
    const std::optional<Duration>& given;
    Duration usual;
    [[nodiscard]] Duration value() const { return given.value_or(usual); }
    [[nodiscard]] std::string text() const {
      return std::string(key) + " " + FormatDuration(value()) + (given ? "" : " (the default)");
    }
  };
  const Number interval{"interval", probe.interval, kDefaultInterval};
  const Number timeout{"timeout", probe.timeout, kDefaultTimeout};
  const Number threshold{"threshold", probe.threshold, kDefaultThreshold};
  // These two defaults adapt to the other numbers.
  const Number refused{"refused_threshold", probe.refused_threshold,
                       std::min(kDefaultRefusedThreshold, threshold.value())};
  const Number fast{"fast_interval", probe.fast_interval,
                    std::min(kDefaultFastInterval, interval.value())};
  // The problem is at the number that was given.
  const auto expect = [&](const Number& longer, const Number& shorter, const char* why) {
    if (longer.value() >= shorter.value()) return;
    problems.Add({std::string("probe.") + (longer.given ? longer.key : shorter.key), std::nullopt,
                  longer.text() + " is shorter than " + shorter.text() + ": " + why, std::nullopt});
  };
  expect(threshold, interval, "a shard would be dead before it was probed again");
  expect(threshold, timeout, "a shard would be dead before one probe had ended");
  expect(threshold, refused, "a refusal is the stronger evidence");
  expect(interval, fast, "after a failure probes come faster");
  return problems;
}

Result<void> CheckThresholdsOfChange(const ClusterSpec* stored, const ClusterSpec& next) {
  if (stored != nullptr && stored->probe == next.probe) return {};
  const SpecProblems problems = CheckThresholds(next.probe);
  if (problems.empty()) return {};
  return Fail(problems.ToError(next));
}

}  // namespace zkcluster
