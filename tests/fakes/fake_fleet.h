// A fleet of Redis servers in a SimWorld, and the probers that reach them: the fake of
// SocketProber. A server is up, refuses, hangs, loads, wants a password; between one checker and
// one server the network may be cut. It behaves like a real server under the contract of
// tests/contract/prober_contract.h. An address that was never Set refuses.
//
// With names, the host of a target is a name: what FakeNames says about it is a host of the fleet,
// and Set and Get mean the server there. Each prober then has a production NameBook and Resolver.
// Bound to the thread of its world; outlives its probers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checker/probe/prober.h"
#include "tests/fakes/fake_dns.h"
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

  // From now on hosts are names. REQUIRES: no prober, no server; `names` outlives the fleet.
  void UseNames(FakeNames& names) { names_ = &names; }

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

  // A probe that has ended: the process (a restarted checker has a new one), its checker, the
  // target's address, and the place of the server that answered, if one did.
  struct Ended {
    const SimLoop& process;
    const std::string& checker;
    const std::string& addr;
    const std::string& place;
    const ProbeResult& result;
  };
  // Called before the prober's caller gets the result. Null: not called.
  using ResultListener = std::function<void(const Ended&)>;
  void SetResultListener(ResultListener listener) { listener_ = std::move(listener); }

  // The name of this address now means another host, with servers like those that the old one has;
  // those go on there. REQUIRES: names, and that `host` is new.
  void Move(const std::string& addr, const std::string& host, Duration ttl);
  // The name of this address is in DNS, or it is not. REQUIRES: names.
  void SetListed(const std::string& addr, bool listed);
  [[nodiscard]] bool has_names() const { return names_ != nullptr; }

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

  // The server that `addr` means now.
  [[nodiscard]] std::string PlaceOf(const std::string& addr) const;
  // And those that it meant before.
  [[nodiscard]] std::vector<std::string> PlacesOf(const std::string& addr) const;
  [[nodiscard]] static Reach ReachOf(const State& state, const std::string& checker);
  void Change(const std::string& place, Server server);
  void FlapPlace(const std::string& place, Duration up, Duration down);
  void Touch(const std::string& place);

  SimWorld& world_;
  FakeNames* names_ = nullptr;
  ResultListener listener_;
  std::map<std::string, State> servers_;      // by place
  std::map<std::string, std::string> hosts_;  // by name: where it is, also while it is not listed
  std::map<std::string, std::vector<std::string>> all_hosts_;  // by name, the newest last
  std::map<std::string, Duration> ttls_;
  std::vector<FleetProber*> probers_;  // in the order they were made: runs repeat exactly
};

}  // namespace zkcluster::sim
