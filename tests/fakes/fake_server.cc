#include "tests/fakes/fake_server.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/fakes/fake_quorum.h"

namespace zkcluster::sim {

// What waits on a connection holds that connection.
FakeServer::~FakeServer() {
  for (const auto& link : links_) link->waiting.clear();
}

// --- connections ---

void FakeServer::OnConnect(const std::shared_ptr<Link>& link, std::int64_t session_id,
                           Duration session_timeout, std::int64_t seen, TimePoint sent) {
  links_.push_back(link);
  // A client that has seen more than this server would go back in time here.
  if (!quorum_.Serves(index_) || seen > applied_) return wire_.HangUp(link);
  if (session_id == 0) return quorum_.Open(index_, link, session_timeout, sent);
  quorum_.Resume(index_, link, session_id, sent);
}

void FakeServer::Accept(const std::shared_ptr<Link>& link, std::int64_t session_id,
                        Duration timeout, TimePoint sent) {
  if (!link->server_open) return;
  if (session_id != 0) {
    const auto old = std::ranges::find_if(
        links_, [&](const auto& other) { return other->session_id == session_id; });
    if (old != links_.end()) wire_.HangUp(std::shared_ptr(*old));
    link->session_id = session_id;
    link->channel->session_id = session_id;
  }
  wire_.ToClient(link, [link, session_id, timeout, sent](ClientEnd& client) {
    client.OnAccepted(link, session_id, timeout, sent);
  });
  if (session_id == 0) wire_.HangUp(link);
}

void FakeServer::HangUpAll() {
  const auto links = links_;
  for (const auto& link : links) wire_.HangUp(link);
}

void FakeServer::Forget(const std::shared_ptr<Link>& link) {
  DropWatches(link);
  link->waiting.clear();
  std::erase(links_, link);
}

// --- requests ---

void FakeServer::OnRequest(const std::shared_ptr<Link>& link, std::int32_t xid, Request request,
                           TimePoint sent, bool lose_answer) {
  quorum_.Heard(index_, link->session_id);
  switch (request.verb) {
    case Verb::kGet:
    case Verb::kExists:
    case Verb::kChildren:
      if (link->waiting.empty()) return Read(link, xid, request, sent, lose_answer);
      return InTurn(link, [this, link, xid, request = std::move(request), sent, lose_answer] {
        Read(link, xid, request, sent, lose_answer);
      });
    case Verb::kSync:
      return quorum_.Sync(index_, link, Wait(*link, {0, nullptr, xid, sent, lose_answer}));
    case Verb::kCreate:
    case Verb::kSet:
    case Verb::kDelete:
    case Verb::kMulti:
    case Verb::kResetAcl: {
      const std::uint64_t ticket = Wait(*link, {0, nullptr, xid, sent, lose_answer});
      return quorum_.Write(index_, link, ticket, std::move(request));
    }
  }
}

void FakeServer::OnPing(const std::shared_ptr<Link>& link, TimePoint sent) {
  quorum_.Heard(index_, link->session_id);
  InTurn(link, [this, link, sent] {
    wire_.ToClient(link, [link, sent](ClientEnd& client) { client.OnPong(link, sent); });
  });
}

void FakeServer::OnClose(const std::shared_ptr<Link>& link) {
  DropWatches(link);  // the answer is the last thing it hears
  quorum_.Close(index_, link, Wait(*link, {}));
}

void FakeServer::OnWatches(const std::shared_ptr<Link>& link, std::int64_t seen,
                           std::set<std::string> data, std::set<std::string> absent,
                           std::set<std::string> children) {
  for (const std::string& path : data) {
    const auto stat = tree_.Exists(path, applied_);
    if (!stat) {
      SendEvent(link, {zk::WatchKind::kDeleted, path});
    } else if (stat->mzxid > seen) {
      SendEvent(link, {zk::WatchKind::kChanged, path});
    } else {
      WatchData(link, path);
    }
  }
  for (const std::string& path : absent) {
    if (tree_.Exists(path, applied_)) {
      SendEvent(link, {zk::WatchKind::kCreated, path});
    } else {
      WatchData(link, path);
    }
  }
  for (const std::string& path : children) {
    const auto stat = tree_.Exists(path, applied_);
    if (!stat) {
      SendEvent(link, {zk::WatchKind::kDeleted, path});
    } else if (stat->pzxid > seen) {
      SendEvent(link, {zk::WatchKind::kChildren, path});
    } else {
      WatchChildren(link, path);
    }
  }
}

// --- order ---

void FakeServer::InTurn(const std::shared_ptr<Link>& link, std::function<void()> run) {
  if (link->waiting.empty()) return run();
  link->waiting.push_back({0, std::move(run)});
}

std::uint64_t FakeServer::Wait(Link& link, Waiting waiting) {
  waiting.ticket = ++last_ticket_;
  link.waiting.push_back(std::move(waiting));
  return last_ticket_;
}

void FakeServer::Answer(const std::shared_ptr<Link>& link, std::uint64_t ticket,
                        Result<Reply, zk::OpError> reply) {
  if (!link->server_open) return;
  ZKC_CHECK(!link->waiting.empty() && link->waiting.front().ticket == ticket);
  const Waiting write = std::move(link->waiting.front());
  link->waiting.pop_front();
  if (write.lose_answer) return wire_.HangUp(link);
  if (write.xid == 0) {
    wire_.ToClient(link, [link](ClientEnd& client) { client.OnClosed(link); });
  } else {
    Send(link, write.xid, std::move(reply), write.sent);
  }
  Drain(link);
}

void FakeServer::Drain(const std::shared_ptr<Link>& link) {
  while (link->server_open && !link->waiting.empty() && link->waiting.front().run) {
    const auto run = std::move(link->waiting.front().run);
    link->waiting.pop_front();
    run();
  }
}

void FakeServer::Send(const std::shared_ptr<Link>& link, std::int32_t xid,
                      Result<Reply, zk::OpError> reply, TimePoint sent) {
  if (reply) reply->zxid = applied_;
  wire_.ToClient(link, [link, xid, reply = std::move(reply), sent](ClientEnd& client) mutable {
    client.OnReply(link, xid, std::move(reply), sent);
  });
}

// --- reading ---

void FakeServer::Read(const std::shared_ptr<Link>& link, std::int32_t xid, const Request& request,
                      TimePoint sent, bool lose_answer) {
  Result<Reply, zk::OpError> reply = Answer(link, request);
  if (lose_answer) return wire_.HangUp(link);
  Send(link, xid, std::move(reply), sent);
}

Result<Reply, zk::OpError> FakeServer::Answer(const std::shared_ptr<Link>& link,
                                              const Request& request) {
  Reply reply;
  if (request.verb == Verb::kExists) {
    if (request.watch) WatchData(link, request.path);
    reply.stat = tree_.Exists(request.path, applied_);
    return reply;
  }
  const bool may_read = tree_.MayRead(*request.asker, request.path, applied_);
  if (request.verb == Verb::kGet) {
    auto node = tree_.Get(request.path, applied_);
    if (!node) return Fail(ErrorCode::kNotFound, request.path + ": no such znode");
    if (!may_read) return Fail(ErrorCode::kDenied, request.path + ": not among those who may");
    if (request.watch) WatchData(link, request.path);
    reply.node = std::move(*node);
    return reply;
  }
  auto names = tree_.Children(request.path, applied_);
  if (!names) return Fail(ErrorCode::kNotFound, request.path + ": no such znode");
  if (!may_read) return Fail(ErrorCode::kDenied, request.path + ": not among those who may");
  if (request.watch) WatchChildren(link, request.path);
  // Unordered, as documented.
  for (std::size_t i = names->size(); i > 1; --i)
    std::swap((*names)[i - 1], (*names)[world_.Below(i)]);
  reply.names = std::move(*names);
  return reply;
}

// --- applying ---

void FakeServer::Apply(const Record& record) {
  if (record.zxid != 0) {
    ZKC_CHECK(record.zxid > applied_);
    applied_ = record.zxid;
  }
  for (const Trigger& trigger : record.triggers) Fire(trigger);
  if (record.origin == index_ && record.then) record.then();
  if (record.ended_session == 0) return;
  const auto of_session = [&](const auto& link) {
    return link->session_id == record.ended_session;
  };
  for (auto it = std::ranges::find_if(links_, of_session); it != links_.end();
       it = std::ranges::find_if(links_, of_session)) {
    wire_.HangUp(std::shared_ptr(*it));
  }
}

void FakeServer::WatchData(const std::shared_ptr<Link>& link, const std::string& path) {
  if (link->data_watches.insert(path).second) data_watches_[path].push_back(link);
}

void FakeServer::WatchChildren(const std::shared_ptr<Link>& link, const std::string& path) {
  if (link->child_watches.insert(path).second) child_watches_[path].push_back(link);
}

void FakeServer::DropWatches(const std::shared_ptr<Link>& link) {
  const auto drop = [&](Watches& watches, std::set<std::string>& paths) {
    for (const std::string& path : paths) {
      const auto found = watches.find(path);
      std::erase(found->second, link);
      if (found->second.empty()) watches.erase(found);
    }
    paths.clear();
  };
  drop(data_watches_, link->data_watches);
  drop(child_watches_, link->child_watches);
}

void FakeServer::Fire(const Trigger& trigger) {
  const auto take = [&](Watches& watches, std::set<std::string> Link::*paths) {
    std::vector<std::shared_ptr<Link>> links;
    if (auto node = watches.extract(trigger.path)) links = std::move(node.mapped());
    for (const auto& link : links) ((*link).*paths).erase(trigger.path);
    return links;
  };
  std::vector<std::shared_ptr<Link>> watching;
  if (trigger.kind != zk::WatchKind::kChildren) watching = take(data_watches_, &Link::data_watches);
  if (trigger.kind == zk::WatchKind::kChildren || trigger.kind == zk::WatchKind::kDeleted) {
    for (auto& link : take(child_watches_, &Link::child_watches)) {
      // Once per client, also if it watched both.
      if (std::ranges::find(watching, link) == watching.end()) watching.push_back(std::move(link));
    }
  }
  for (const auto& link : watching) SendEvent(link, {trigger.kind, trigger.path});
}

void FakeServer::SendEvent(const std::shared_ptr<Link>& link, const zk::WatchEvent& event) {
  wire_.ToClient(
      link, [link, event](ClientEnd& client) { client.OnEvent(link, event); },
      link->channel->event_delay);
}

}  // namespace zkcluster::sim
