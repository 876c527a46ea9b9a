// The lines that a client logs about its session: one for each change of its state, with
// what an operator wants to know next (which server, why, silent for how long). Owned by
// a NativeClient. Loop-bound.
#pragma once

#include <zkcluster/session.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace zkcluster::zk {

class SessionLog {
 public:
  struct Facts {
    std::int64_t session_id = 0;
    std::uint64_t generation = 0;
    std::string server;       // of kConnected
    Duration timeout{0};      // of kConnected
    std::string_view reason;  // of kSuspended and kLost
    Duration silent{0};       // of kSuspended and kLost
  };
  SessionLog(Logger& logger, const std::vector<std::string>& servers);

  void Log(SessionState state, const Facts& facts);

 private:
  Logger& logger_;
  const std::string servers_;
};

}  // namespace zkcluster::zk
