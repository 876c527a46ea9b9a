#include "codec/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "text/utf8.h"

namespace zkcluster {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Reads only to learn where the text stops being JSON.
struct PositionFinder final : nlohmann::json_sax<Json> {
  std::size_t position = 0;
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t at, const std::string&, const Json::exception&) override {
    position = at;
    return false;
  }
};

// Counts brackets outside of strings, before anything is built from the text.
bool IsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// The length of the text that needs no escape. Nearly every name needs none and is copied
// in one piece.
std::size_t PlainLength(std::string_view text) {
  const auto special = [](char c) {
    return c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&';
  };
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), special) - text.begin());
}

}  // namespace

void AppendJsonText(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (;;) {
    const std::size_t plain = PlainLength(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::string_view before = text;
    const auto code = TakeCodePoint(text);
    if (!code) {
      out += "\\ufffd";
    } else if (*code == '"' || *code == '\\') {
      out += '\\';
      out += static_cast<char>(*code);
    } else if (*code == '\n') {
      out += "\\n";
    } else if (*code == '\r') {
      out += "\\r";
    } else if (*code == '\t') {
      out += "\\t";
    } else if (*code < 0x20 || *code == '<' || *code == '>' || *code == '&') {
      out += "\\u00";
      out += kHex[*code >> 4];
      out += kHex[*code & 0xf];
    } else if (*code == 0x2028 || *code == 0x2029) {
      out += *code == 0x2028 ? "\\u2028" : "\\u2029";
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  out += '"';
}

void JsonWriter::Separate() {
  if (out_.empty()) return;
  const char last = out_.back();
  // No value ends in one of these, so after them the next value is the first one.
  if (last != '{' && last != '[' && last != ':') out_ += ',';
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Text(key);
  out_ += ':';
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Separate();
  AppendJsonText(out_, text);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::Members(std::string_view members) {
  if (members.empty()) return *this;
  Separate();
  out_ += members;
  return *this;
}

Result<Json> ParseJson(std::string_view payload) {
  if (payload.size() > kMaxPayloadBytes) {
    return Fail(ErrorCode::kBadData, "larger than " + std::to_string(kMaxPayloadBytes) + " bytes");
  }
  if (IsTooDeep(payload)) {
    return Fail(ErrorCode::kBadData, "nested deeper than " + std::to_string(kMaxJsonDepth));
  }
  Json json = Json::parse(payload, nullptr, false);
  if (json.is_discarded()) {
    PositionFinder finder;
    (void)Json::sax_parse(payload, &finder);
    return Fail(ErrorCode::kBadData, "not JSON at byte " + std::to_string(finder.position));
  }
  return json;
}

void JsonProblem::Add(std::string_view where, std::string_view what) {
  if (found()) return;
  // Names of fields are foreign text, too.
  text_ = OneLine(where) + (where.empty() ? "" : ": ") + OneLine(what);
}

std::int64_t ReadInteger(const Json& value, std::string_view where, std::int64_t min,
                         std::int64_t max, JsonProblem& problem) {
  // Integers from 0 up are unsigned to the library, also those that no int64 holds.
  if (value.is_number_unsigned()) {
    const auto* const number = value.get_ptr<const Json::number_unsigned_t*>();
    if (max >= 0 && *number <= static_cast<std::uint64_t>(max) &&
        (min <= 0 || *number >= static_cast<std::uint64_t>(min))) {
      return static_cast<std::int64_t>(*number);
    }
  } else if (value.is_number_integer()) {
    const auto* const number = value.get_ptr<const Json::number_integer_t*>();
    if (*number >= min && *number <= max) return *number;
  } else {
    problem.Add(where, "expected a whole number");
    return std::max<std::int64_t>(min, 0);
  }
  problem.Add(where,
              "expected a number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::max<std::int64_t>(min, 0);
}

std::string ReadText(const Json& value, std::string_view where, JsonProblem& problem) {
  if (const auto* const text = value.get_ptr<const Json::string_t*>()) return *text;
  problem.Add(where, "expected a text");
  return {};
}

JsonFields::JsonFields(const Json& value, std::string where, JsonProblem& problem, Keys keys)
    : where_(std::move(where)), problem_(problem), keys_(keys) {
  if (value.is_object()) {
    object_ = &value;
  } else {
    problem_.Add(where_, "expected an object");
  }
}

const Json* JsonFields::Find(std::string_view key) const {
  if (object_ == nullptr) return nullptr;
  const auto& object = *object_->get_ptr<const Json::object_t*>();
  auto found = object.find(key);
  if (found == object.end() && keys_ == Keys::kIgnoreCase) {
    found = std::ranges::find_if(object, [key](const auto& entry) {
      return std::ranges::equal(entry.first, key, {}, Lower, Lower);
    });
  }
  if (found == object.end() || found->second.is_null()) return nullptr;
  return &found->second;
}

bool JsonFields::HasOthers(std::span<const std::string_view> keys) const {
  if (object_ == nullptr) return false;
  const auto& object = *object_->get_ptr<const Json::object_t*>();
  return std::ranges::any_of(object, [&](const auto& entry) {
    return std::ranges::find(keys, std::string_view(entry.first)) == keys.end();
  });
}

std::string JsonFields::Where(std::string_view key) const {
  return where_.empty() ? std::string(key) : where_ + ": " + std::string(key);
}

void JsonFields::Missing(std::string_view key) const {
  if (object_ != nullptr) problem_.Add(Where(key), "is missing");
}

std::string JsonFields::Text(std::string_view key, std::optional<std::string> absent) const {
  if (const Json* const value = Find(key)) return ReadText(*value, Where(key), problem_);
  if (!absent) Missing(key);
  return absent.value_or("");
}

bool JsonFields::Bool(std::string_view key, std::optional<bool> absent) const {
  if (const Json* const value = Find(key)) {
    if (const auto* const flag = value->get_ptr<const Json::boolean_t*>()) return *flag;
    problem_.Add(Where(key), "expected true or false");
    return false;
  }
  if (!absent) Missing(key);
  return absent.value_or(false);
}

std::int64_t JsonFields::Integer(std::string_view key, std::int64_t max,
                                 std::optional<std::int64_t> absent) const {
  if (const Json* const value = Find(key)) return ReadInteger(*value, Where(key), 0, max, problem_);
  if (!absent) Missing(key);
  return absent.value_or(0);
}

const Json* JsonFields::Array(std::string_view key, bool required) const {
  const Json* const value = Find(key);
  if (value == nullptr) {
    if (required) Missing(key);
    return nullptr;
  }
  if (value->is_array()) return value;
  problem_.Add(Where(key), "expected a list");
  return nullptr;
}

const Json* JsonFields::Object(std::string_view key, bool required) const {
  const Json* const value = Find(key);
  if (value == nullptr) {
    if (required) Missing(key);
    return nullptr;
  }
  if (value->is_object()) return value;
  problem_.Add(Where(key), "expected an object");
  return nullptr;
}

}  // namespace zkcluster
