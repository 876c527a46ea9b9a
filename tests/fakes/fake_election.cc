// FakeQuorum: which servers serve, and which one leads.
#include <algorithm>
#include <utility>

#include "tests/fakes/fake_quorum.h"

namespace zkcluster::sim {

// --- disturbances ---

void FakeQuorum::SetLag(int server, Duration lag) {
  Peer& peer = At(server);
  peer.lag = lag;
  if (!peer.leads) peer.commits.SetDelay(lag);
}

void FakeQuorum::SetCut(int server, bool cut) {
  if (peers_.size() == 1) return;  // there is nobody to be cut off from
  At(server).cut = cut;
  Review();
}

void FakeQuorum::SetRunning(int server, bool running) {
  Peer& peer = At(server);
  if (peer.running == running) return;
  peer.running = running;
  if (!running) Stop(peer);
  Review();
}

void FakeQuorum::SetAllRunning(bool running) {
  if (all_running_ == running) return;
  all_running_ = running;
  if (!running) {
    for (const auto& peer : peers_) Stop(*peer);
  }
  Review();
}

void FakeQuorum::Heal() {
  slow_ = Duration::zero();
  for (const auto& peer : peers_) {
    peer->running = true;
    peer->cut = false;
    SetLag(peer->server.index(), Duration::zero());
  }
  Review();
}

// --- who reaches whom ---

bool FakeQuorum::LeaderInReach() const {
  return leader_ >= 0 && Runs(At(leader_)) && !At(leader_).cut;
}

bool FakeQuorum::InContact(const Peer& peer) const {
  return Runs(peer) && !peer.cut && peer.serving && peer.reign == reign_ && LeaderInReach();
}

bool FakeQuorum::HasQuorum() const {
  if (!LeaderInReach()) return false;
  return IsMajority(static_cast<std::size_t>(
      std::ranges::count_if(peers_, [&](const auto& peer) { return InContact(*peer); })));
}

// --- consequences ---

void FakeQuorum::Review() {
  for (const auto& peer : peers_) {
    if (peer->serving) ReviewServing(*peer);
  }
  std::size_t looking = 0;
  for (const auto& owned : peers_) {
    Peer& peer = *owned;
    if (peer.serving || !Runs(peer) || peer.cut) continue;
    ++looking;
    if (!LeaderInReach() || peer.join != 0) continue;
    peer.join = world_.After(world_.Between(options_.min_election, options_.max_election), nullptr,
                             [this, &peer] {
                               peer.join = 0;
                               Join(peer);
                             });
  }
  if (!LeaderInReach() && IsMajority(looking) && election_ == 0) {
    if (peers_.size() == 1) return Elect();
    election_ =
        world_.After(world_.Between(options_.min_election, options_.max_election), nullptr, [this] {
          election_ = 0;
          Elect();
        });
  }
  Advance();
}

void FakeQuorum::ReviewServing(Peer& peer) {
  const bool contact = InContact(peer);
  peer.to_leader.Hold(!contact);
  peer.commits.Hold(!contact);
  peer.replies.Hold(!contact);
  if (peer.leads ? contact && HasQuorum() : contact) {
    world_.Cancel(std::exchange(peer.give_up, 0));
    return;
  }
  if (peer.give_up != 0) return;
  // Silence is noticed after a while, at a different time by each server. A process that ended, or
  // a leading server that resigned, closes its connections: that is noticed at once.
  const bool silence =
      peer.cut ||
      (peer.leads ? std::ranges::any_of(peers_, [](const auto& other) { return other->cut; })
                  : leader_ >= 0 && peer.reign == reign_);
  const Duration delay =
      silence ? world_.Between(options_.sync_limit, options_.sync_limit * 5 / 4)
              : world_.Between(options_.min_server_latency, options_.max_server_latency);
  peer.give_up = world_.After(delay, nullptr, [this, &peer] {
    peer.give_up = 0;
    GiveUp(peer);
  });
}

void FakeQuorum::GiveUp(Peer& peer) {
  Stop(peer);
  Review();
}

void FakeQuorum::Stop(Peer& peer) {
  world_.Cancel(std::exchange(peer.join, 0));
  if (!peer.serving) return;
  peer.serving = false;
  world_.Cancel(std::exchange(peer.give_up, 0));
  world_.Cancel(std::exchange(peer.report, 0));
  peer.heard.clear();
  peer.to_leader.Clear();
  peer.commits.Clear();
  peer.replies.Clear();
  peer.server.HangUpAll();
  if (std::exchange(peer.leads, false) && peer.server.index() == leader_) LeaderGone();
  Trim();
}

void FakeQuorum::LeaderGone() {
  leader_ = -1;
  StopClocks();
  for (Proposal& proposal : proposals_) {
    if (!proposal.spread) break;
    proposal.link = nullptr;
    if (proposal.kind != Proposal::Kind::kSync) orphans_.push_back(std::move(proposal));
  }
  proposals_.clear();
  last_due_ = TimePoint::min();
}

void FakeQuorum::Join(Peer& peer) {
  if (Runs(peer) && !peer.cut && !peer.serving && LeaderInReach()) Serve(peer);
  Review();
}

void FakeQuorum::Elect() {
  std::vector<Peer*> voters;
  for (const auto& peer : peers_) {
    if (Runs(*peer) && !peer->cut && !peer->serving) voters.push_back(peer.get());
  }
  if (LeaderInReach() || !IsMajority(voters.size())) return Review();
  if (leader_ >= 0) LeaderGone();  // though it has not noticed yet
  // In every majority one server knows everything that was committed, and sends it to
  // the others first.
  const std::size_t chosen = voters.size() == 1 ? 0 : world_.Below(voters.size());
  leader_ = voters[chosen]->server.index();
  ++reign_;
  for (Peer* const peer : voters) Serve(*peer);
  // The proposals of the previous leading server, as many as the new one has heard of.
  const auto orphans = std::exchange(orphans_, {});
  const std::size_t known = orphans.empty() ? 0 : world_.Below(orphans.size() + 1);
  for (std::size_t i = 0; i < known; ++i) Commit(orphans[i]);
  StartClocks();
  Review();
}

void FakeQuorum::Serve(Peer& peer) {
  world_.Cancel(std::exchange(peer.join, 0));
  peer.serving = true;
  peer.reign = reign_;
  peer.leads = peer.server.index() == leader_;
  peer.server.CatchUp(tree_.zxid());
  peer.commits.SetDelay(peer.leads ? Duration::zero() : peer.lag);
}

}  // namespace zkcluster::sim
