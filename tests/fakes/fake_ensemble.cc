#include "tests/fakes/fake_ensemble.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/fakes/fake_client.h"
#include "tests/fakes/fake_link.h"

namespace zkcluster::sim {
namespace {

Channel& ChannelOf(zk::Client& client) {
  return *static_cast<FakeClient&>(client).channel();
}

// The first `count` requests for which `predicate` holds meet `fate`.
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
    : world_(world), options_(options) {}

FakeEnsemble::~FakeEnsemble() {
  for (auto& [id, session] : sessions_) world_.Cancel(session.expiry);
  for (const auto& weak : links_) {
    if (const auto link = weak.lock()) link->server_open = false;
  }
}

std::unique_ptr<zk::Client> FakeEnsemble::NewClient(SimLoop& loop, Duration session_timeout) {
  return std::make_unique<FakeClient>(*this, loop, session_timeout);
}

Micros FakeEnsemble::WallNow() const {
  // The server stamps milliseconds.
  return std::chrono::duration_cast<std::chrono::milliseconds>(world_.wall_now());
}

// --- disturbances ---

void FakeEnsemble::Disconnect(zk::Client& client) {
  Channel& channel = ChannelOf(client);
  channel.reach = Reach::kCut;
  if (channel.link) Break(channel.link);
}

void FakeEnsemble::Mute(zk::Client& client) {
  Channel& channel = ChannelOf(client);
  channel.reach = Reach::kMuted;
  if (channel.link) channel.link->muted = true;
}

void FakeEnsemble::Reconnect(zk::Client& client) {
  Channel& channel = ChannelOf(client);
  channel.reach = Reach::kOpen;
  if (channel.link && channel.link->muted) Break(channel.link);
}

void FakeEnsemble::Reset(zk::Client& client) {
  if (Channel& channel = ChannelOf(client); channel.link) Break(channel.link);
}

void FakeEnsemble::Expire(zk::Client& client) {
  EndSession(ChannelOf(client).session_id);
}

void FakeEnsemble::Down() {
  if (!up_) return;
  up_ = false;
  for (auto& [id, session] : sessions_) {
    world_.Cancel(session.expiry);
    session.expiry = 0;
  }
  const auto links = links_;
  for (const auto& weak : links) {
    if (const auto link = weak.lock()) HangUp(link);
  }
}

void FakeEnsemble::Up() {
  if (up_) return;
  up_ = true;
  for (auto& [id, session] : sessions_) Touch(id);
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
void FakeEnsemble::SetFate(zk::Client& client, FateFunction fate) {
  ChannelOf(client).fate = std::move(fate);
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

void FakeEnsemble::Remove(const std::string& path) {
  if (!Exists(path)) return;
  for (const std::string& name : Children(path)) Remove(path + "/" + name);
  ZKC_CHECK(Commit({zk::DeleteOp{path, zk::kAnyVersion}}).has_value());
}

std::vector<std::string> FakeEnsemble::Children(const std::string& path) const {
  return tree_.Children(path).value_or(std::vector<std::string>());
}

Result<std::vector<zk::OpResult>> FakeEnsemble::Commit(const std::vector<zk::Op>& ops) {
  auto applied = tree_.Apply(ops, 0, WallNow());
  if (!applied) return Fail(applied.error());
  auto results = applied->transaction.results;
  Commit(std::move(*applied));
  return results;
}

// --- the network ---

void FakeEnsemble::ToServer(const std::shared_ptr<Link>& link, std::function<void()> arrive) {
  const Duration latency = world_.Between(options_.min_latency, options_.max_latency);
  link->last_to_server = std::max(link->last_to_server, world_.now() + latency);
  world_.At(link->last_to_server, nullptr, [this, link, arrive = std::move(arrive)] {
    if (!link->server_open || link->muted || world_.now() > link->server_cut) return;
    arrive();
  });
}

void FakeEnsemble::ToClient(const std::shared_ptr<Link>& link, std::function<void()> arrive) {
  if (link->channel->loop == nullptr) return;
  const Duration latency = world_.Between(options_.min_latency, options_.max_latency);
  link->last_to_client = std::max(link->last_to_client, world_.now() + latency);
  const TimePoint arrival = link->last_to_client;
  // Judged by when it reached the process's kernel; a paused process reads it later all the same.
  world_.At(arrival, link->channel->loop, [link, arrival, arrive = std::move(arrive)] {
    if (link->muted || arrival > link->client_cut) return;
    if (link->channel->link == link) arrive();
  });
}

void FakeEnsemble::HangUp(const std::shared_ptr<Link>& link) {
  if (!link->server_open) return;
  link->server_open = false;
  ToClient(link, [link] {
    if (const auto client = link->channel->client.lock()) client->OnBroken(link);
  });
}

void FakeEnsemble::Break(const std::shared_ptr<Link>& link) {
  if (link->client_cut != TimePoint::max()) return;
  const TimePoint now = world_.now();
  const auto cut = [&](TimePoint last) {
    return last <= now ? now : now + world_.Between(Duration::zero(), last - now);
  };
  link->server_cut = cut(link->last_to_server);
  link->client_cut = cut(link->last_to_client);
  world_.At(link->server_cut, nullptr, [link] { link->server_open = false; });
  if (link->channel->loop == nullptr) return;
  world_.At(link->client_cut, link->channel->loop, [link] {
    if (link->channel->link != link) return;
    if (const auto client = link->channel->client.lock()) client->OnBroken(link);
  });
}

std::shared_ptr<Link> FakeEnsemble::Connect(const std::shared_ptr<Channel>& channel,
                                            std::int64_t session_id, Duration session_timeout) {
  auto link = std::make_shared<Link>();
  link->channel = channel;
  link->muted = channel->reach == Reach::kMuted;
  channel->link = link;
  std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
  links_.push_back(link);
  const TimePoint sent = world_.now();
  ToServer(link, [this, link, session_id, session_timeout, sent] {
    if (!up_ || link->channel->reach != Reach::kOpen) return HangUp(link);
    Accept(link, session_id, session_timeout, sent);
  });
  return link;
}

void FakeEnsemble::SendRequest(const std::shared_ptr<Link>& link, std::int32_t xid,
                               Request request) {
  const TimePoint sent = world_.now();
  ToServer(link, [this, link, xid, request = std::move(request), sent] {
    Serve(link, xid, request, sent);
  });
}

void FakeEnsemble::SendPing(const std::shared_ptr<Link>& link) {
  const TimePoint sent = world_.now();
  ToServer(link, [this, link, sent] {
    Touch(link->session_id);
    ToClient(link, [link, sent] {
      if (const auto client = link->channel->client.lock()) client->OnPong(link, sent);
    });
  });
}

void FakeEnsemble::SendClose(const std::shared_ptr<Link>& link) {
  ToServer(link, [this, link] {
    // The answer first: ending the session hangs up.
    ToClient(link, [link] {
      if (const auto client = link->channel->client.lock()) client->OnClosed(link);
    });
    EndSession(link->session_id);
  });
}

void FakeEnsemble::SendWatches(const std::shared_ptr<Link>& link, std::int64_t seen,
                               std::set<std::string> data, std::set<std::string> absent,
                               std::set<std::string> children) {
  ToServer(link, [this, link, seen, data = std::move(data), absent = std::move(absent),
                  children = std::move(children)] {
    const auto send = [&](zk::WatchKind kind, const std::string& path) {
      SendEvent(link, {kind, path});
    };
    for (const std::string& path : data) {
      const auto node = tree_.Get(path);
      if (!node) {
        send(zk::WatchKind::kDeleted, path);
      } else if (node->stat.mzxid > seen) {
        send(zk::WatchKind::kChanged, path);
      } else {
        link->data_watches.insert(path);
      }
    }
    for (const std::string& path : absent) {
      if (tree_.Get(path)) {
        send(zk::WatchKind::kCreated, path);
      } else {
        link->data_watches.insert(path);
      }
    }
    for (const std::string& path : children) {
      const auto node = tree_.Get(path);
      if (!node) {
        send(zk::WatchKind::kDeleted, path);
      } else if (node->stat.pzxid > seen) {
        send(zk::WatchKind::kChildren, path);
      } else {
        link->child_watches.insert(path);
      }
    }
  });
}

void FakeEnsemble::Abandon(const std::shared_ptr<Link>& link) {
  if (link->channel->link == link) link->channel->link = nullptr;
  Break(link);
}

// --- the server ---

void FakeEnsemble::Accept(const std::shared_ptr<Link>& link, std::int64_t session_id,
                          Duration session_timeout, TimePoint sent) {
  const auto answer = [&](std::int64_t id, Duration timeout) {
    ToClient(link, [link, id, timeout, sent] {
      if (const auto client = link->channel->client.lock()) {
        client->OnAccepted(link, id, timeout, sent);
      }
    });
  };
  if (session_id == 0) {
    session_id = next_session_id_++;
    sessions_[session_id].timeout =
        std::clamp(session_timeout, options_.min_session_timeout, options_.max_session_timeout);
  }
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) {
    answer(0, Duration::zero());
    return HangUp(link);
  }
  if (const auto old = found->second.link.lock(); old && old != link) HangUp(old);
  found->second.link = link;
  link->session_id = session_id;
  link->channel->session_id = session_id;
  Touch(session_id);
  answer(session_id, found->second.timeout);
}

void FakeEnsemble::Serve(const std::shared_ptr<Link>& link, std::int32_t xid,
                         const Request& request, TimePoint sent) {
  if (!sessions_.contains(link->session_id)) return HangUp(link);
  const FateFunction fate_function = link->channel->fate;
  const Fate fate = fate_function ? fate_function(request) : Fate::kServe;
  if (fate == Fate::kDropRequest) return HangUp(link);
  ++requests_served_;
  Touch(link->session_id);
  Result<Reply> reply = Answer(link, request);
  if (fate == Fate::kLoseAnswer) return HangUp(link);
  if (reply) reply->zxid = tree_.zxid();
  ToClient(link, [link, xid, reply = std::move(reply), sent] {
    if (const auto client = link->channel->client.lock()) client->OnReply(link, xid, reply, sent);
  });
}

Result<Reply> FakeEnsemble::Answer(const std::shared_ptr<Link>& link, const Request& request) {
  Reply reply;
  switch (request.verb) {
    case Verb::kGet: {
      auto node = tree_.Get(request.path);
      if (!node) return Fail(ErrorCode::kNotFound, request.path + ": no such znode");
      if (request.watch) link->data_watches.insert(request.path);
      reply.node = std::move(*node);
      return reply;
    }
    case Verb::kExists: {
      if (request.watch) link->data_watches.insert(request.path);
      if (const auto node = tree_.Get(request.path)) reply.stat = node->stat;
      return reply;
    }
    case Verb::kChildren: {
      auto names = tree_.Children(request.path);
      if (!names) return Fail(ErrorCode::kNotFound, request.path + ": no such znode");
      if (request.watch) link->child_watches.insert(request.path);
      // In no order, as promised.
      for (std::size_t i = names->size(); i > 1; --i)
        std::swap((*names)[i - 1], (*names)[world_.Below(i)]);
      reply.names = std::move(*names);
      return reply;
    }
    case Verb::kSync:
      return reply;
    case Verb::kCreate:
    case Verb::kSet:
    case Verb::kDelete:
    case Verb::kMulti: {
      auto applied = tree_.Apply(request.ops, link->session_id, WallNow());
      if (!applied) {
        Error error = applied.error();
        if (request.verb != Verb::kMulti) error.op_index = -1;
        return Fail(std::move(error));
      }
      reply.results = applied->transaction.results;
      if (request.verb == Verb::kSet) reply.stat = applied->stats.front();
      Commit(std::move(*applied));
      return reply;
    }
  }
  return Fail(ErrorCode::kInternal, "unknown verb");
}

void FakeEnsemble::Touch(std::int64_t session_id) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end() || !up_) return;
  world_.Cancel(found->second.expiry);
  found->second.expiry =
      world_.After(found->second.timeout, nullptr, [this, session_id] { EndSession(session_id); });
}

void FakeEnsemble::EndSession(std::int64_t session_id) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return;
  world_.Cancel(found->second.expiry);
  const auto link = found->second.link.lock();
  sessions_.erase(found);
  Commit(tree_.EndSession(session_id, WallNow()));
  if (link) HangUp(link);
}

void FakeEnsemble::Commit(ZnodeTree::Applied applied) {
  applied.transaction.time = world_.now();
  history_.push_back(std::move(applied.transaction));
  for (const Trigger& trigger : applied.triggers) {
    for (const auto& weak : links_) {
      const auto link = weak.lock();
      if (!link || !link->server_open) continue;
      const bool data =
          trigger.kind != zk::WatchKind::kChildren && link->data_watches.erase(trigger.path) > 0;
      const bool children =
          (trigger.kind == zk::WatchKind::kChildren || trigger.kind == zk::WatchKind::kDeleted) &&
          link->child_watches.erase(trigger.path) > 0;
      if (data || children) SendEvent(link, {trigger.kind, trigger.path});
    }
  }
}

void FakeEnsemble::SendEvent(const std::shared_ptr<Link>& link, zk::WatchEvent event) {
  ToClient(link, [link, event = std::move(event)] {
    if (const auto client = link->channel->client.lock()) client->OnEvent(link, event);
  });
}

}  // namespace zkcluster::sim
