// The two ends of all codecs: any bytes as JSON, and any text written as JSON.
#include "codec/json.h"

#include <nlohmann/json.hpp>

#include "tests/fuzz/target.h"
#include "text/utf8.h"

namespace zkcluster::fuzz::json_target {

bool TestOneInput(std::string_view input) {
  std::string text;
  AppendJsonText(text, input);
  const auto written = ParseJson(text);
  ZKC_CHECK(written.has_value() && written->is_string());
  if (IsUtf8(input)) ZKC_CHECK(written->get_ref<const std::string&>() == input);

  const auto json = ParseJson(input);
  if (!json) {
    CheckError(json.error(), ErrorCode::kBadData);
    return false;
  }
  // For any JSON: reading a field gives a value or a problem.
  JsonProblem problem;
  const JsonFields fields(*json, "", problem, JsonFields::Keys::kIgnoreCase);
  const std::int64_t number = fields.Integer("n", 100);
  ZKC_CHECK(number >= 0 && number <= 100);
  static_cast<void>(fields.Text("t"));
  static_cast<void>(fields.Bool("b"));
  static_cast<void>(fields.Array("a"));
  static_cast<void>(fields.Object("o"));
  if (problem.found()) CheckError(problem.failure().error, ErrorCode::kBadData);
  return true;
}

const Target kTarget("json", TestOneInput);

}  // namespace zkcluster::fuzz::json_target
