// The outcome of a scenario, passed from its process to the one that reports. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster::faults {

struct Outcome {
  enum class Kind { kPassed, kFailed, kSkipped };
  Kind kind = Kind::kFailed;
  std::string scenario;
  std::string fabric;
  std::string reason;                   // for kSkipped, or for a premature end
  std::vector<std::string> failures;    // expectations that were missed
  std::vector<std::string> violations;  // found by the judges
  std::string observed;                 // for the table
  double longest_wrong_s = 0;
  std::string wrong_shard;
  std::uint64_t false_flips = 0;
  std::uint64_t transactions = 0;  // how many were judged
  std::uint64_t tables = 0;        // how many of the programs' tables were judged
  double took_s = 0;
  std::vector<std::string> story;  // the steps, and every transaction
};

[[nodiscard]] std::string EncodeOutcome(const Outcome& outcome);
[[nodiscard]] Result<Outcome> DecodeOutcome(std::string_view text);

}  // namespace zkcluster::faults
