// What this checker has decided in one cluster since it joined: counts its flips, and passes on the
// events that a hook wants to hear of. The journal has the same events. Owned by a Participant.
// Loop-bound.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/enum_array.h"
#include "checker/rules/change.h"
#include "model/journal.h"
#include "model/registration.h"

namespace zkcluster {

// By the status flipped to.
using FlipCounts = EnumArray<ShardStatus, std::uint64_t>;

class OwnDecisions {
 public:
  // Must not destroy the OwnDecisions.
  using OnEvent = std::function<void(const std::string& cluster, const Event& event)>;

  OwnDecisions(std::string cluster, OnEvent on_event);

  void TookOver(const LeaderRecord& record);
  void Committed(const std::vector<Change>& changes, const std::vector<Event>& events);

  [[nodiscard]] const FlipCounts& flips() const { return flips_; }

 private:
  const std::string cluster_;
  const OnEvent on_event_;  // empty: nobody wants to know
  FlipCounts flips_;
};

}  // namespace zkcluster
