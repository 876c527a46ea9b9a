#include "model/reason.h"

#include <array>
#include <cstddef>

namespace zkcluster {
namespace {

constexpr std::array<std::string_view, kReasonCount> kNames = {
    "none",        "refused",  "reset",       "timeout",     "loading",  "masterdown",
    "busy",        "misconf",  "maxclients",  "error_reply", "protocol", "unresolved",
    "unreachable", "no_route", "local_limit", "mixed",       "lost",
};
static_assert(!kNames.back().empty());

}  // namespace

std::string_view ReasonName(Reason reason) {
  return kNames.at(static_cast<std::size_t>(reason));
}

std::optional<Reason> ParseReason(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

}  // namespace zkcluster
