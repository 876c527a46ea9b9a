// Logs this checker's opinions on the servers of one cluster: each change of an opinion and
// each alarm of a probe. In a storm only the first lines are logged, the others go to the
// debug level, and one line gives their sum when the window of the StormBrake ends. Owned by
// a Participant. Loop-bound.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/loop.h"
#include "checker/cluster/storm_brake.h"
#include "checker/probe/prober.h"
#include "model/ballot.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

class OpinionLog {
 public:
  struct Server {
    std::string_view shard;
    std::string_view addr;
  };

  explicit OpinionLog(const ClusterScope& scope);

  void NoteOpinion(const Server& server, const Vote& from, const Vote& to);
  void NoteAlarm(const Server& server, ProbeAlarm alarm);  // kNone: it is over

 private:
  [[nodiscard]] LogLevel Braked(LogLevel level);
  void LogStorm();

  Loop& loop_;
  Logger& logger_;
  const std::string cluster_;
  StormBrake brake_;
  OpinionCounts withheld_opinions_;  // lines in this window of the brake
  std::size_t withheld_alarms_ = 0;
  std::unique_ptr<Timer> storm_end_;
};

}  // namespace zkcluster
