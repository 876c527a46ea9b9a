#include "codec/codec_fields.h"

namespace zkcluster {

void WriteSpecId(JsonWriter& json, const SpecId& spec) {
  json.Key("Spec").Number(spec.version).Key("ShardsZxid").Number(spec.shards_zxid);
}

SpecId ReadSpecId(const JsonFields& fields) {
  return {static_cast<std::uint64_t>(fields.Integer("Spec")), fields.Integer("ShardsZxid")};
}

int ReadInt(const JsonFields& fields, std::string_view key, std::optional<std::int64_t> absent) {
  return static_cast<int>(fields.Integer(key, kIntMax, absent));
}

Reason ReadReason(const Json& value, std::string_view where, JsonProblem& problem) {
  const std::string name = ReadText(value, where, problem);
  const auto reason = ParseReason(name);
  if (!reason) problem.Add(where, "unknown reason \"" + name.substr(0, 40) + "\"");
  return reason.value_or(Reason::kNone);
}

std::vector<std::string> ReadTexts(const JsonFields& fields, std::string_view key, bool required,
                                   JsonProblem& problem) {
  std::vector<std::string> texts;
  const Json* const list = fields.Array(key, required);
  if (list == nullptr) return texts;
  texts.reserve(list->size());
  for (const Json& text : *list) texts.push_back(ReadText(text, fields.Where(key), problem));
  return texts;
}

}  // namespace zkcluster
