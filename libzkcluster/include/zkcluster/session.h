// The lease that a program holds with the ensemble. Pure.
#pragma once

#include <zkcluster/export.h>
#include <string_view>

namespace zkcluster {

// How far the session with the ensemble can be relied on now.
enum class SessionState {
  kConnecting,  // no session yet
  kConnected,   // heard from the ensemble lately
  kSuspended,   // silent for two thirds of the session timeout: our values may be old
  kLost,        // the session ended; a new one is being opened
};
[[nodiscard]] ZKC_EXPORT std::string_view SessionStateName(SessionState state);  // "connected", ...

}  // namespace zkcluster
