#include "model/reason.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

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

// The unknown words, in the order in which this process met them. It grows only: a word has its
// place, and with it its Reason, as long as the process lives. Several threads may read bytes.
class OtherWords {
 public:
  // The place of `word`, which is added where it is new. Nothing: there is no room for it.
  std::optional<std::size_t> PlaceOf(std::string_view word) {
    std::unique_ptr<const std::string> added;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const std::string* there = words_[i].load(std::memory_order_acquire);
      if (there == nullptr) {
        if (!added) added = std::make_unique<const std::string>(word);
        if (words_[i].compare_exchange_strong(there, added.get(), std::memory_order_acq_rel)) {
          there = added.release();
        }
      }
      if (*there == word) return i;
    }
    return std::nullopt;
  }

  // Null: none has that place.
  [[nodiscard]] const std::string* At(std::size_t place) const {
    return place < words_.size() ? words_[place].load(std::memory_order_acquire) : nullptr;
  }

 private:
  std::array<std::atomic<const std::string*>, kMaxOtherReasons> words_{};
};

constinit OtherWords other_words;

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
