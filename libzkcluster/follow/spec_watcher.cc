#include "follow/spec_watcher.h"

#include <array>
#include <utility>

#include "follow/spec_read.h"

namespace zkcluster {

struct SpecWatcher::Verification {
  std::array<std::optional<zk::Stat>, 3> stats;
  bool failed = false;
};

bool SpecWatcher::State::operator==(const State& other) const {
  const bool same_spec = spec == other.spec || (spec && other.spec && *spec == *other.spec);
  return same_spec && standing == other.standing && trouble == other.trouble &&
         error == other.error;
}

SpecWatcher::SpecWatcher(Loop& loop, zk::Client& client, ClusterPaths paths, Changed changed)
    : loop_(loop),
      client_(client),
      paths_(std::move(paths)),
      changed_(std::move(changed)),
      backoff_(std::chrono::milliseconds(20), std::chrono::seconds(2)) {
  retry_ = loop_.NewTimer([this] {
    // A watcher may be behind, or the server that we now talk to. Reading again decides which.
    Refresh();
    Verify();
  });
  const auto watch = [this](const std::string& path) {
    return std::make_unique<zk::NodeWatcher>(
        loop_, client_, path, [this](const std::optional<zk::Node>&) { Recompute(); });
  };
  base_ = watch(paths_.base());
  shards_ = watch(paths_.shards());
  options_ = watch(paths_.options());
}

void SpecWatcher::Refresh() {
  base_->Refresh();
  shards_->Refresh();
  options_->Refresh();
}

void SpecWatcher::Recompute() {
  ++question_;
  retry_->Cancel();
  backoff_.Reset();
  if (!base_->known()) return;
  if (!base_->node()) {
    return Publish({nullptr, {}, Trouble::kAbsent, "no cluster \"" + paths_.name() + "\""});
  }
  if (!shards_->known() || !options_->known()) return;
  if (RawSpec{base_->node(), shards_->node(), options_->node()}.FromOneWrite()) return Judge();
  Verify();
}

void SpecWatcher::Verify() {
  const std::uint64_t question = ++question_;
  auto verification = std::make_shared<Verification>();
  const std::array paths = {paths_.base(), paths_.shards(), paths_.options()};
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const bool last = i + 1 == paths.size();
    client_.Exists(paths[i], {},
                   lifetime_.Guard([this, question, verification, i,
                                    last](Result<std::optional<zk::Stat>> stat) {
                     if (question != question_) return;
                     if (stat) {
                       verification->stats[i] = *stat;
                     } else {
                       verification->failed = true;
                     }
                     if (last) Verified(*verification);
                   }));
  }
}

void SpecWatcher::Verified(const Verification& verification) {
  const auto same = [](const std::optional<zk::Node>& held, const std::optional<zk::Stat>& now) {
    if (!held || !now) return !held && !now;
    return held->stat.czxid == now->czxid && held->stat.version == now->version;
  };
  // Each value was read before it was verified, and is still the same: all three were there
  // together when the first answer of the verification was made.
  if (!verification.failed && same(base_->node(), verification.stats[0]) &&
      same(shards_->node(), verification.stats[1]) &&
      same(options_->node(), verification.stats[2])) {
    return Judge();
  }
  // Most likely a watch has fired and its read is under way; then Recompute comes first. The
  // timer is for the other cases: the connection broke, or a new session reached a server
  // that lags behind.
  retry_->Arm(backoff_.Next(loop_.Random()));
}

void SpecWatcher::Judge() {
  const RawSpec raw{base_->node(), shards_->node(), options_->node()};
  const auto version = [](const std::optional<zk::Node>& node) {
    return node ? std::optional(node->stat.version) : std::nullopt;
  };
  SpecVersions standing{version(raw.base), version(raw.shards), version(raw.options)};
  auto stored = DecodeStoredSpec(paths_.name(), raw);
  if (stored) {
    auto spec = std::make_shared<const StoredSpec>(*std::move(stored));
    return Publish({std::move(spec), standing, Trouble::kNone, {}});
  }
  standing.newer = raw.NeedsNewer();

  State state{state_.spec, standing, Trouble::kBad, stored.error().message};
  // The spec that we hold is that of a deleted cluster: its successor must not use it.
  if (state.spec && state.spec->incarnation != raw.base->stat.czxid) state.spec.reset();
  if (!raw.shards || !raw.options) state.trouble = Trouble::kIncomplete;
  Publish(std::move(state));
}

void SpecWatcher::Publish(State state) {
  if (published_ && state == state_) return;
  published_ = true;
  state_ = std::move(state);
  // Copies of both: the callback may destroy this watcher, and its state with it.
  const State copy = state_;
  const Changed changed = changed_;
  changed(copy);
}

}  // namespace zkcluster
