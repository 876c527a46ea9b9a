#include "follow/status_watcher.h"

#include <utility>

namespace zkcluster {

StatusWatcher::StatusWatcher(Loop& loop, zk::Client& client, ClusterPaths paths,
                             bool refuse_unknown, Callbacks callbacks)
    : refuse_unknown_(refuse_unknown),
      callbacks_(std::move(callbacks)),
      board_watcher_(loop, client, std::move(paths),
                     {[this](const auto& view) { Publish(view); }, callbacks_.troubled}) {}

StatusWatcher::Counters StatusWatcher::counters() const {
  const BoardWatcher::Counters& read = board_watcher_.counters();
  return {tables_built_, read.bad_payloads + tables_refused_, read.chunk_reads};
}

void StatusWatcher::Publish(const BoardWatcher::View& view) {
  const bool same_table = table_ && table_->spec() == view.spec && table_->board() == view.board;
  if (same_table && published_ && published_->epoch == view.epoch &&
      published_->sequence == view.sequence) {
    return;
  }
  if (!same_table) {
    auto built = RoutingTable::Build(view.spec, view.board, refuse_unknown_, table_.get());
    if (!built) {
      ++tables_refused_;
      return callbacks_.troubled(
          {ErrorCode::kBadData, built.error().Within("build the table").message});
    }
    table_ = std::move(*built);
    ++tables_built_;
  }
  published_ = Update{table_, view.epoch, view.sequence};
  callbacks_.updated(*published_);
}

}  // namespace zkcluster
