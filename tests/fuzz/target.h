// A fuzz target is one function that takes foreign bytes to one decoder and aborts when something
// does not hold. Built two ways: with libFuzzer (-Dfuzz=true, clang), which makes up inputs, and
// with replay_main.cc, which runs the files of corpus/ in every build. The checks that all targets
// share are here. Pure.
#pragma once

#include <zkcluster/result.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "codec/json.h"

namespace zkcluster::fuzz {

// What a file fuzz_NAME.cc defines once, in a namespace of its own. It makes itself known when the program starts, so one
// program can hold all targets.
class Target {
 public:
  // True when the decoder accepted the input.
  using Test = bool (*)(std::string_view input);

  Target(std::string_view name, Test test);  // of static storage, the name too
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // Null: the program holds no target of this name.
  [[nodiscard]] static const Target* Find(std::string_view name);
  // The only target of a libFuzzer program.
  [[nodiscard]] static const Target& Only();

  [[nodiscard]] bool Accepts(std::string_view input) const { return test_(input); }

 private:
  std::string_view name_;
  Test test_;
  const Target* next_;
};

// Several payloads in one input follow each other, with this byte between them: no
// decoder but hiredis' accepts it outside of a text, so each part can be anything else.
inline constexpr char kSeparator = '\x1e';
// Always `count` parts: what is missing is empty, the last one takes the rest.
[[nodiscard]] std::vector<std::string_view> Split(std::string_view input, std::size_t count);

// No control character but line ends where `lines` allows them, nothing that a terminal obeys.
[[nodiscard]] bool IsPrintable(std::string_view text, bool lines = false);

// The error is of `code` and fit for one line of a log: it says something, is short and printable.
void CheckError(const Error& error, ErrorCode code);
// As yaml::Problems writes it: one or more lines that begin with `file:line:column: `.
void CheckFileError(const Error& error, std::string_view file);

// An accepted value reads back as the same value, and is always written the same way.
template <class T, class Decode, class Encode>
void CheckReadsBack(const T& value, Decode decode, Encode encode) {
  const std::string text = encode(value);
  if (text.size() > kMaxPayloadBytes) return;  // what was left out had its default written in full
  const auto again = decode(std::string_view(text));
  ZKC_CHECK(again.has_value());
  ZKC_CHECK(*again == value);
  ZKC_CHECK(encode(*again) == text);
}

// The whole test of most decoders of znodes.
template <class Decode, class Encode>
[[nodiscard]] bool TestCodec(std::string_view input, Decode decode, Encode encode) {
  const auto value = decode(input);
  if (!value) {
    CheckError(value.error(), ErrorCode::kBadData);
    return false;
  }
  CheckReadsBack(*value, decode, encode);
  return true;
}

}  // namespace zkcluster::fuzz
