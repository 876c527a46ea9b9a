// A ZooKeeper ensemble in virtual time: the fake behind zk::Client. Small enough to be checked
// by reading, and held to the real server by the same contract tests (tests/contract). It keeps
// ZooKeeper's promises and no more: requests of a session are served in order, watches fire once
// and before the answer that shows the change, sessions end when nothing was heard for their
// timeout, and a connection that breaks takes an unknown part of what was on its way with it.
//
// It has one server or several, numbered from 0; one of them leads. A client is connected to one of
// them. Reads, watches and pings are answered by that server from what it has applied; writes go to
// the leading one, are committed by a majority, and are answered once the client's own server has
// applied them. So a client on a server that lags or is cut off reads the past. As with a real one,
// four things follow that are easily forgotten:
//   - a client that lost the answer to a write and changed servers may not find what it wrote,
//     until it syncs;
//   - requests of a broken connection may take effect after the client has seen it break,
//     until the session continues elsewhere;
//   - being connected and able to read the own ephemeral proves nothing about the session;
//   - when the leading server ends, all lose their connections; and until an old one that is cut
//     off has noticed, it grants a sync without asking anybody.
//
// Must outlive its clients. Not thread-safe: it belongs to its world.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/listeners.h"
#include "tests/fakes/sim_loop.h"
#include "tests/fakes/znode_tree.h"
#include "zk/client.h"

namespace zkcluster::sim {

enum class Verb { kGet, kExists, kChildren, kCreate, kSet, kDelete, kMulti, kResetAcl, kSync };

// One verb as it arrives at the server.
struct Request {
  Verb verb;
  std::string path;         // of the verb; empty for a multi
  std::vector<zk::Op> ops;  // what it would change: one for create, set, delete; all of a multi
  bool watch = false;
  std::shared_ptr<const ZnodeTree::Asker> asker = nullptr;  // filled in by the client
};

// The fate of a request. Its loss, or that of its answer, always breaks the connection: TCP does
// not lose single messages.
enum class Fate {
  kServe,
  kDropRequest,
  kLoseAnswer,
  kKillSession,  // the session ends before the request is served, so it never is
};
using FateFunction = std::function<Fate(const Request&)>;
using RequestPredicate = std::function<bool(const Request&)>;

// A request, as its server receives it.
struct Arrival {
  std::uint64_t number;  // 1, 2, 3 ...: over all clients, in the order of their arrival
  SimLoop* process;      // of the client; null: it is gone
  std::int64_t session_id;
  int server;
  const Request& request;
};
using ArrivalFunction = std::function<Fate(const Arrival&)>;

struct EnsembleOptions {
  int servers = 1;
  Duration min_latency = std::chrono::microseconds(200);  // one way, client to server
  Duration max_latency = std::chrono::milliseconds(2);
  Duration min_session_timeout = std::chrono::milliseconds(400);
  Duration max_session_timeout = std::chrono::minutes(1);
  // One way between two servers.
  Duration min_server_latency = std::chrono::microseconds(100);
  Duration max_server_latency = std::chrono::milliseconds(1);
  // The time that a server goes on without hearing from the others: syncLimit x tickTime.
  Duration sync_limit = std::chrono::seconds(2);
  // The time from the loss of a leading server until the next one serves.
  Duration min_election = std::chrono::milliseconds(200);
  Duration max_election = std::chrono::milliseconds(500);
  // The interval at which a server reports active sessions to the leading one: tickTime / 2.
  Duration report_interval = std::chrono::milliseconds(100);
};

struct Link;
struct Channel;
class FakeQuorum;

class FakeEnsemble {
 public:
  explicit FakeEnsemble(SimWorld& world, EnsembleOptions options = {});
  ~FakeEnsemble();
  FakeEnsemble(const FakeEnsemble&) = delete;
  FakeEnsemble& operator=(const FakeEnsemble&) = delete;

  // A client on `loop`, which it must not outlive. It begins to connect at once. Destroying it
  // without Close is a crash: its session lives on until it times out.
  [[nodiscard]] std::unique_ptr<zk::Client> NewClient(SimLoop& loop, Duration session_timeout,
                                                      zk::Identity identity = {});

  // --- disturbances; `client` is one of ours ---
  // The connection breaks, and none can be made until Reconnect.
  void Disconnect(zk::Client& client);
  // Nothing passes in either direction, although the connection remains open. Until Reconnect.
  void Mute(zk::Client& client);
  void Reconnect(zk::Client& client);
  // The connection breaks once; the client may come back at once.
  void Reset(zk::Client& client);
  // The server ends the client's session now. No effect without a session.
  void Expire(zk::Client& client);
  // The whole ensemble. While it is down no session expires;
  // when it comes up the timeouts of all sessions begin again.
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
  // Decides the fate of each request as it arrives; replaces the four above. Null: serve.
  void SetFate(zk::Client& client, FateFunction fate);
  // The same for all clients at once; what it serves still meets the fate of its own client. It may
  // pause or destroy any process and call any disturbance.
  void SetFateOfAll(ArrivalFunction fate);
  // One-way cuts, the connection stays open; until Reconnect. What the client sends vanishes,
  // events and answers still arrive:
  void MuteToServer(zk::Client& client);
  // What it sends arrives and takes effect, and keeps its session alive; it hears nothing:
  void MuteToClient(zk::Client& client);
  // Watch events leave the server with this delay, and what follows them on the connection waits
  // with them. Zero: at once.
  void SetEventDelay(zk::Client& client, Duration delay);

  // What it sends, pings too, takes this much longer, in order. What it hears does not.
  void SetSendDelay(zk::Client& client, Duration delay);

  // --- disturbances of one server ---
  [[nodiscard]] int servers() const { return options_.servers; }
  // The leading server; -1: none, for now.
  [[nodiscard]] int leading() const;
  // The server that `client` is connected to; -1: none.
  [[nodiscard]] int ServerOf(zk::Client& client) const;
  // The server applies commits with this delay, and answers from what it has applied. No effect on
  // the leading server, which applies as it commits.
  void SetLag(int server, Duration lag);
  // It no longer hears from the other servers, nor they from it; its clients still reach it.
  // For sync_limit it still answers reads and pings, then it closes its connections and refuses
  // all until Rejoin.
  void CutOff(int server);
  void Rejoin(int server);
  // The process ends, and starts again. Commits are never lost; anything not yet committed is lost
  // or not, by chance.
  void ServerDown(int server);
  void ServerUp(int server);
  // Every write takes so much longer to be committed, from any client, as with slow disks; reads and
  // pings do not. A sync waits for the writes before it. Zero: as usual.
  void SetSlow(Duration slow);
  // Every server up, none cut off or late, nothing slow.
  void HealServers();

  // --- what an outside operator sees and does, at once: everything committed ---
  // Sets the data, or creates the znode and its parents.
  void Put(const std::string& path, const std::string& data);
  // The same; a new znode is an ephemeral of kOutsiderSession, which has no client.
  void PutEphemeral(const std::string& path, const std::string& data);
  // Ends that session.
  void EndEphemerals();
  // Deletes it with everything below it. No effect when absent.
  void Remove(const std::string& path);
  [[nodiscard]] std::optional<zk::Node> Get(const std::string& path) const;
  [[nodiscard]] bool Exists(const std::string& path) const;
  // Sorted; empty when absent.
  [[nodiscard]] std::vector<std::string> Children(const std::string& path) const;
  // A multi, as session 0.
  Result<std::vector<zk::OpResult>> Commit(const std::vector<zk::Op>& ops);
  // The number that the next sequential child of `parent` gets. REQUIRES: it exists.
  void SetSequence(const std::string& parent, std::int32_t next);
  [[nodiscard]] const std::deque<Transaction>& history() const { return history_; }
  // Keeps only about the newest `most` transactions of the history, never fewer. At first
  // all are kept.
  void KeepHistory(std::size_t most);
  // Called at each commit, when what Get shows is already the new state.
  // It may not change anything.
  [[nodiscard]] Subscription OnCommit(std::function<void(const Transaction&)> listener) {
    return commit_listeners_.Add(std::move(listener));
  }
  [[nodiscard]] std::int64_t zxid() const;
  [[nodiscard]] std::size_t live_sessions() const;
  [[nodiscard]] std::uint64_t requests_served() const { return requests_served_; }

  // --- the network, for FakeClient ---
  // Begins a connection for session `session_id` (0: a new one), whose client has seen everything
  // up to `seen`.
  std::shared_ptr<Link> Connect(const std::shared_ptr<Channel>& channel, std::int64_t session_id,
                                Duration session_timeout, std::int64_t seen);
  void SendRequest(const std::shared_ptr<Link>& link, std::int32_t xid, Request request);
  void SendPing(const std::shared_ptr<Link>& link);
  void SendClose(const std::shared_ptr<Link>& link);
  // Sets the watches again that the client still holds.
  void SendWatches(const std::shared_ptr<Link>& link, std::int64_t seen, std::set<std::string> data,
                   std::set<std::string> absent, std::set<std::string> children);
  // The client closes the connection: an unknown part of what it sent may still arrive.
  void Abandon(const std::shared_ptr<Link>& link);
  // The same, ending the session first; all that it sent may arrive.
  void Farewell(const std::shared_ptr<Link>& link);

 private:
  [[nodiscard]] Fate FateOf(const std::shared_ptr<Link>& link, const Request& request);
  [[nodiscard]] int PickServer(Channel& channel);
  void Log(Transaction transaction);

  SimWorld& world_;
  const EnsembleOptions options_;
  std::deque<Transaction> history_;
  std::size_t most_history_ = std::numeric_limits<std::size_t>::max();
  Listeners<const Transaction&> commit_listeners_;
  std::shared_ptr<const ArrivalFunction> fate_of_all_;
  std::uint64_t arrivals_ = 0;
  std::uint64_t requests_served_ = 0;
  std::vector<std::weak_ptr<Link>> links_;
  bool up_ = true;
  const std::unique_ptr<FakeQuorum> quorum_;
};

}  // namespace zkcluster::sim
