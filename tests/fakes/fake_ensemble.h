// A ZooKeeper ensemble in virtual time: the test twin behind zk::Client. Small enough to be seen to
// be right, and held to the real server by the same contract tests (tests/contract). It keeps to
// what ZooKeeper promises and to no more: requests of a session are served in order, watches fire
// once and before the answer that shows the change, sessions end when nothing was heard for their
// timeout, and a connection that breaks takes an unknown part of what was on its way with it. Must
// outlive its clients. Not thread-safe: it is its world's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/sim_loop.h"
#include "tests/fakes/znode_tree.h"
#include "zk/client.h"

namespace zkcluster::sim {

enum class Verb { kGet, kExists, kChildren, kCreate, kSet, kDelete, kMulti, kSync };

// One verb as it arrives at the server.
struct Request {
  Verb verb;
  std::string path;         // of the verb; empty for a multi
  std::vector<zk::Op> ops;  // what it would change: one for create, set, delete; all of a multi
  bool watch = false;
};

// What becomes of a request. Losing it, or its answer, always breaks the connection: TCP does not
// lose one message out of the middle.
enum class Fate { kServe, kDropRequest, kLoseAnswer };
using FateFunction = std::function<Fate(const Request&)>;
using RequestPredicate = std::function<bool(const Request&)>;

struct EnsembleOptions {
  Duration min_latency = std::chrono::microseconds(200);  // one way
  Duration max_latency = std::chrono::milliseconds(2);
  Duration min_session_timeout = std::chrono::milliseconds(400);
  Duration max_session_timeout = std::chrono::minutes(1);
};

struct Link;
struct Channel;
struct Reply;

class FakeEnsemble {
 public:
  explicit FakeEnsemble(SimWorld& world, EnsembleOptions options = {});
  ~FakeEnsemble();
  FakeEnsemble(const FakeEnsemble&) = delete;
  FakeEnsemble& operator=(const FakeEnsemble&) = delete;

  // A client on `loop`, which it must not outlive. It begins to connect at once. Destroying it
  // without Close is a crash: its session lives on until it times out.
  [[nodiscard]] std::unique_ptr<zk::Client> NewClient(SimLoop& loop, Duration session_timeout);

  // --- disturbances; `client` is one of ours ---
  // The connection breaks, and none can be made until Reconnect.
  void Disconnect(zk::Client& client);
  // Nothing passes any more, in either direction, though the connection stands. Until Reconnect.
  void Mute(zk::Client& client);
  void Reconnect(zk::Client& client);
  // The connection breaks once; the client may come back at once.
  void Reset(zk::Client& client);
  // The server ends the client's session now. Nothing when there is none.
  void Expire(zk::Client& client);
  // The whole ensemble. While it is down no session expires; when it comes up all have their
  // timeout anew.
  void Down();
  void Up();
  [[nodiscard]] bool is_up() const { return up_; }
  // The next `count` requests take effect, their answers are lost.
  void LoseAnswers(zk::Client& client, int count);
  // The next request for which `predicate` holds takes effect, its answer is lost.
  void LoseAnswer(zk::Client& client, RequestPredicate predicate);
  // The same, without taking effect.
  void DropRequests(zk::Client& client, int count);
  void DropRequest(zk::Client& client, RequestPredicate predicate);
  // Decides about each request as it arrives; replaces all of the four above. Null: serve.
  void SetFate(zk::Client& client, FateFunction fate);

  // --- what an outside operator sees and does, at once ---
  // Sets the data, or creates the znode and its parents.
  void Put(const std::string& path, const std::string& data);
  // With all below it. Nothing when absent.
  void Remove(const std::string& path);
  [[nodiscard]] std::optional<zk::Node> Get(const std::string& path) const {
    return tree_.Get(path);
  }
  [[nodiscard]] bool Exists(const std::string& path) const { return tree_.Get(path).has_value(); }
  // Sorted; empty when absent.
  [[nodiscard]] std::vector<std::string> Children(const std::string& path) const;
  // All or nothing, as session 0.
  Result<std::vector<zk::OpResult>> Commit(const std::vector<zk::Op>& ops);
  void SetSequence(const std::string& parent, std::int32_t next) {
    tree_.SetSequence(parent, next);
  }
  [[nodiscard]] const std::vector<Transaction>& history() const { return history_; }
  [[nodiscard]] std::int64_t zxid() const { return tree_.zxid(); }
  [[nodiscard]] std::size_t live_sessions() const { return sessions_.size(); }
  [[nodiscard]] std::uint64_t requests_served() const { return requests_served_; }

  // --- the network, for FakeClient ---
  // Begins a connection for session `session_id` (0: a new one).
  std::shared_ptr<Link> Connect(const std::shared_ptr<Channel>& channel, std::int64_t session_id,
                                Duration session_timeout);
  void SendRequest(const std::shared_ptr<Link>& link, std::int32_t xid, Request request);
  void SendPing(const std::shared_ptr<Link>& link);
  void SendClose(const std::shared_ptr<Link>& link);
  // Watches the client still holds, having seen everything up to `seen`.
  void SendWatches(const std::shared_ptr<Link>& link, std::int64_t seen, std::set<std::string> data,
                   std::set<std::string> absent, std::set<std::string> children);
  // The client lets go: an unknown part of what it sent may still arrive.
  void Abandon(const std::shared_ptr<Link>& link);

 private:
  struct Session {
    Duration timeout;
    SimWorld::EventId expiry = 0;  // 0: the clock stands, the ensemble is down
    std::weak_ptr<Link> link;
  };

  void ToServer(const std::shared_ptr<Link>& link, std::function<void()> arrive);
  void ToClient(const std::shared_ptr<Link>& link, std::function<void()> arrive);
  // The server's end closes; the client learns of it after what was sent before.
  void HangUp(const std::shared_ptr<Link>& link);
  // Both ends, in the middle of whatever was on its way.
  void Break(const std::shared_ptr<Link>& link);

  void Accept(const std::shared_ptr<Link>& link, std::int64_t session_id, Duration session_timeout,
              TimePoint sent);
  void Serve(const std::shared_ptr<Link>& link, std::int32_t xid, const Request& request,
             TimePoint sent);
  [[nodiscard]] Result<Reply> Answer(const std::shared_ptr<Link>& link, const Request& request);
  void Touch(std::int64_t session_id);
  void EndSession(std::int64_t session_id);
  void Commit(ZnodeTree::Applied applied);
  void SendEvent(const std::shared_ptr<Link>& link, zk::WatchEvent event);
  [[nodiscard]] Micros WallNow() const;

  SimWorld& world_;
  const EnsembleOptions options_;
  ZnodeTree tree_;
  std::vector<Transaction> history_;
  std::map<std::int64_t, Session> sessions_;
  std::int64_t next_session_id_ = 0x1000000000000001;
  std::vector<std::weak_ptr<Link>> links_;
  bool up_ = true;
  std::uint64_t requests_served_ = 0;
};

}  // namespace zkcluster::sim
