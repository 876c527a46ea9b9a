// This checker's decisions in one cluster since it joined: counts the flips, and passes on the
// events for a hook. The journal has the same events. Owned by a Participant. Loop-bound.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/enum_array.h"
#include "checker/rules/change.h"
#include "model/board.h"
#include "model/journal.h"
#include "model/registration.h"

namespace zkcluster {

// Counted by the new status.
using FlipCounts = EnumArray<ShardStatus, std::uint64_t>;

class OwnDecisions {
 public:
  // Must not destroy the OwnDecisions.
  using OnEvent = std::function<void(const std::string& cluster, const Event& event)>;

  OwnDecisions(std::string cluster, OnEvent on_event);

  void TookOver(const LeaderRecord& record);
  void Committed(const std::vector<Change>& changes, const std::vector<Event>& events);

  [[nodiscard]] std::uint64_t depositions() const { return depositions_; }  // of leaders
  [[nodiscard]] const FlipCounts& flips() const { return flips_; }

 private:
  const std::string cluster_;
  const OnEvent on_event_;  // empty: no hook
  std::uint64_t depositions_ = 0;
  FlipCounts flips_;
};

}  // namespace zkcluster
