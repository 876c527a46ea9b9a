// A ZooKeeper ensemble in virtual time: the test twin behind zk::Client. Small enough to be seen to
// be right, and held to the real server by the same contract tests (tests/contract). It keeps to
// what ZooKeeper promises and to no more: requests of a session are served in order, watches fire
// once and before the answer that shows the change, sessions end when nothing was heard for their
// timeout, and a connection that breaks takes an unknown part of what was on its way with it.
//
// It has one server, or several, numbered from 0, of which one leads. A client is connected to one
// of them. Reads, watches and pings are answered by that server from what it has applied; writes go
// to the leading one, are committed by a majority, and are answered once the client's own server
// has applied them. So a client on a server that lags or is cut off reads the past. As with a real
// one, four things follow that are easily forgotten:
//   - who lost the answer to a write and is on another server since may not find what it wrote,
//     until it syncs;
//   - what a server has of a broken connection may take effect after the client has seen it break,
//     until the session is taken up elsewhere;
//   - connected, and able to read one's own ephemeral, proves nothing about the session;
//   - when the leading server goes, all lose their connections; and until an old one that is cut
//     off has noticed, it grants a sync without asking anybody.
//
// Must outlive its clients. Not thread-safe: it is its world's.
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

// What becomes of a request. Losing it, or its answer, always breaks the connection: TCP does not
// lose one message out of the middle.
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
  // One way, between two servers.
  Duration min_server_latency = std::chrono::microseconds(100);
  Duration max_server_latency = std::chrono::milliseconds(1);
  // How long a server that no longer hears of the others goes on: syncLimit x tickTime.
  Duration sync_limit = std::chrono::seconds(2);
  // From when the others have given up a leading server until the next one serves.
  Duration min_election = std::chrono::milliseconds(200);
  Duration max_election = std::chrono::milliseconds(500);
  // How often a server reports the sessions it has heard of to the leading one: tickTime / 2.
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
  // Nothing passes any more, in either direction, although the connection stays
  // open. Until Reconnect.
  void Mute(zk::Client& client);
  void Reconnect(zk::Client& client);
  // The connection breaks once; the client may come back at once.
  void Reset(zk::Client& client);
  // The server ends the client's session now. Nothing when there is none.
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
  // Decides about each request as it arrives; replaces all of the four above. Null: serve.
  void SetFate(zk::Client& client, FateFunction fate);
  // The same for all clients at once; what it serves still meets the fate of its own client. It may
  // pause or destroy any process and call any disturbance.
  void SetFateOfAll(ArrivalFunction fate);
  // One-way cuts, the connection stays open; until Reconnect. What the client sends vanishes,
  // events and answers still arrive:
  void MuteToServer(zk::Client& client);
  // What it sends arrives and takes effect, and keeps its session alive; it hears nothing:
  void MuteToClient(zk::Client& client);
  // Watch events leave the server that late, and what follows them on the connection waits with
  // them. Zero: at once.
  void SetEventDelay(zk::Client& client, Duration delay);

  // --- disturbances of one server ---
  [[nodiscard]] int servers() const { return options_.servers; }
  // The one that leads; -1: none, for now.
  [[nodiscard]] int leading() const;
  // The one that `client` is connected to; -1: none.
  [[nodiscard]] int ServerOf(zk::Client& client) const;
  // It applies what is committed that much later, and answers from what it has applied. Nothing on
  // the leading one: that applies as it commits.
  void SetLag(int server, Duration lag);
  // It no longer hears of the other servers, nor they of it; its clients still reach it. For
  // sync_limit it goes on answering reads and pings, then it hangs up on its clients and refuses
  // all until Rejoin.
  void CutOff(int server);
  void Rejoin(int server);
  // The process ends, and starts again. What was committed is never lost; what was not yet is lost
  // or not, by chance.
  void ServerDown(int server);
  void ServerUp(int server);
  // Every server up, none cut off or late.
  void HealServers();

  // --- what an outside operator sees and does, at once: everything committed ---
  // Sets the data, or creates the znode and its parents.
  void Put(const std::string& path, const std::string& data);
  // With all below it. Nothing when absent.
  void Remove(const std::string& path);
  [[nodiscard]] std::optional<zk::Node> Get(const std::string& path) const;
  [[nodiscard]] bool Exists(const std::string& path) const;
  // Sorted; empty when absent.
  [[nodiscard]] std::vector<std::string> Children(const std::string& path) const;
  // All or nothing, as session 0.
  Result<std::vector<zk::OpResult>> Commit(const std::vector<zk::Op>& ops);
  // The number that the next sequential child of `parent` gets. REQUIRES: it exists.
  void SetSequence(const std::string& parent, std::int32_t next);
  [[nodiscard]] const std::deque<Transaction>& history() const { return history_; }
  // Of the history only about the newest `most` are kept, and never less than those. All at first.
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
  // Watches the client still holds.
  void SendWatches(const std::shared_ptr<Link>& link, std::int64_t seen, std::set<std::string> data,
                   std::set<std::string> absent, std::set<std::string> children);
  // The client lets go: an unknown part of what it sent may still arrive.
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
