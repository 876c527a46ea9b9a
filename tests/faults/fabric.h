// The network between the hosts of one scenario, and its disturbances. Hosts have names: zk1 ..
// zk3, c1 .. c5 (checkers), s1 .. s6 (one Redis each), p1 and p2 (programs with the library), op
// (the process that runs the scenario). Two kinds: NetnsFabric gives each host a network namespace
// of its own, and every packet between two of them passes a switch that drops, loses or delays it;
// ProxyFabric has everything on loopback and can only cut a host off from ZooKeeper, by a TCP
// proxy. Used from the main thread only.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sandbox/server.h"

namespace zkcluster::faults {

// The state of one direction between two hosts.
struct Wire {
  bool cut = false;
  double loss = 0;  // the probability that a packet is lost
  Duration delay{0};
};

// What a scenario needs from the fabric.
enum class Need : unsigned char {
  kCutFromZooKeeper,  // a checker loses the ensemble, in one direction or both
  kPackets,           // any two hosts, each direction by itself: cut, loss, delay
  kMounts,            // a file system of its own
};

class Fabric {
 public:
  virtual ~Fabric() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // The reason why it cannot do that; empty: it can.
  [[nodiscard]] virtual std::string WhyNot(Need need) const = 0;

  // The namespace and address of this host's processes.
  [[nodiscard]] virtual sandbox::Place place(const std::string& host) = 0;
  // The port that a server of this host is to listen at; 0: a free one.
  [[nodiscard]] virtual std::uint16_t port(std::uint16_t usual) const = 0;
  // The address by which `from` reaches the ZooKeeper server at `address`.
  [[nodiscard]] virtual std::string Route(const std::string& from, const std::string& zookeeper,
                                          const std::string& address) = 0;

  // The treatment of packets from one host to the other, from now on.
  virtual void Set(const std::string& from, const std::string& to, const Wire& wire) = 0;
  // Restores the state of the start.
  virtual void Mend() = 0;
  // Packets dropped so far: the proof that a fault took place.
  [[nodiscard]] virtual std::uint64_t dropped() const = 0;
};

}  // namespace zkcluster::faults
