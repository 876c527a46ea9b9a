// Writing JSON: text that is byte for byte what Go's encoder writes. Pure.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace zkcluster {

// `text` in quotes, escaped as Go does: also <, >, & and U+2028, U+2029.
// Bytes that are no UTF-8 become \ufffd.
void AppendJsonText(std::string& out, std::string_view text);

// Compact JSON in the order of the calls. Puts the commas; balance is the caller's.
class JsonWriter {
 public:
  JsonWriter& Open(char bracket);   // '{' or '['
  JsonWriter& Close(char bracket);  // '}' or ']'
  JsonWriter& Key(std::string_view key);
  JsonWriter& Text(std::string_view text);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // Members of an object that were read somewhere, `"Key":value,...`, as they are. Empty: none.
  JsonWriter& Members(std::string_view members);
  template <std::integral T>
  JsonWriter& Number(T value) {
    Separate();
    out_ += std::to_string(value);
    return *this;
  }
  // The size so far, to keep to a limit.
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] std::string Take() { return std::move(out_); }

 private:
  void Separate();
  std::string out_;
};

}  // namespace zkcluster
