#include "checker/cluster/own_decisions.h"

#include <utility>

namespace zkcluster {

OwnDecisions::OwnDecisions(std::string cluster, OnEvent on_event)
    : cluster_(std::move(cluster)), on_event_(std::move(on_event)) {}

void OwnDecisions::TookOver(const LeaderRecord& record) {
  if (!record.deposed.empty()) ++depositions_;
  if (!on_event_) return;
  Event event;
  event.what = Event::Leader{record.deposed};
  event.at = record.since;
  event.leader = record.id;
  event.epoch = record.epoch;
  on_event_(cluster_, event);
}

void OwnDecisions::Committed(const std::vector<Change>& changes, const std::vector<Event>& events) {
  for (const Flip& flip : ChangesOf<Flip>(changes)) ++flips_[flip.to];
  if (!on_event_) return;
  for (const Event& event : events) on_event_(cluster_, event);
}

}  // namespace zkcluster
