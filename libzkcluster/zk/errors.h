// What an error of ZooKeeper means, decided in one place: have the values read changed since, may
// another try succeed, may the request have taken effect. Conductors call these instead of
// listing codes. Pure.
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <optional>

namespace zkcluster::zk {

// The error of a multi: also which of its operations the ensemble refused, counted from 0. Empty:
// the multi as a whole failed, or it is unknown.
struct OpError : Error {
  std::optional<std::size_t> failed_op = std::nullopt;
  bool operator==(const OpError&) const = default;
};

// The ensemble refused because the facts behind the request have changed: a version moved, a znode
// came or went. Nothing was done. Read again, then decide again.
[[nodiscard]] inline bool IsGuardFailure(const Error& error) {
  return error.code == ErrorCode::kConflict || error.code == ErrorCode::kNotFound ||
         error.code == ErrorCode::kExists || error.code == ErrorCode::kNotEmpty;
}

// The answer was lost: the request may have taken effect, and after kUnknownOutcome may even still
// take effect. Re-read before anything else.
[[nodiscard]] inline bool IsOutcomeUnknown(const Error& error) {
  return error.code == ErrorCode::kUnknownOutcome || error.code == ErrorCode::kSessionLost;
}

// The error says nothing about the request itself: the same one may succeed once there
// is a session.
[[nodiscard]] inline bool IsTransient(const Error& error) {
  return error.code == ErrorCode::kUnavailable || IsOutcomeUnknown(error);
}

// The request itself is wrong, or not permitted: sent again as it is, it fails again.
[[nodiscard]] inline bool IsRefusedForGood(const Error& error) {
  return error.code == ErrorCode::kTooLarge || error.code == ErrorCode::kDenied ||
         error.code == ErrorCode::kInvalid;
}

}  // namespace zkcluster::zk
