#include "checker/cluster/owed_penalties.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "codec/codec.h"

namespace zkcluster {

OwedPenalties::OwedPenalties(const ClusterScope& scope, std::function<void()> again)
    : scope_(scope),
      again_(std::move(again)),
      retry_(scope.loop.NewTimer([this] { again_(); })),
      backoff_(std::chrono::milliseconds(100), std::chrono::seconds(5)) {}

void OwedPenalties::Read() {
  scope_.client.Get(scope_.paths.ledger(), {}, lifetime_.Guard([this](Result<zk::Node> node) {
    if (!node && node.error().code != ErrorCode::kNotFound) {
      retry_->Arm(backoff_.Next(scope_.loop.Random()));
      return;
    }
    if (node) {
      if (auto ledger = DecodeLedger(node->data)) penalties_ = std::move(ledger->penalties);
    }
    known_ = true;
    again_();
  }));
}

FormerDeaths OwedPenalties::Of(const std::string& shard) const {
  const auto known = penalties_.find(shard);
  if (known == penalties_.end()) return {};
  const Penalty& penalty = known->second;
  const Micros now = scope_.client.server_time().value_or(scope_.loop.WallNow());
  // If the clock has jumped back, it has not lived.
  const Micros lived = std::max(Micros::zero(), now - penalty.since);
  return {penalty.required, penalty.dead(), penalty.dead() ? Micros::zero() : lived};
}

}  // namespace zkcluster
