#include "tests/fakes/fake_quorum.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkcluster::sim {

FakeQuorum::Peer::Peer(int index, FakeQuorum& quorum)
    : server(index, quorum.world_, quorum.wire_, quorum, quorum.tree_),
      to_leader(quorum.world_, quorum.options_),
      commits(quorum.world_, quorum.options_),
      replies(quorum.world_, quorum.options_) {}

FakeQuorum::FakeQuorum(SimWorld& world, const EnsembleOptions& options, CommitFunction on_commit)
    : world_(world), options_(options), on_commit_(std::move(on_commit)), wire_(world, options_) {
  ZKC_CHECK(options_.servers > 0);
  for (int i = 0; i < options_.servers; ++i) peers_.push_back(std::make_unique<Peer>(i, *this));
  if (peers_.size() > 1) leader_ = static_cast<int>(world_.Below(peers_.size()));
  At(leader_).leads = true;
}

FakeQuorum::~FakeQuorum() {
  StopClocks();
  world_.Cancel(election_);
  world_.Cancel(advance_);
  for (const auto& peer : peers_) {
    world_.Cancel(peer->report);
    world_.Cancel(peer->give_up);
    world_.Cancel(peer->join);
  }
}

Micros FakeQuorum::WallNow() const {
  // The server stamps milliseconds.
  return std::chrono::duration_cast<std::chrono::milliseconds>(world_.wall_now());
}

// --- from a server to the leading one ---

void FakeQuorum::Open(int at, const std::shared_ptr<Link>& link, Duration timeout, TimePoint sent) {
  Proposal proposal{Proposal::Kind::kOpen, at, link};
  proposal.timeout =
      std::clamp(timeout, options_.min_session_timeout, options_.max_session_timeout);
  proposal.sent = sent;
  Forward(at, std::move(proposal));
}

void FakeQuorum::Write(int at, const std::shared_ptr<Link>& link, std::uint64_t ticket,
                       Request request) {
  Proposal proposal{Proposal::Kind::kWrite, at, link, ticket, link->session_id};
  proposal.request = std::move(request);
  Forward(at, std::move(proposal));
}

void FakeQuorum::Sync(int at, const std::shared_ptr<Link>& link, std::uint64_t ticket) {
  Forward(at, {Proposal::Kind::kSync, at, link, ticket, link->session_id});
}

void FakeQuorum::Close(int at, const std::shared_ptr<Link>& link, std::uint64_t ticket) {
  Forward(at, {Proposal::Kind::kClose, at, link, ticket, link->session_id});
}

void FakeQuorum::Forward(int at, Proposal proposal) {
  Peer& peer = At(at);
  if (!peer.leads) {
    peer.to_leader.Send(
        [this, proposal = std::move(proposal)]() mutable { Receive(std::move(proposal)); });
    return;
  }
  if (peer.reign == reign_) return Receive(std::move(proposal));
  // It is no longer the leading server and has not noticed yet. Its writes hang; but it grants a
  // sync without asking anybody, as the real one does.
  if (proposal.kind == Proposal::Kind::kSync && proposal.link->waiting.size() == 1) {
    peer.server.Answer(proposal.link, proposal.ticket, Reply());
  }
}

void FakeQuorum::Resume(int at, const std::shared_ptr<Link>& link, std::int64_t session_id,
                        TimePoint sent) {
  const auto ask = [this, at, link, session_id, sent] {
    const auto found = sessions_.find(session_id);
    const bool alive = found != sessions_.end();
    const Duration timeout = alive ? found->second.timeout : Duration::zero();
    if (alive) {
      found->second.link = link;  // from now on no other connection may write
      Touch(session_id);
    }
    Peer& peer = At(at);
    if (peer.leads) return peer.server.Accept(link, alive ? session_id : 0, timeout, sent);
    peer.replies.Send([&peer, link, id = alive ? session_id : 0, timeout, sent] {
      peer.server.Accept(link, id, timeout, sent);
    });
  };
  Peer& peer = At(at);
  if (!peer.leads) return peer.to_leader.Send(ask);
  if (peer.reign == reign_) ask();
}

// --- order and commits ---

void FakeQuorum::Receive(Proposal proposal) {
  if (proposal.kind == Proposal::Kind::kWrite || proposal.kind == Proposal::Kind::kClose) {
    const auto found = sessions_.find(proposal.session_id);
    if (found == sessions_.end()) return;  // its server will hear of the end, and hang up
    // The client has another connection: its earlier requests must not overtake its present ones.
    if (proposal.link && found->second.link.lock() != proposal.link) {
      Record record;
      record.origin = proposal.origin;
      record.then = [this, link = proposal.link] { wire_.HangUp(link); };
      return SendToOrigin(std::move(record));
    }
  }
  proposal.received = tree_.zxid();
  if (peers_.size() > 1 || slow_ > Duration::zero() || !proposals_.empty()) {
    const Duration round_trip = peers_.size() > 1 ? world_.Between(2 * options_.min_server_latency,
                                                                   2 * options_.max_server_latency)
                                                  : Duration::zero();
    last_due_ = std::max(last_due_, world_.now() + slow_ + round_trip);
    // A sync asks nobody: it only waits for the requests before it.
    const bool is_sync = proposal.kind == Proposal::Kind::kSync;
    proposal.due = !is_sync ? last_due_ : proposals_.empty() ? world_.now() : proposals_.back().due;
    proposal.spread = peers_.size() > 1 && HasQuorum();
  }
  proposals_.push_back(std::move(proposal));
  Advance();
}

void FakeQuorum::Advance() {
  while (!proposals_.empty()) {
    const bool asks_nobody = proposals_.front().kind == Proposal::Kind::kSync;
    if (!asks_nobody && !HasQuorum()) return;  // Review comes here again
    if (proposals_.front().due > world_.now()) break;
    const Proposal proposal = std::move(proposals_.front());
    proposals_.pop_front();
    Commit(proposal);
  }
  if (proposals_.empty() || advance_ != 0) return;
  advance_ = world_.At(proposals_.front().due, nullptr, [this] {
    advance_ = 0;
    Advance();
  });
}

void FakeQuorum::Commit(const Proposal& proposal) {
  switch (proposal.kind) {
    case Proposal::Kind::kSync:
      return SendToOrigin(RecordOf(proposal, Reply()));
    case Proposal::Kind::kOpen:
      return CommitOpen(proposal);
    case Proposal::Kind::kClose:
      return CommitEnd(proposal.session_id, &proposal);
    case Proposal::Kind::kWrite:
      return CommitWrite(proposal);
  }
}

Record FakeQuorum::RecordOf(const Proposal& proposal, Result<Reply, zk::OpError> reply) {
  Record record;
  if (!proposal.link) return record;
  record.origin = proposal.origin;
  record.then = [&server = At(proposal.origin).server, link = proposal.link,
                 ticket = proposal.ticket, reply = std::move(reply)]() mutable {
    server.Answer(link, ticket, std::move(reply));
  };
  return record;
}

void FakeQuorum::CommitWrite(const Proposal& proposal) {
  if (!sessions_.contains(proposal.session_id)) return;
  const Request& request = proposal.request;
  auto applied = request.verb == Verb::kResetAcl
                     ? tree_.ResetAcl(request.path, proposal.session_id, *request.asker)
                     : tree_.Apply(request.ops, proposal.session_id, WallNow(), proposal.received,
                                   request.asker.get());
  if (!applied) {
    return SendToOrigin(RecordOf(proposal, Failure<zk::OpError>{applied.error()}));
  }
  Reply reply;
  reply.results = applied->transaction.results;
  if (proposal.request.verb == Verb::kSet) reply.stat = applied->stats.front();
  CommitTransaction(std::move(*applied), RecordOf(proposal, std::move(reply)));
}

void FakeQuorum::CommitOpen(const Proposal& proposal) {
  const std::int64_t id = next_session_id_++;
  Session& session = sessions_[id];
  session.timeout = proposal.timeout;
  session.link = proposal.link;
  Touch(id);
  if (!proposal.link) return;
  Record record;
  record.origin = proposal.origin;
  record.then = [&server = At(proposal.origin).server, link = proposal.link, id,
                 timeout = proposal.timeout,
                 sent = proposal.sent] { server.Accept(link, id, timeout, sent); };
  SendToOrigin(std::move(record));
}

void FakeQuorum::CommitEnd(std::int64_t session_id, const Proposal* proposal) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return;
  world_.Cancel(found->second.timer);
  sessions_.erase(found);
  Record record;
  if (proposal != nullptr) record = RecordOf(*proposal, Reply());
  record.ended_session = session_id;
  CommitTransaction(tree_.EndSession(session_id, WallNow()), std::move(record));
}

void FakeQuorum::CommitTransaction(ZnodeTree::Applied applied, Record record) {
  record.zxid = applied.transaction.zxid;
  record.triggers = std::move(applied.triggers);
  applied.transaction.time = world_.now();
  on_commit_(std::move(applied.transaction));
  std::shared_ptr<const Record> shared;
  for (const auto& owned : peers_) {
    Peer& peer = *owned;
    if (!peer.serving || peer.leads || peer.reign != reign_) continue;
    if (!shared) shared = std::make_shared<const Record>(record);
    peer.commits.Send([this, &peer, shared] {
      peer.server.Apply(*shared);
      Trim();
    });
  }
  if (leader_ >= 0 && At(leader_).serving) At(leader_).server.Apply(record);
  Trim();
}

void FakeQuorum::SendToOrigin(Record record) {
  if (record.origin < 0) return;  // the asking server is gone
  Peer& peer = At(record.origin);
  if (peer.leads) return peer.server.Apply(record);
  if (!peer.serving || peer.reign != reign_) return;
  peer.commits.Send([&peer, record = std::move(record)] { peer.server.Apply(record); });
}

void FakeQuorum::Trim() {
  std::int64_t oldest = tree_.zxid();
  for (const auto& peer : peers_) {
    if (peer->serving) oldest = std::min(oldest, peer->server.applied());
  }
  tree_.Forget(oldest);
}

// --- from outside ---

Result<std::vector<zk::OpResult>> FakeQuorum::CommitNow(const std::vector<zk::Op>& ops,
                                                        std::int64_t session_id) {
  auto applied = tree_.Apply(ops, session_id, WallNow());
  if (!applied) return Fail(applied.error());
  auto results = applied->transaction.results;
  CommitTransaction(std::move(*applied), {});
  return results;
}

void FakeQuorum::EndNow(std::int64_t session_id) {
  CommitEnd(session_id, nullptr);
}

void FakeQuorum::EndOutsider() {
  Record record;
  record.ended_session = kOutsiderSession;
  CommitTransaction(tree_.EndSession(kOutsiderSession, WallNow()), std::move(record));
}

// --- sessions ---

void FakeQuorum::Heard(int at, std::int64_t session_id) {
  Peer& peer = At(at);
  if (peer.leads) {
    if (peer.reign == reign_) Touch(session_id);
    return;
  }
  if (std::ranges::find(peer.heard, session_id) != peer.heard.end()) return;
  peer.heard.push_back(session_id);
  if (peer.report != 0) return;
  peer.report = world_.After(options_.report_interval, nullptr, [this, &peer] {
    peer.report = 0;
    peer.to_leader.Send([this, heard = std::exchange(peer.heard, {})] {
      for (const std::int64_t id : heard) Touch(id);
    });
  });
}

void FakeQuorum::Touch(std::int64_t session_id) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end() || !clocks_run_) return;
  Session& session = found->second;
  session.deadline = world_.now() + session.timeout;
  if (session.timer != 0) return;  // it checks the deadline when it comes
  session.timer =
      world_.At(session.deadline, nullptr, [this, session_id] { OnSessionTimer(session_id); });
}

void FakeQuorum::OnSessionTimer(std::int64_t session_id) {
  Session& session = sessions_.at(session_id);
  session.timer = 0;
  if (world_.now() < session.deadline) {
    session.timer =
        world_.At(session.deadline, nullptr, [this, session_id] { OnSessionTimer(session_id); });
    return;
  }
  if (std::exchange(session.ending, true)) return;
  Proposal proposal{Proposal::Kind::kClose};
  proposal.session_id = session_id;
  Receive(std::move(proposal));
}

void FakeQuorum::StopClocks() {
  clocks_run_ = false;
  for (auto& [id, session] : sessions_) world_.Cancel(std::exchange(session.timer, 0));
}

void FakeQuorum::StartClocks() {
  clocks_run_ = true;
  for (auto& [id, session] : sessions_) {
    session.ending = false;
    Touch(id);
  }
}

}  // namespace zkcluster::sim
