#include "model/reason.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/word_table.h"

namespace zkcluster {
namespace {

constexpr std::array<std::string_view, kReasonCount> kNames = {
    "none",        "refused",  "reset",       "timeout",     "loading",  "masterdown",
    "busy",        "misconf",  "maxclients",  "error_reply", "protocol", "unresolved",
    "unreachable", "no_route", "local_limit", "mixed",       "lost",     "other",
};
static_assert(!kNames.back().empty());
static_assert(kReasonCount + kMaxOtherReasons <= 256);

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kMaxReasonBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// The unknown words, in the order in which this process met them: a word's place is its Reason.
constinit WordTable<kMaxOtherReasons> other_words;

}  // namespace

std::string_view ReasonName(Reason reason) {
  if (reason <= Reason::kOther) return kNames.at(static_cast<std::size_t>(reason));
  const std::size_t place = static_cast<std::size_t>(reason) - kReasonCount;
  const std::string* const word = other_words.At(place);
  return word != nullptr ? std::string_view(*word) : kNames.back();
}

Reason ReasonOf(std::string_view name) {
  const auto known = std::find(kNames.begin(), kNames.end(), name);
  if (known != kNames.end()) return static_cast<Reason>(known - kNames.begin());
  if (!IsWord(name)) return Reason::kOther;
  const auto place = other_words.PlaceOf(name);
  return place ? static_cast<Reason>(kReasonCount + *place) : Reason::kOther;
}

}  // namespace zkcluster
