#include "checker/cluster/farewell.h"

#include <utility>

#include "checker/rules/standing.h"

namespace zkcluster {

Farewell::Farewell(ClusterScope scope, std::string id, std::string guid, Callbacks callbacks)
    : scope_(std::move(scope)),
      id_(std::move(id)),
      guid_(std::move(guid)),
      callbacks_(std::move(callbacks)),
      search_(scope_.loop.NewTimer([this] { Search(); })),
      backoff_(std::chrono::milliseconds(100), std::chrono::seconds(5)),
      session_(
          scope_.client.OnSession([this](const zk::SessionEvent& event) { OnSession(event); })) {
  search_->Arm(Duration::zero());
}

void Farewell::OnSession(const zk::SessionEvent& event) {
  if (state_ == State::kOver) return;
  if (event.state == SessionState::kLost) return Enter(State::kOver);
  if (event.state == SessionState::kConnected) search_->Arm(Duration::zero());
}

void Farewell::Search() {
  attempt_.Reset();
  // After a reconnect the search is repeated; a lost session takes everything with it.
  if (scope_.client.state() != SessionState::kConnected) return;
  scope_.client.Children(scope_.paths.election(), {},
                         attempt_.Guard([this](Result<std::vector<std::string>> nodes) {
                           if (nodes) return RemoveCandidates(*nodes);
                           if (Settled(nodes.error())) RemoveBallot();
                         }));
}

// The candidates go first: while there is none, no ballot of ours can be made.
void Farewell::RemoveCandidates(const std::vector<std::string>& nodes) {
  const auto pending = std::make_shared<std::size_t>(1);
  const auto one_gone = [this, pending] {
    if (--*pending == 0) RemoveBallot();
  };
  for (const auto& candidate : SortCandidates(nodes)) {
    if (candidate.name.guid != guid_) continue;
    ++*pending;
    // Delete it at any version: the guid proves that it is ours, and its name is never used again.
    scope_.client.Delete(scope_.paths.candidate(candidate.node), zk::kAnyVersion,
                         attempt_.Guard([this, one_gone](Result<void> gone) {
                           if (gone || Settled(gone.error())) one_gone();
                         }));
  }
  one_gone();
}

void Farewell::RemoveBallot() {
  const std::string path = scope_.paths.vote(id_);
  scope_.client.Exists(path, {}, attempt_.Guard([this, path](Result<std::optional<zk::Stat>> stat) {
    if (!stat) {
      if (Settled(stat.error())) Finish();
      return;
    }
    if (!*stat || (*stat)->ephemeral_owner != scope_.client.session_id()) return Finish();
    scope_.client.Delete(path, (*stat)->version, attempt_.Guard([this](Result<void> gone) {
      if (gone || Settled(gone.error())) Finish();
    }));
  }));
}

bool Farewell::Settled(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return true;
  attempt_.Reset();
  search_->Arm(backoff_.Next(scope_.loop.Random()));
  return false;
}

void Farewell::Finish() {
  Enter(state_ == State::kSearching ? State::kClean : State::kOver);
}

// The callbacks come last: `over` may destroy this.
void Farewell::Enter(State next) {
  state_ = next;
  scope_.logger.Debug("farewell.state", {{"cluster", scope_.paths.name()},
                                         {"id", id_},
                                         {"to", next == State::kClean ? "clean" : "over"}});
  if (next == State::kClean) {
    search_->Arm(scope_.client.session_timeout());
    callbacks_.clean();
  } else {
    attempt_.Reset();
    search_->Cancel();
    callbacks_.over();
  }
}

}  // namespace zkcluster
