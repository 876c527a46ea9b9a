#include "tests/faults/packet_switch.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

namespace zkcluster::faults {
namespace {

// IPv4: the places of the last bytes of sender and receiver.
constexpr std::size_t kHeaderBytes = 20;
constexpr std::size_t kReceiver = 19;

}  // namespace

PacketSwitch::PacketSwitch(std::map<Port, UniqueFd> hosts)
    : hosts_(std::move(hosts)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  // Signals are for the main thread.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

PacketSwitch::~PacketSwitch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

void PacketSwitch::Set(Port from, Port to, const Wire& wire) {
  const std::lock_guard lock(mutex_);
  wires_[{from, to}] = wire;
}

void PacketSwitch::Mend() {
  const std::lock_guard lock(mutex_);
  wires_.clear();
}

void PacketSwitch::Run() {
  std::vector<pollfd> descriptors = {{stop_.get(), POLLIN, 0}};
  std::vector<Port> ports = {0};
  for (const auto& [port, device] : hosts_) {
    descriptors.push_back({device.get(), POLLIN, 0});
    ports.push_back(port);
  }
  for (;;) {
    if (::poll(descriptors.data(), descriptors.size(), DeliverDue()) <= 0) continue;
    if (descriptors[0].revents != 0) return;
    for (std::size_t i = 1; i < descriptors.size(); ++i) {
      if ((descriptors[i].revents & POLLIN) != 0) Receive(ports[i], hosts_.at(ports[i]));
    }
  }
}

void PacketSwitch::Receive(Port from, const UniqueFd& device) {
  std::array<char, 65536> bytes;
  const ssize_t got = ::read(device.get(), bytes.data(), bytes.size());
  // The kernel sends IPv6 packets of its own on every device. They are dropped.
  if (got < static_cast<ssize_t>(kHeaderBytes) || (bytes[0] & 0xf0) != 0x40) return;
  const auto size = static_cast<std::size_t>(got);
  const Port to = static_cast<Port>(bytes[kReceiver]);
  Wire wire;
  {
    const std::lock_guard lock(mutex_);
    const auto known = wires_.find({from, to});
    if (known != wires_.end()) wire = known->second;
  }
  if (wire.cut || (wire.loss > 0 && std::bernoulli_distribution(wire.loss)(chance_))) {
    ++dropped_;
  } else if (wire.delay > Duration(0)) {
    delayed_.emplace(std::chrono::steady_clock::now() + wire.delay,
                     Delayed{to, Packet(bytes.data(), bytes.data() + size)});
  } else {
    Deliver(to, bytes.data(), size);
  }
}

void PacketSwitch::Deliver(Port to, const char* bytes, std::size_t size) {
  const auto host = hosts_.find(to);
  // A full queue loses packets, as on a real network; TCP sends them again.
  if (host != hosts_.end()) {
    [[maybe_unused]] const ssize_t written = ::write(host->second.get(), bytes, size);
  }
}

int PacketSwitch::DeliverDue() {
  const TimePoint now = std::chrono::steady_clock::now();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const Delayed& first = delayed_.begin()->second;
    Deliver(first.to, first.packet.data(), first.packet.size());
    delayed_.erase(delayed_.begin());
  }
  if (delayed_.empty()) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(delayed_.begin()->first - now);
  return static_cast<int>(wait.count());
}

}  // namespace zkcluster::faults
