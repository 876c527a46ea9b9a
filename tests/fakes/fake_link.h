// The transport between FakeClient and FakeEnsemble: one Channel per client, on which disturbances
// act, one Link per connection, and Wire, the network. Used only inside the fake ensemble.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/fake_ensemble.h"

namespace zkcluster::sim {

class FakeServer;

// The answer to a verb; which member holds it follows from the verb.
struct Reply {
  std::int64_t zxid = 0;  // the newest transaction that this server had applied
  zk::Node node;
  std::optional<zk::Stat> stat;
  std::vector<std::string> names;
  std::vector<zk::OpResult> results;
};

// The client's end of a connection. Everything is called on the client's loop.
class ClientEnd {
 public:
  virtual ~ClientEnd() = default;
  // `session_id` 0: the session that was asked for has expired.
  virtual void OnAccepted(const std::shared_ptr<Link>& link, std::int64_t session_id,
                          Duration timeout, TimePoint sent) = 0;
  virtual void OnReply(const std::shared_ptr<Link>& link, std::int32_t xid,
                       Result<Reply, zk::OpError> reply, TimePoint sent) = 0;
  virtual void OnPong(const std::shared_ptr<Link>& link, TimePoint sent) = 0;
  virtual void OnEvent(const std::shared_ptr<Link>& link, const zk::WatchEvent& event) = 0;
  virtual void OnClosed(const std::shared_ptr<Link>& link) = 0;
  virtual void OnBroken(const std::shared_ptr<Link>& link) = 0;
};

struct Channel {
  SimLoop* loop = nullptr;  // null: the process is gone
  std::weak_ptr<ClientEnd> client;
  bool cut = false;             // no connection can be made
  bool to_server_lost = false;  // what the client sends vanishes
  bool to_client_lost = false;
  Duration event_delay{0};
  Duration send_delay{0};
  FateFunction fate;
  std::shared_ptr<Link> link;   // the newest
  std::int64_t session_id = 0;  // the client's session, as the server knows it
  std::vector<int> untried;     // servers to connect to, the next one last
  int tried = -1;               // the last one
};

// A request that has to wait at its server: a write until it is applied there, or a request after
// such a write.
struct Waiting {
  std::uint64_t ticket = 0;   // of a write; 0: not one
  std::function<void()> run;  // what is not a write
  std::int32_t xid = 0;       // of a write; 0: it closes the session
  TimePoint sent{};
  bool lose_answer = false;
};

// One connection. Each direction delivers in order, up to its cut.
struct Link {
  std::shared_ptr<Channel> channel;
  FakeServer* server = nullptr;
  std::int64_t session_id = 0;  // 0: not accepted yet
  TimePoint last_to_server = TimePoint::min();
  TimePoint last_to_client = TimePoint::min();
  TimePoint server_cut = TimePoint::max();  // what would arrive after it never does
  TimePoint client_cut = TimePoint::max();
  bool server_open = true;
  bool to_server_lost = false;  // for good: bytes are missing
  bool to_client_lost = false;
  std::set<std::string> data_watches;
  std::set<std::string> child_watches;
  std::deque<Waiting> waiting;
};

class Wire {
 public:
  Wire(SimWorld& world, const EnsembleOptions& options)
      : world_(world), min_latency_(options.min_latency), max_latency_(options.max_latency) {}

  // Calls `arrive()` when what is sent now reaches the server.
  template <class F>
  void ToServer(const std::shared_ptr<Link>& link, F arrive) {
    world_.At(NextToServer(*link), nullptr, [this, link, arrive = std::move(arrive)]() mutable {
      if (!link->server_open || link->to_server_lost || world_.now() > link->server_cut) return;
      arrive();
    });
  }
  // Calls `arrive(client)` when what is sent now, or after `delay`, reaches the client.
  template <class F>
  void ToClient(const std::shared_ptr<Link>& link, F arrive, Duration delay = Duration::zero()) {
    if (link->channel->loop == nullptr) return;
    const TimePoint arrival = NextToClient(*link, delay);
    // The time of arrival at the process's kernel counts; a paused process reads it later.
    world_.At(arrival, link->channel->loop, [link, arrival, arrive = std::move(arrive)]() mutable {
      if (link->to_client_lost || arrival > link->client_cut) return;
      if (link->channel->link != link) return;
      if (const auto client = link->channel->client.lock()) arrive(*client);
    });
  }
  // The server's end closes; the client learns of it after what was sent before.
  void HangUp(const std::shared_ptr<Link>& link);
  // Closes both ends, also with messages on their way.
  void Break(const std::shared_ptr<Link>& link);

 private:
  TimePoint NextToServer(Link& link);
  TimePoint NextToClient(Link& link, Duration delay);
  // The server's end is closed.
  static void Close(const std::shared_ptr<Link>& link);

  SimWorld& world_;
  const Duration min_latency_;
  const Duration max_latency_;
};

// The way from one server to another: what is sent arrives later and in order. While held, nothing
// does; what is on its way waits, as TCP would send it again.
class Pipe {
 public:
  Pipe(SimWorld& world, const EnsembleOptions& options)
      : world_(world),
        min_latency_(options.min_server_latency),
        max_latency_(options.max_server_latency) {}
  ~Pipe() { Clear(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void Send(std::function<void()> message);
  void Hold(bool held);
  void SetDelay(Duration delay);  // on top of the latency
  void Clear();

 private:
  struct Message {
    TimePoint arrival;
    std::function<void()> run;
  };
  void Arm();
  void Deliver();

  SimWorld& world_;
  const Duration min_latency_;
  const Duration max_latency_;
  std::deque<Message> messages_;
  TimePoint last_arrival_ = TimePoint::min();
  Duration delay_{0};
  bool held_ = false;
  bool delivering_ = false;
  SimWorld::EventId event_ = 0;
};

}  // namespace zkcluster::sim
