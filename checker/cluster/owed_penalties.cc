#include "checker/cluster/owed_penalties.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "checker/rules/decide.h"
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

int OwedPenalties::RequiredFor(const std::string& shard, const HealthSettings& health) const {
  const auto known = penalties_.find(shard);
  if (known == penalties_.end()) return 1;
  const int owed = DecayedPenalty(known->second, true, scope_.loop.WallNow(), health.interval);
  // DecayedPenalty returns the penalty after the next death: twice that of the last one.
  return std::clamp(owed / 2, 1, MaxRequired(health.threshold, health.interval));
}

}  // namespace zkcluster
