#include "tests/fakes/fake_ensemble.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/fakes/fake_client.h"
#include "tests/fakes/fake_link.h"
#include "tests/fakes/fake_quorum.h"

namespace zkcluster::sim {
namespace {

Channel& ChannelOf(zk::Client& client) {
  return *static_cast<FakeClient&>(client).channel();
}

// Gives `fate` to the first `count` requests for which `predicate` holds.
FateFunction FirstFew(int count, Fate fate, RequestPredicate predicate) {
  const auto left = std::make_shared<int>(count);
  return [left, fate, predicate = std::move(predicate)](const Request& request) {
    if (*left <= 0 || (predicate && !predicate(request))) return Fate::kServe;
    --*left;
    return fate;
  };
}

}  // namespace

FakeEnsemble::FakeEnsemble(SimWorld& world, EnsembleOptions options)
    : world_(world),
      options_(options),
      quorum_(std::make_unique<FakeQuorum>(
          world, options_, [this](Transaction transaction) { Log(std::move(transaction)); })) {}

FakeEnsemble::~FakeEnsemble() {
  for (const auto& weak : links_) {
    if (const auto link = weak.lock()) link->server_open = false;
  }
}

std::unique_ptr<zk::Client> FakeEnsemble::NewClient(SimLoop& loop, Duration session_timeout,
                                                    zk::Identity identity) {
  return std::make_unique<FakeClient>(*this, loop, session_timeout, std::move(identity));
}

void FakeEnsemble::Log(Transaction transaction) {
  history_.push_back(std::move(transaction));
  commit_listeners_.Notify(history_.back());
  if (history_.size() > most_history_) history_.pop_front();
}

// --- disturbances of one client ---

void FakeEnsemble::Disconnect(zk::Client& client) {
  Channel& channel = ChannelOf(client);
  channel.cut = true;
  if (channel.link) quorum_->wire().Break(channel.link);
}

void FakeEnsemble::Mute(zk::Client& client) {
  MuteToServer(client);
  MuteToClient(client);
}

void FakeEnsemble::MuteToServer(zk::Client& client) {
  Channel& channel = ChannelOf(client);
  channel.to_server_lost = true;
  if (channel.link) channel.link->to_server_lost = true;
}

void FakeEnsemble::MuteToClient(zk::Client& client) {
  Channel& channel = ChannelOf(client);
  channel.to_client_lost = true;
  if (channel.link) channel.link->to_client_lost = true;
}

void FakeEnsemble::Reconnect(zk::Client& client) {
  Channel& channel = ChannelOf(client);
  channel.cut = false;
  channel.to_server_lost = false;
  channel.to_client_lost = false;
  const auto link = channel.link;
  if (link && (link->to_server_lost || link->to_client_lost)) quorum_->wire().Break(link);
}

void FakeEnsemble::Reset(zk::Client& client) {
  if (Channel& channel = ChannelOf(client); channel.link) quorum_->wire().Break(channel.link);
}

void FakeEnsemble::Expire(zk::Client& client) {
  quorum_->EndNow(ChannelOf(client).session_id);
}

void FakeEnsemble::SetEventDelay(zk::Client& client, Duration delay) {
  ChannelOf(client).event_delay = delay;
}

void FakeEnsemble::LoseAnswers(zk::Client& client, int count) {
  SetFate(client, FirstFew(count, Fate::kLoseAnswer, nullptr));
}
void FakeEnsemble::LoseAnswer(zk::Client& client, RequestPredicate predicate) {
  SetFate(client, FirstFew(1, Fate::kLoseAnswer, std::move(predicate)));
}
void FakeEnsemble::DropRequests(zk::Client& client, int count) {
  SetFate(client, FirstFew(count, Fate::kDropRequest, nullptr));
}
void FakeEnsemble::DropRequest(zk::Client& client, RequestPredicate predicate) {
  SetFate(client, FirstFew(1, Fate::kDropRequest, std::move(predicate)));
}
void FakeEnsemble::SetSendDelay(zk::Client& client, Duration delay) {
  ChannelOf(client).send_delay = delay;
}
void FakeEnsemble::SetFate(zk::Client& client, FateFunction fate) {
  ChannelOf(client).fate = std::move(fate);
}
void FakeEnsemble::SetFateOfAll(ArrivalFunction fate) {
  fate_of_all_ = fate ? std::make_shared<const ArrivalFunction>(std::move(fate)) : nullptr;
}

// --- disturbances of servers ---

void FakeEnsemble::Down() {
  up_ = false;
  quorum_->SetAllRunning(false);
}
void FakeEnsemble::Up() {
  up_ = true;
  quorum_->SetAllRunning(true);
}
int FakeEnsemble::leading() const {
  return quorum_->leading();
}
int FakeEnsemble::ServerOf(zk::Client& client) const {
  const auto& link = ChannelOf(client).link;
  return link && link->server_open && link->session_id != 0 ? link->server->index() : -1;
}
void FakeEnsemble::SetLag(int server, Duration lag) {
  quorum_->SetLag(server, lag);
}
void FakeEnsemble::CutOff(int server) {
  quorum_->SetCut(server, true);
}
void FakeEnsemble::Rejoin(int server) {
  quorum_->SetCut(server, false);
}
void FakeEnsemble::ServerDown(int server) {
  quorum_->SetRunning(server, false);
}
void FakeEnsemble::ServerUp(int server) {
  quorum_->SetRunning(server, true);
}
void FakeEnsemble::SetSlow(Duration slow) {
  quorum_->SetSlow(slow);
}
void FakeEnsemble::HealServers() {
  quorum_->Heal();
}

// --- the outside operator ---

void FakeEnsemble::Put(const std::string& path, const std::string& data) {
  ZKC_CHECK(ValidPath(path));
  if (Exists(path)) {
    ZKC_CHECK(Commit({zk::SetOp{path, data, zk::kAnyVersion}}).has_value());
    return;
  }
  const std::string parent = ParentOf(path);
  if (!Exists(parent)) Put(parent, "");
  ZKC_CHECK(Commit({zk::CreateOp{path, data, zk::CreateMode::kPersistent}}).has_value());
}

void FakeEnsemble::PutEphemeral(const std::string& path, const std::string& data) {
  if (Exists(path)) return Put(path, data);
  if (!Exists(ParentOf(path))) Put(ParentOf(path), "");
  const zk::CreateOp create{path, data, zk::CreateMode::kEphemeral};
  ZKC_CHECK(quorum_->CommitNow({create}, kOutsiderSession).has_value());
}

void FakeEnsemble::EndEphemerals() {
  quorum_->EndOutsider();
}

void FakeEnsemble::Remove(const std::string& path) {
  if (!Exists(path)) return;
  for (const std::string& name : Children(path)) Remove((path + "/").append(name));
  ZKC_CHECK(Commit({zk::DeleteOp{path, zk::kAnyVersion}}).has_value());
}

std::optional<zk::Node> FakeEnsemble::Get(const std::string& path) const {
  return quorum_->tree().Get(path);
}

bool FakeEnsemble::Exists(const std::string& path) const {
  return quorum_->tree().Exists(path).has_value();
}

std::vector<std::string> FakeEnsemble::Children(const std::string& path) const {
  return quorum_->tree().Children(path).value_or(std::vector<std::string>());
}

Result<std::vector<zk::OpResult>> FakeEnsemble::Commit(const std::vector<zk::Op>& ops) {
  return quorum_->CommitNow(ops);
}

void FakeEnsemble::SetSequence(const std::string& parent, std::int32_t next) {
  quorum_->tree().SetSequence(parent, next);
}

void FakeEnsemble::KeepHistory(std::size_t most) {
  most_history_ = most;
  while (history_.size() > most) history_.pop_front();
}

std::int64_t FakeEnsemble::zxid() const {
  return quorum_->tree().zxid();
}

std::size_t FakeEnsemble::live_sessions() const {
  return quorum_->live_sessions();
}

// --- the network ---

int FakeEnsemble::PickServer(Channel& channel) {
  if (channel.untried.empty()) {
    for (int i = 0; i < options_.servers; ++i) channel.untried.push_back(i);
    for (std::size_t i = channel.untried.size(); i > 1; --i)
      std::swap(channel.untried[i - 1], channel.untried[world_.Below(i)]);
    // Not to the server that the client just left.
    if (channel.untried.back() == channel.tried)
      std::swap(channel.untried.front(), channel.untried.back());
  }
  channel.tried = channel.untried.back();
  channel.untried.pop_back();
  return channel.tried;
}

std::shared_ptr<Link> FakeEnsemble::Connect(const std::shared_ptr<Channel>& channel,
                                            std::int64_t session_id, Duration session_timeout,
                                            std::int64_t seen) {
  auto link = std::make_shared<Link>();
  link->channel = channel;
  link->server = &quorum_->server(PickServer(*channel));
  // A connection needs both directions.
  link->to_server_lost = channel->to_server_lost || channel->to_client_lost;
  link->to_client_lost = channel->to_client_lost;
  channel->link = link;
  std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
  links_.push_back(link);
  quorum_->wire().ToServer(link,
                           [this, link, session_id, session_timeout, seen, sent = world_.now()] {
                             if (link->channel->cut) return quorum_->wire().HangUp(link);
                             link->server->OnConnect(link, session_id, session_timeout, seen, sent);
                           });
  return link;
}

Fate FakeEnsemble::FateOf(const std::shared_ptr<Link>& link, const Request& request) {
  ++arrivals_;
  if (const auto all = fate_of_all_) {
    const Fate fate =
        (*all)({arrivals_, link->channel->loop, link->session_id, link->server->index(), request});
    if (fate != Fate::kServe) return fate;
  }
  const FateFunction own = link->channel->fate;  // it may replace itself
  return own ? own(request) : Fate::kServe;
}

void FakeEnsemble::SendRequest(const std::shared_ptr<Link>& link, std::int32_t xid,
                               Request request) {
  quorum_->wire().ToServer(
      link, [this, link, xid, request = std::move(request), sent = world_.now()]() mutable {
        const Fate fate = FateOf(link, request);
        if (!link->server_open) return;  // the disturbance went that far
        switch (fate) {
          case Fate::kDropRequest:
            return quorum_->wire().HangUp(link);
          case Fate::kKillSession:
            quorum_->EndNow(link->session_id);
            return quorum_->wire().HangUp(link);
          case Fate::kServe:
          case Fate::kLoseAnswer:
            ++requests_served_;
            link->server->OnRequest(link, xid, std::move(request), sent, fate == Fate::kLoseAnswer);
        }
      });
}

void FakeEnsemble::SendPing(const std::shared_ptr<Link>& link) {
  quorum_->wire().ToServer(link, [link, sent = world_.now()] { link->server->OnPing(link, sent); });
}

void FakeEnsemble::SendClose(const std::shared_ptr<Link>& link) {
  quorum_->wire().ToServer(link, [link] { link->server->OnClose(link); });
}

void FakeEnsemble::SendWatches(const std::shared_ptr<Link>& link, std::int64_t seen,
                               std::set<std::string> data, std::set<std::string> absent,
                               std::set<std::string> children) {
  quorum_->wire().ToServer(link, [link, seen, data = std::move(data), absent = std::move(absent),
                                  children = std::move(children)]() mutable {
    link->server->OnWatches(link, seen, std::move(data), std::move(absent), std::move(children));
  });
}

void FakeEnsemble::Farewell(const std::shared_ptr<Link>& link) {
  SendClose(link);
  if (link->channel->link == link) link->channel->link = nullptr;
}

void FakeEnsemble::Abandon(const std::shared_ptr<Link>& link) {
  if (link->channel->link == link) link->channel->link = nullptr;
  quorum_->wire().Break(link);
}

}  // namespace zkcluster::sim
