// The verbs of zkctl and their options, as the command line and --help know them. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster::zkctl {

struct Verb {
  std::string_view name;      // "checkers forget" is one of its own
  std::string_view operands;  // as --help shows them
  std::size_t least;
  std::size_t most;
  std::vector<std::string_view> options;  // besides the common ones
  std::string_view summary;
  std::string_view help;
};
[[nodiscard]] const std::vector<Verb>& Verbs();
[[nodiscard]] const Verb* FindVerb(std::string_view name);  // null: there is none
[[nodiscard]] std::vector<std::string_view> VerbNames();
// Whether there are verbs of two words of which it is the first.
[[nodiscard]] bool IsVerbFamily(std::string_view first);
[[nodiscard]] std::string SecondWords(std::string_view first);  // "on, off, list"

// One table of every option: only so may they stand before the verb. Which of them the verb takes
// is looked at afterwards.
struct Option {
  const char* names;     // "output,o"
  const char* argument;  // null: a flag
  const char* help;
};
[[nodiscard]] std::span<const Option> Options();
[[nodiscard]] std::string LongName(const Option& option);
// Every verb takes the common ones.
[[nodiscard]] bool Takes(const Verb& verb, std::string_view option);

}  // namespace zkcluster::zkctl
