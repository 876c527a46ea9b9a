// Errors as values. Every call that can fail at run time returns a Result; nothing in the public
// API throws. An error carries a code that tells the caller what to *do* and a message that tells a
// person what happened, with context added on the way up ("read ballot votes/rack1: not JSON at
// byte 12"). Pure; values, safe to copy between threads.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace zkcluster {

// Few codes, each an action.
enum class ErrorCode {
  kInvalid,         // the request itself is wrong: change it
  kBadData,         // bytes read from outside could not be decoded: the writer must be mended
  kNotFound,        // there is no such cluster, shard or znode
  kExists,          // it is there already
  kConflict,        // somebody else changed it meanwhile: read again, then decide again
  kNotEmpty,        // a znode still has children: list again
  kDenied,          // credentials are missing or insufficient
  kTooLarge,        // above a documented size limit: never sent
  kUnavailable,     // no session now; certainly not done: try again later
  kUnknownOutcome,  // sent, and the answer was lost: re-read before anything else
  kSessionLost,     // the session ended; its ephemerals are gone: register anew
  kTimeout,         // the caller's own deadline passed
  kShardDead,       // the key's owner is dead and nobody stands in for it
  kInternal,        // anything else, worth a bug report
};

// The stable name of a code, e.g. "conflict". Used in logs and JSON.
std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  int op_index = -1;  // which operation of a multi failed, counted from 0; -1: none or not known

  // The same error, its message prefixed with `context` and ": ".
  [[nodiscard]] Error Within(std::string_view context) const {
    return Error{code, std::string(context) + ": " + message, op_index};
  }
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

// `return Fail(ErrorCode::kNotFound, "no cluster \"x\"");`
[[nodiscard]] inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message), -1});
}
[[nodiscard]] inline tl::unexpected<Error> Fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace zkcluster
