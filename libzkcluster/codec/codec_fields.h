// What the payloads of several znodes have in common. For the codec_*.cc alone. Pure.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "model/board.h"
#include "model/reason.h"

namespace zkcluster {

void WriteSpecId(JsonWriter& json, const SpecId& spec);
[[nodiscard]] SpecId ReadSpecId(const JsonFields& fields);

[[nodiscard]] int ReadInt(const JsonFields& fields, std::string_view key,
                          std::optional<std::int64_t> absent = {});
[[nodiscard]] Reason ReadReason(const Json& value, std::string_view where, JsonProblem& problem);

template <class Container>
void WriteTexts(JsonWriter& json, const Container& texts) {
  json.Open('[');
  for (const std::string& text : texts) json.Text(text);
  json.Close(']');
}

[[nodiscard]] std::vector<std::string> ReadTexts(const JsonFields& fields, std::string_view key,
                                                 bool required, JsonProblem& problem);

// Parses and reads one object; `read` fills a T.
template <class T>
[[nodiscard]] Result<T> DecodeObject(std::string_view payload,
                                     std::invocable<const JsonFields&, JsonProblem&> auto read) {
  const auto json = ParseJson(payload);
  if (!json) return Fail(json.error());
  JsonProblem problem;
  T value = read(JsonFields(*json, "", problem), problem);
  if (problem.found()) return problem.failure();
  return value;
}

}  // namespace zkcluster
