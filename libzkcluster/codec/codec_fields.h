// What the payloads of several znodes have in common. Only for the codec_*.cc. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "codec/raw_json.h"
#include "model/board.h"
#include "model/reason.h"

namespace zkcluster {

void WriteSpecId(JsonWriter& json, const SpecId& spec);
[[nodiscard]] SpecId ReadSpecId(const JsonFields& fields);

[[nodiscard]] int ReadInt(const JsonFields& fields, std::string_view key,
                          std::optional<std::int64_t> absent = {});
// An unknown word is a reason, too.
[[nodiscard]] Reason ReadReason(const Json& value, std::string_view where, JsonProblem& problem);

template <class Container>
void WriteTexts(JsonWriter& json, const Container& texts) {
  json.Open('[');
  for (const std::string& text : texts) json.Text(text);
  json.Close(']');
}

[[nodiscard]] std::vector<std::string> ReadTexts(const JsonFields& fields, std::string_view key,
                                                 bool required, JsonProblem& problem);

// One record keeps at most this much of unknown members, because it is rewritten again and again.
inline constexpr std::size_t kMaxUnknownBytes = 65'536;
// The members of the object besides `known`, as they were written. `raw` returns the object's own
// text, and is called only when there are such members.
template <std::invocable Raw>
[[nodiscard]] std::string ReadUnknownKeys(const JsonFields& fields,
                                          std::span<const std::string_view> known,
                                          JsonProblem& problem, Raw raw) {
  if (!fields.HasOthers(known)) return {};
  std::string members = RawJson(raw()).Except(known);
  if (members.size() <= kMaxUnknownBytes) return members;
  problem.Add(fields.Where("unknown keys"), "larger than " + std::to_string(kMaxUnknownBytes));
  return {};
}

// The spec's parts, of codec_go.cc.
[[nodiscard]] std::string EncodeOptions(const ClusterSpec& spec);
[[nodiscard]] Result<void> DecodeOptions(std::string_view payload, ClusterSpec& spec);
[[nodiscard]] Result<std::vector<ShardSpec>> DecodeShards(std::string_view payload, RingType ring);

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
