#include "tests/faults/outcome.h"

#include <nlohmann/json.hpp>

namespace zkcluster::faults {

NLOHMANN_JSON_SERIALIZE_ENUM(Outcome::Kind, {{Outcome::Kind::kFailed, "failed"},
                                             {Outcome::Kind::kPassed, "passed"},
                                             {Outcome::Kind::kSkipped, "skipped"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Outcome, kind, scenario, fabric, reason, failures, violations,
                                   observed, longest_wrong_s, wrong_shard, false_flips,
                                   transactions, tables, took_s, story)

std::string EncodeOutcome(const Outcome& outcome) {
  // The tail of a log may hold anything.
  return nlohmann::json(outcome).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Outcome> DecodeOutcome(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return Fail(ErrorCode::kBadData, "no outcome was written");
  return json.get<Outcome>();
}

}  // namespace zkcluster::faults
