// The switch between the hosts, with socket pairs in place of TUN devices.
#include "tests/faults/packet_switch.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace zkcluster::faults {
namespace {

constexpr int kLimitMs = 30'000;

class Hosts {
 public:
  Hosts() {
    std::map<PacketSwitch::Port, UniqueFd> devices;
    for (PacketSwitch::Port port = 1; port <= 3; ++port) {
      int ends[2];
      REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
      devices.emplace(port, UniqueFd(ends[0]));
      hosts_.emplace(port, UniqueFd(ends[1]));
    }
    wires.emplace(std::move(devices));
  }

  // An IPv4 header with nothing but the addresses, and a name after it.
  void Send(PacketSwitch::Port from, PacketSwitch::Port to, const std::string& name,
            char version = 0x45) {
    std::string packet(20, '\0');
    packet[0] = version;
    packet[15] = static_cast<char>(from);
    packet[19] = static_cast<char>(to);
    packet += name;
    REQUIRE(::send(hosts_.at(from).get(), packet.data(), packet.size(), 0) ==
            static_cast<ssize_t>(packet.size()));
  }
  // The name of the next packet that arrives there; waits for it.
  std::string Next(PacketSwitch::Port at) {
    pollfd waiting{hosts_.at(at).get(), POLLIN, 0};
    if (::poll(&waiting, 1, kLimitMs) != 1) return "nothing";
    char bytes[256];
    const ssize_t got = ::recv(waiting.fd, bytes, sizeof bytes, 0);
    return got < 20 ? "nothing" : std::string(bytes + 20, static_cast<std::size_t>(got) - 20);
  }

  std::optional<PacketSwitch> wires;

 private:
  std::map<PacketSwitch::Port, UniqueFd> hosts_;
};

TEST_CASE("switch: packets arrive at their receiver") {
  Hosts hosts;
  hosts.Send(1, 2, "a");
  hosts.Send(1, 3, "b");
  hosts.Send(3, 1, "c");
  CHECK(hosts.Next(2) == "a");
  CHECK(hosts.Next(3) == "b");
  CHECK(hosts.Next(1) == "c");
  CHECK(hosts.wires->dropped() == 0);
}

TEST_CASE("switch: a packet that is not IPv4, or is for no known host, is dropped") {
  Hosts hosts;
  hosts.Send(1, 9, "nobody");
  hosts.Send(1, 2, "version 6", 0x60);
  hosts.Send(1, 2, "good");
  CHECK(hosts.Next(2) == "good");
}

TEST_CASE("switch: one direction is cut, and mended") {
  Hosts hosts;
  hosts.wires->Set(1, 2, {.cut = true});
  hosts.Send(1, 2, "lost");
  hosts.Send(1, 3, "beside it");  // in order: when this is there, the one before was handled
  hosts.Send(2, 1, "back");
  CHECK(hosts.Next(3) == "beside it");
  CHECK(hosts.Next(1) == "back");
  CHECK(hosts.wires->dropped() == 1);
  hosts.wires->Mend();
  hosts.Send(1, 2, "mended");
  CHECK(hosts.Next(2) == "mended");
}

TEST_CASE("switch: some packets are lost, as many as asked") {
  Hosts hosts;
  hosts.wires->Set(1, 2, {.loss = 0.3});
  std::uint64_t arrived = 0;
  for (std::uint64_t sent = 1; sent <= 2000; ++sent) {
    hosts.Send(1, 2, "maybe");
    hosts.Send(1, 3, "surely");
    REQUIRE(hosts.Next(3) == "surely");  // so the one before was handled
    if (sent - hosts.wires->dropped() == arrived) continue;
    REQUIRE(hosts.Next(2) == "maybe");
    ++arrived;
  }
  CHECK(hosts.wires->dropped() > 500);
  CHECK(hosts.wires->dropped() < 700);
}

TEST_CASE("switch: delayed packets come later than others, in their order") {
  Hosts hosts;
  hosts.wires->Set(1, 2, {.delay = std::chrono::milliseconds(50)});
  const TimePoint sent = std::chrono::steady_clock::now();
  hosts.Send(1, 2, "first");
  hosts.Send(1, 2, "second");
  hosts.Send(1, 3, "at once");
  CHECK(hosts.Next(3) == "at once");
  CHECK(hosts.Next(2) == "first");
  CHECK(std::chrono::steady_clock::now() - sent >= std::chrono::milliseconds(50));
  CHECK(hosts.Next(2) == "second");
  CHECK(hosts.wires->dropped() == 0);
}

}  // namespace
}  // namespace zkcluster::faults
