// Reading JSON for the codecs, safe on foreign bytes: bounded size and depth, no exceptions, each
// field checked for type and range. Writing is in json_writer.h. Pure.
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "codec/json_writer.h"

namespace zkcluster {

using Json = nlohmann::json;

// What a znode can hold: nothing larger can have been written.
inline constexpr std::size_t kMaxPayloadBytes = 1'048'576;
inline constexpr int kMaxJsonDepth = 32;

// Errors: kBadData, with the place.
[[nodiscard]] Result<Json> ParseJson(std::string_view payload);

// The first thing found wrong with a document. Readers go on with harmless values after a problem
// and check this once at the end.
class JsonProblem {
 public:
  void Add(std::string_view where, std::string_view what);
  [[nodiscard]] bool found() const { return !text_.empty(); }
  [[nodiscard]] Failure<> failure() const { return Fail(ErrorCode::kBadData, text_); }

 private:
  std::string text_;
};

inline constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kIntMax = std::numeric_limits<int>::max();
// Limits for counters and times that leave room for adding to them: only an outsider writes a
// number near the end of its type.
inline constexpr std::int64_t kMostCounted = kInt64Max / 2;
inline constexpr std::int64_t kLatestMicros = kInt64Max / 1000;  // as nanoseconds: the year 2262

// `where` names the value in the problem.
[[nodiscard]] std::int64_t ReadInteger(const Json& value, std::string_view where, std::int64_t min,
                                       std::int64_t max, JsonProblem& problem);
[[nodiscard]] std::string ReadText(const Json& value, std::string_view where, JsonProblem& problem);

// The fields of one object. A field that is absent or null takes the default, or is a problem
// without one. Unknown fields are ignored.
class JsonFields {
 public:
  // Go ignores case; of several spellings the exact one counts.
  enum class Keys { kExact, kIgnoreCase };

  // If `value` is no object, that is a problem, and every field is absent without
  // a further problem.
  JsonFields(const Json& value, std::string where, JsonProblem& problem, Keys keys = Keys::kExact);

  [[nodiscard]] std::string Text(std::string_view key,
                                 std::optional<std::string> absent = {}) const;
  [[nodiscard]] bool Bool(std::string_view key, std::optional<bool> absent = {}) const;
  // 0 .. max
  [[nodiscard]] std::int64_t Integer(std::string_view key, std::int64_t max = kInt64Max,
                                     std::optional<std::int64_t> absent = {}) const;
  // The array or object under `key`, never null as a pointer's target; nullptr when it is absent.
  [[nodiscard]] const Json* Array(std::string_view key, bool required = true) const;
  [[nodiscard]] const Json* Object(std::string_view key, bool required = true) const;
  // Nothing when absent or null.
  [[nodiscard]] const Json* Find(std::string_view key) const;
  // Whether there is a field besides these.
  [[nodiscard]] bool HasOthers(std::span<const std::string_view> keys) const;
  [[nodiscard]] std::string Where(std::string_view key) const;

 private:
  void Missing(std::string_view key) const;

  const Json* object_ = nullptr;
  std::string where_;
  JsonProblem& problem_;
  Keys keys_;
};

}  // namespace zkcluster
