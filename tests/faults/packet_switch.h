// The switch of NetnsFabric: reads IP packets from the TUN device of each host, reads the
// receiver's address and delivers them, drops them, loses some or keeps them for a while. One
// thread of its own; Thread-safe.
//
// Why not veth, a bridge and nft: this one mechanism does one-way cuts, random loss and delay
// alike, where tc netem is missing from some kernels, and it needs no program but the kernel.
#pragma once

#include <zkcluster/time.h>
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "tests/faults/fabric.h"

namespace zkcluster::faults {

class PacketSwitch {
 public:
  // Of a host: the last byte of its address, 10.77.0.x.
  using Port = std::uint8_t;

  // The TUN device of each host.
  explicit PacketSwitch(std::map<Port, UniqueFd> hosts);
  ~PacketSwitch();
  PacketSwitch(const PacketSwitch&) = delete;
  PacketSwitch& operator=(const PacketSwitch&) = delete;

  void Set(Port from, Port to, const Wire& wire);
  void Mend();
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  using Packet = std::vector<char>;
  struct Delayed {
    Port to;
    Packet packet;
  };

  void Run();
  void Receive(Port from, const UniqueFd& device);
  void Deliver(Port to, const char* bytes, std::size_t size);
  // How long until the next delayed packet is due, in milliseconds for poll(2); -1: none waits.
  int DeliverDue();

  const std::map<Port, UniqueFd> hosts_;
  UniqueFd stop_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;
  std::map<std::pair<Port, Port>, Wire> wires_;  // guarded by mutex_; absent: without disturbance
  // Only the thread uses these.
  std::mt19937 chance_{1};
  std::multimap<TimePoint, Delayed> delayed_;
  std::thread thread_;
};

}  // namespace zkcluster::faults
