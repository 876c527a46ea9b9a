#include <zkcluster/session.h>

namespace zkcluster {

std::string_view SessionStateName(SessionState state) {
  switch (state) {
    case SessionState::kConnecting:
      return "connecting";
    case SessionState::kConnected:
      return "connected";
    case SessionState::kSuspended:
      return "suspended";
    case SessionState::kLost:
      return "lost";
  }
  return "unknown";
}

}  // namespace zkcluster
