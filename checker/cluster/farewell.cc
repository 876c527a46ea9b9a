#include "checker/cluster/farewell.h"

#include <utility>

#include "checker/rules/standing.h"

namespace zkcluster {

Farewell::Farewell(Loop& loop, zk::Client& client, ClusterPaths paths, std::string id,
                   std::string guid, Callbacks callbacks)
    : client_(client),
      loop_(loop),
      paths_(std::move(paths)),
      id_(std::move(id)),
      guid_(std::move(guid)),
      callbacks_(std::move(callbacks)),
      look_(loop.NewTimer([this] { Look(); })),
      backoff_(std::chrono::milliseconds(100), std::chrono::seconds(5)),
      session_(client.OnSession([this](const zk::SessionEvent& event) { OnSession(event); })) {
  look_->Arm(Duration::zero());
}

void Farewell::OnSession(const zk::SessionEvent& event) {
  if (over_) return;
  if (event.state == SessionState::kLost) return Over();
  if (event.state == SessionState::kConnected) look_->Arm(Duration::zero());
}

void Farewell::Look() {
  attempt_.Reset();
  // The reconnect looks again; and a session that is lost takes everything with it.
  if (client_.state() != SessionState::kConnected) return;
  client_.Children(paths_.election(), {},
                   attempt_.Guard([this](Result<std::vector<std::string>> nodes) {
                     if (nodes) return RemoveCandidates(*nodes);
                     if (Settled(nodes.error())) RemoveBallot();
                   }));
}

// The candidates go first: while none stands no ballot of ours can be made.
void Farewell::RemoveCandidates(const std::vector<std::string>& nodes) {
  const auto pending = std::make_shared<std::size_t>(1);
  const auto one_gone = [this, pending] {
    if (--*pending == 0) RemoveBallot();
  };
  for (const auto& candidate : SortCandidates(nodes)) {
    if (candidate.name.guid != guid_) continue;
    ++*pending;
    // Whatever its version: the guid says whose it is, and its name will never be another's.
    client_.Delete(paths_.candidate(candidate.node), zk::kAnyVersion,
                   attempt_.Guard([this, one_gone](Result<void> gone) {
                     if (gone || Settled(gone.error())) one_gone();
                   }));
  }
  one_gone();
}

void Farewell::RemoveBallot() {
  const std::string path = paths_.vote(id_);
  client_.Exists(path, {}, attempt_.Guard([this, path](Result<std::optional<zk::Stat>> stat) {
    if (!stat) {
      if (Settled(stat.error())) Clean();
      return;
    }
    if (!*stat || (*stat)->ephemeral_owner != client_.session_id()) return Clean();
    client_.Delete(path, (*stat)->version, attempt_.Guard([this](Result<void> gone) {
      if (gone || Settled(gone.error())) Clean();
    }));
  }));
}

bool Farewell::Settled(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return true;
  attempt_.Reset();
  look_->Arm(backoff_.Next(loop_.Random()));
  return false;
}

void Farewell::Clean() {
  if (clean_) return Over();
  clean_ = true;
  look_->Arm(client_.session_timeout());
  callbacks_.clean();
}

void Farewell::Over() {
  over_ = true;
  attempt_.Reset();
  look_->Cancel();
  callbacks_.over();
}

}  // namespace zkcluster
