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
  if (const auto* const name = value.get_ptr<const Json::string_t*>()) return ReasonOf(*name);
  return ReasonOf(ReadText(value, where, problem));
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
