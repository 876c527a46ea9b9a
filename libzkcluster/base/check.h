// Always-on assertions for bugs, never for input. A broken invariant ends the process with one
// line on stderr: a restarted checker is cheap and safe, one that goes on in an impossible state
// is neither. Thread-safe.
#pragma once

namespace zkcluster::internal {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace zkcluster::internal

#define ZKC_CHECK(condition)    \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::zkcluster::internal::CheckFailed(#condition, __FILE__, __LINE__))
