// faults-rude HOST PORT MANNERS: plays a Redis server that misbehaves, until it is killed.
#include <cstdio>
#include <map>
#include <string>

#include "base/event_loop.h"
#include "tests/support/rude_server.h"

using zkcluster::contract::RudeServer;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  const std::map<std::string, RudeServer::Manners> known = {
      {"silent", {}},
      {"byte-by-byte", {.answer = "+PONG\r\n", .chunk = 1}},
      // The whole answer takes longer than the timeout of any probe.
      {"byte-a-second", {.answer = "+PONG\r\n", .chunk = 1, .pace = 1s}},
      {"garbage", {.answer = std::string("\xff\x00\x13$-7\r\n*9999999999\r\n", 21)}},
  };
  if (argc != 4 || !known.contains(argv[3])) {
    std::fprintf(stderr,
                 "usage: faults-rude HOST PORT silent|byte-by-byte|byte-a-second|garbage\n");
    return 64;
  }
  zkcluster::EventLoop loop;
  const RudeServer server(loop, known.at(argv[3]), argv[1],
                          static_cast<std::uint16_t>(std::stoi(argv[2])));
  loop.Run();
}
