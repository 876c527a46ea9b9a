#include <zkcluster/result.h>

#include <cstdio>
#include <cstdlib>

namespace zkcluster {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kBadData:
      return "bad_data";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kExists:
      return "exists";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kNotEmpty:
      return "not_empty";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kUnknownOutcome:
      return "unknown_outcome";
    case ErrorCode::kSessionLost:
      return "session_lost";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kShardDead:
      return "shard_dead";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

namespace internal {

void ResultMisused(const Error* error) {
  if (error == nullptr) {
    std::fputs("zkcluster: the error of a Result was taken, which holds none\n", stderr);
  } else {
    const std::string_view code = ErrorCodeName(error->code);
    std::fprintf(stderr,
                 "zkcluster: the value of a Result was taken, which holds an error: %.*s: %s\n",
                 static_cast<int>(code.size()), code.data(), error->message.c_str());
  }
  std::abort();
}

}  // namespace internal
}  // namespace zkcluster
