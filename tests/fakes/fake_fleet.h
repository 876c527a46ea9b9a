// A fleet of Redis servers in a SimWorld, and the probers that reach them: the fake of
// SocketProber. A server is up, refuses, hangs, loads, wants a password; between one checker and
// one server the network may be cut. It behaves like a real server under the contract of
// tests/contract/prober_contract.h. An address that was never Set refuses. Bound to the thread of
// its world; outlives its probers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checker/probe/prober.h"
#include "tests/fakes/sim_loop.h"

namespace zkcluster::sim {

class FakeFleet {
 public:
  enum class Server : unsigned char {
    kUp,
    kRefused,     // no process listens; its connections broke when it died
    kHung,        // SIGSTOP: connects succeed, nothing is answered until it is up again
    kLoading,     // -LOADING
    kMaxClients,  // -ERR max number of clients reached
    kUnresolved,  // its name does not resolve
  };
  // Between one checker and one server.
  enum class Reach : unsigned char {
    kOpen,
    kDropped,   // packets vanish
    kRejected,  // a firewall refuses
    kNoRoute,   // this checker's host has no route
  };

  explicit FakeFleet(SimWorld& world);
  ~FakeFleet();
  FakeFleet(const FakeFleet&) = delete;
  FakeFleet& operator=(const FakeFleet&) = delete;

  // A prober of the checker called `checker`, in the process of `loop`.
  [[nodiscard]] std::unique_ptr<Prober> NewProber(SimLoop& loop, std::string checker);

  void Set(const std::string& addr, Server server);  // ends its flapping
  [[nodiscard]] Server Get(const std::string& addr) const;
  // Down and up again at once: its connections break.
  void Restart(const std::string& addr);
  // `server` for `duration`, then `then`: loading for a while, say. Until Set.
  void SetFor(const std::string& addr, Server server, Duration duration, Server then);
  // Up for `up`, refused for `down`, and so on, until Set.
  void Flap(const std::string& addr, Duration up, Duration down);
  // Empty: no password wanted. Connections that are open keep their right.
  void SetPassword(const std::string& addr, std::string password, std::string user = "");
  // An answer takes half of this time to all of it. 1 ms at first.
  void SetLatency(const std::string& addr, Duration latency);

  void SetReach(const std::string& checker, const std::string& addr, Reach reach);
  void HealAll();

  // Called for each probe that ends with a result, before its caller gets it, with the process (a
  // restarted checker has a new one), its checker and the address. Null: not called.
  using ResultListener = std::function<void(const SimLoop& process, const std::string& checker,
                                            const std::string& addr, const ProbeResult&)>;
  void SetResultListener(ResultListener listener) { listener_ = std::move(listener); }

  // Probes started at this server, by all.
  [[nodiscard]] std::uint64_t probes(const std::string& addr) const;

 private:
  class FleetProber;
  struct State {
    Server server = Server::kRefused;
    std::string user;
    std::string password;
    Duration latency = std::chrono::milliseconds(1);
    std::uint64_t life = 1;  // counts its processes; a connection belongs to one
    std::uint64_t probes = 0;
    SimWorld::EventId change = 0;        // the next of its own
    std::map<std::string, Reach> reach;  // by checker; none: open
  };

  [[nodiscard]] static Reach ReachOf(const State& state, const std::string& checker);
  void Change(const std::string& addr, Server server);
  void Touch(const std::string& addr);

  SimWorld& world_;
  ResultListener listener_;
  std::map<std::string, State> servers_;
  std::vector<FleetProber*> probers_;  // in the order they were made: runs repeat exactly
};

}  // namespace zkcluster::sim
