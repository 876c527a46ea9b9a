// The servers of a FakeEnsemble among themselves: which one leads, what is committed and in which
// order, which sessions live, and when each server learns of it.
//
//   Serving  --silence for sync_limit, or the leading server is gone--> Looking
//   Looking  --election (a majority looks), or the leading server is in reach--> Serving
//   any      --process ends--> Down  --starts--> Looking
//
// A server that is looking, or down, has no clients. The leading one orders all writes; each is
// committed after a round trip to a majority, applied there at once and by the others when they
// hear of it. With one server there is no round trip and no silence: everything happens within the
// call. Used only inside the fake ensemble.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/fakes/fake_link.h"
#include "tests/fakes/fake_server.h"
#include "tests/fakes/znode_tree.h"

namespace zkcluster::sim {

class FakeQuorum {
 public:
  using CommitFunction = std::function<void(Transaction)>;

  // `on_commit` gets each commit when the tree has it, before any server has.
  FakeQuorum(SimWorld& world, const EnsembleOptions& options, CommitFunction on_commit);
  ~FakeQuorum();
  FakeQuorum(const FakeQuorum&) = delete;
  FakeQuorum& operator=(const FakeQuorum&) = delete;

  [[nodiscard]] Wire& wire() { return wire_; }
  [[nodiscard]] FakeServer& server(int index) { return At(index).server; }
  [[nodiscard]] const ZnodeTree& tree() const { return tree_; }
  [[nodiscard]] ZnodeTree& tree() { return tree_; }
  [[nodiscard]] std::size_t live_sessions() const { return sessions_.size(); }
  // The server that leads, and can commit; -1: none.
  [[nodiscard]] int leading() const { return HasQuorum() ? leader_ : -1; }

  // --- what a server asks of the others; answers come by its Accept, Apply and Answer ---
  [[nodiscard]] bool Serves(int server) { return At(server).serving; }
  void Open(int at, const std::shared_ptr<Link>& link, Duration timeout, TimePoint sent);
  void Resume(int at, const std::shared_ptr<Link>& link, std::int64_t session_id, TimePoint sent);
  void Write(int at, const std::shared_ptr<Link>& link, std::uint64_t ticket, Request request);
  void Sync(int at, const std::shared_ptr<Link>& link, std::uint64_t ticket);
  void Close(int at, const std::shared_ptr<Link>& link, std::uint64_t ticket);
  // The server has heard from this session's client.
  void Heard(int at, std::int64_t session_id);

  // --- from outside: committed at once, also without a leading server ---
  Result<std::vector<zk::OpResult>> CommitNow(const std::vector<zk::Op>& ops,
                                              std::int64_t session_id = 0);
  void EndNow(std::int64_t session_id);
  void EndOutsider();  // kOutsiderSession

  // --- disturbances ---
  void SetLag(int server, Duration lag);
  void SetCut(int server, bool cut);
  void SetRunning(int server, bool running);
  void SetSlow(Duration slow) { slow_ = slow; }
  void SetAllRunning(bool running);  // besides SetRunning, and without changing it
  void Heal();

 private:
  struct Session {
    Duration timeout{0};
    TimePoint deadline{};
    SimWorld::EventId timer = 0;
    bool ending = false;       // proposed
    std::weak_ptr<Link> link;  // the connection that may write
  };
  struct Peer {
    Peer(int index, FakeQuorum& quorum);
    FakeServer server;
    bool running = true;
    bool cut = false;
    bool serving = true;
    bool leads = false;       // as it believes
    std::uint64_t reign = 1;  // that it serves under
    Duration lag{0};
    Pipe to_leader;
    Pipe commits;                     // from the leading server
    Pipe replies;                     // the same, not behind what is to be applied
    std::vector<std::int64_t> heard;  // sessions, not reported yet
    SimWorld::EventId report = 0;
    SimWorld::EventId give_up = 0;
    SimWorld::EventId join = 0;
  };
  // The requests that the leading server works on.
  struct Proposal {
    enum class Kind { kWrite, kSync, kOpen, kClose };
    Kind kind;
    int origin = -1;
    std::shared_ptr<Link> link;  // null: of nobody who waits for an answer
    std::uint64_t ticket = 0;
    std::int64_t session_id = 0;
    Request request{};
    Duration timeout{0};
    TimePoint sent{};
    std::int64_t received = 0;  // the newest transaction then
    TimePoint due{};            // when a majority has answered
    bool spread = false;        // others know of it
  };

  [[nodiscard]] Peer& At(int index) { return *peers_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const Peer& At(int index) const { return *peers_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] Micros WallNow() const;

  // --- fake_quorum.cc: order, commits, sessions ---
  void Forward(int at, Proposal proposal);
  void Receive(Proposal proposal);
  void Advance();
  void Commit(const Proposal& proposal);
  void CommitWrite(const Proposal& proposal);
  void CommitOpen(const Proposal& proposal);
  void CommitEnd(std::int64_t session_id, const Proposal* proposal);
  void CommitTransaction(ZnodeTree::Applied applied, Record record);
  // Sent only to its origin, after everything that was committed before.
  void SendToOrigin(Record record);
  [[nodiscard]] Record RecordOf(const Proposal& proposal, Result<Reply, zk::OpError> reply);
  void Trim();
  void Touch(std::int64_t session_id);
  void OnSessionTimer(std::int64_t session_id);
  void StopClocks();
  void StartClocks();

  // --- fake_election.cc: who serves, who leads ---
  [[nodiscard]] bool Runs(const Peer& peer) const { return all_running_ && peer.running; }
  [[nodiscard]] bool IsMajority(std::size_t count) const { return count * 2 > peers_.size(); }
  [[nodiscard]] bool LeaderInReach() const;
  [[nodiscard]] bool InContact(const Peer& peer) const;
  [[nodiscard]] bool HasQuorum() const;
  // Acts on any change of the above.
  void Review();
  void ReviewServing(Peer& peer);
  void Stop(Peer& peer);
  void GiveUp(Peer& peer);
  void LeaderGone();
  void Join(Peer& peer);
  void Elect();
  void Serve(Peer& peer);

  SimWorld& world_;
  const EnsembleOptions options_;
  const CommitFunction on_commit_;
  Wire wire_;
  ZnodeTree tree_;
  std::vector<std::unique_ptr<Peer>> peers_;
  bool all_running_ = true;
  int leader_ = 0;  // -1: none. It may be out of reach, and not know that another is being elected.
  std::uint64_t reign_ = 1;
  SimWorld::EventId election_ = 0;

  Duration slow_{0};  // longer than usual until a write is committed
  std::deque<Proposal> proposals_;
  TimePoint last_due_ = TimePoint::min();
  SimWorld::EventId advance_ = 0;
  std::vector<Proposal> orphans_;  // of a leading server that is gone; a later one may know of them

  std::map<std::int64_t, Session> sessions_;
  bool clocks_run_ = true;
  std::int64_t next_session_id_ = 0x1000000000000001;
};

}  // namespace zkcluster::sim
