#include "client/follower.h"

#include <set>
#include <string>
#include <utility>

#include "model/reason.h"

namespace zkcluster {
namespace {

std::size_t ThreadIndex() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
  return index;
}

}  // namespace

void Follower::LookupCounters::Count(const Location& location) {
  Stripe& stripe = stripes_[ThreadIndex() % stripes_.size()];
  stripe.lookups.fetch_add(1, std::memory_order_relaxed);
  if (!location.serving) stripe.dead_hits.fetch_add(1, std::memory_order_relaxed);
  if (location.stand_in) stripe.stand_in_hits.fetch_add(1, std::memory_order_relaxed);
}

void Follower::LookupCounters::AddTo(ClusterCounters& sum) const {
  for (const Stripe& stripe : stripes_) {
    sum.lookups += stripe.lookups.load(std::memory_order_relaxed);
    sum.stand_in_hits += stripe.stand_in_hits.load(std::memory_order_relaxed);
    sum.dead_hits += stripe.dead_hits.load(std::memory_order_relaxed);
  }
}

Follower::Follower(ClusterPaths paths, bool refuse_unknown, PoolOptions pool,
                   std::shared_ptr<SessionFacts> facts)
    : paths_(std::move(paths)),
      refuse_unknown_(refuse_unknown),
      facts_(std::move(facts)),
      pool_(std::move(pool)) {}

void Follower::Begin(Loop& loop, zk::Client& client) {
  client_ = &client;
  watcher_ = std::make_unique<StatusWatcher>(
      loop, client, paths_, refuse_unknown_,
      StatusWatcher::Callbacks{[this](const auto& update) { Updated(update); },
                               [this](const auto& error) { Troubled(error); }});
}

Result<void> Follower::AwaitTable(Duration timeout) {
  std::unique_lock lock(opening_);
  const bool decided =
      decided_.wait_for(lock, timeout, [this] { return has_table_ || trouble_.has_value(); });
  if (has_table_) return {};
  if (decided) return Fail(*trouble_);
  return Fail(ErrorCode::kUnavailable,
              facts_->age() == Duration::max()
                  ? "no ZooKeeper server answered in time"
                  : "ZooKeeper answered, but no table was complete in time");
}

void Follower::Locate(std::string_view key, Location& location) const {
  slot_.Current().Locate(key, location);
  lookups_.Count(location);
}

ClusterCounters Follower::Counters() const {
  ClusterCounters result;
  lookups_.AddTo(result);
  result.tables_built = tables_built_.load(std::memory_order_relaxed);
  result.bad_payloads = bad_payloads_.load(std::memory_order_relaxed);
  result.sessions = facts_->sessions();
  const auto connections = pool_.counters();
  result.connections_opened = connections.opened;
  result.connections_failed = connections.failed;
  result.connections_reused = connections.reused;
  return result;
}

void Follower::Record() {
  facts_->Record(*client_);
  if (!watcher_) return;
  tables_built_.store(watcher_->counters().tables_built, std::memory_order_relaxed);
  bad_payloads_.store(watcher_->counters().bad_payloads, std::memory_order_relaxed);
}

// A callback that throws ends the program here, where the stack still shows it, and not inside
// a C library.
void Follower::Updated(const StatusWatcher::Update& update) noexcept {
  Record();
  std::set<std::string> living;
  const auto& shards = update.table->spec().shards;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (update.table->board().shards[i].status != ShardStatus::kDead) living.insert(shards[i].addr);
  }
  // First: a reader of the new table must find its addresses in the pool.
  pool_.Retain(living);
  const auto published = slot_.Publish({update.table, update.epoch, update.sequence, 0});
  {
    const std::lock_guard lock(opening_);
    has_table_ = true;
    decided_.notify_all();
  }
  const auto listeners = listeners_.entries();
  if (listeners.empty()) return;
  const ClusterView view = ViewOf(published);
  for (const auto& listener : listeners) listener->Run(view);
}

void Follower::Troubled(const Error& error) {
  Record();
  const std::lock_guard lock(opening_);
  // A status that cannot be read still gives a table. Without a spec there is none.
  if (error.code == ErrorCode::kNotFound || !watcher_ || !watcher_->has_spec()) trouble_ = error;
  decided_.notify_all();
}

ClusterView Follower::ViewOf(const PublishedTable& published) const {
  ClusterView view;
  view.session = facts_->state();
  view.age = facts_->age();
  view.epoch = published.epoch;
  view.sequence = published.sequence;
  view.generation = published.generation;
  if (!published.table) return view;
  const ClusterSpec& spec = published.table->spec();
  view.spec_version = spec.version;
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    const ShardState& state = published.table->board().shards[i];
    ClusterView::Shard shard{spec.shards[i], state.status, state.since, {}};
    if (state.status == ShardStatus::kDead && state.reason != Reason::kNone) {
      shard.reason = ReasonName(state.reason);
    }
    view.shards.push_back(std::move(shard));
  }
  return view;
}

}  // namespace zkcluster
