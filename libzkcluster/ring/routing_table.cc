#include "ring/routing_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkcluster {
namespace {

bool HasSamePlacement(const ClusterSpec& a, const ClusterSpec& b) {
  return a.ring == b.ring &&
         std::ranges::equal(a.shards, b.shards, [](const ShardSpec& x, const ShardSpec& y) {
           return x.name == y.name && x.weight == y.weight;
         });
}

}  // namespace

Result<std::shared_ptr<const RoutingTable>> RoutingTable::Build(ClusterSpec spec, StatusBoard board,
                                                                bool refuse_unknown,
                                                                const RoutingTable* previous) {
  ZKC_CHECK(board.shards.size() == spec.shards.size());
  std::shared_ptr<const Ring> ring;
  if (previous != nullptr && HasSamePlacement(spec, previous->spec_)) {
    ring = previous->ring_;
  } else {
    auto built = Ring::Build(spec.shards, spec.ring);
    if (!built) return Fail(std::move(built).error());
    ring = std::make_shared<const Ring>(*std::move(built));
  }
  return std::shared_ptr<const RoutingTable>(
      new RoutingTable(std::move(spec), std::move(board), std::move(ring), refuse_unknown));
}

RoutingTable::RoutingTable(ClusterSpec spec, StatusBoard board, std::shared_ptr<const Ring> ring,
                           bool refuse_unknown)
    : spec_(std::move(spec)), board_(std::move(board)), ring_(std::move(ring)) {
  const auto& points = ring_->points();
  const auto serves_itself = [&](const Ring::Point& point) {
    const ShardStatus status = board_.shards[point.shard].status;
    return status == ShardStatus::kAlive || (status == ShardStatus::kUnknown && !refuse_unknown);
  };
  serving_.resize(points.size());
  std::size_t start = points.size();  // a point whose owner serves it
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::int64_t since_us = board_.shards[points[i].shard].since.count();
    const bool alive = serves_itself(points[i]);
    serving_[i] = {alive ? points[i].shard : kNobody, since_us};
    if (alive) start = i;
  }
  if (!spec_.failover || start == points.size()) return;

  // From there backwards round the circle, so that the next point is always settled first. A dead
  // owner's point goes to the shard of the next point, since the later of the two times.
  Serving next = serving_[start];
  for (std::size_t n = 1; n < points.size(); ++n) {
    Serving& here = serving_[(start + points.size() - n) % points.size()];
    if (here.shard == kNobody) here = {next.shard, std::max(next.since_us, here.since_us)};
    next = here;
  }
}

RoutingTable::Route RoutingTable::Find(std::string_view key) const {
  const std::size_t point = ring_->PointOf(ring_->KeyHash(key));
  const Serving& serving = serving_[point];
  return {ring_->points()[point].shard, serving.shard, Micros(serving.since_us)};
}

Location RoutingTable::Locate(std::string_view key) const {
  Location location;
  Locate(key, location);
  return location;
}

void RoutingTable::Locate(std::string_view key, Location& location) const {
  const Route route = Find(key);
  const bool is_served = route.serving != kNobody;
  location.owner = spec_.shards[route.owner].name;
  location.since = route.since;
  location.stand_in = is_served && route.serving != route.owner;
  if (is_served) {
    location.serving = spec_.shards[route.serving].name;
    location.addr = spec_.shards[route.serving].addr;
  } else {
    location.serving.reset();
    location.addr.clear();
  }
}

}  // namespace zkcluster
