// A SocketProber of PINGs without a server, for tests that bring servers of their own: probe an
// address once, and the same target again. Used from the main thread only.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "checker/probe/net/socket_prober.h"
#include "names/system_names.h"

namespace zkcluster::contract {

// One SocketProber and no server.
struct Bench {
  ProbeResult Probe(const std::string& addr, Duration timeout = std::chrono::seconds(5),
                    RedisCredentials credentials = {}) {
    prober->AddTarget(++last, {addr, RedisPing{std::move(credentials)}, nullptr},
                      [this] { ++hints; });
    return Again(last, timeout);
  }
  ProbeResult Again(Prober::TargetId id, Duration timeout = std::chrono::seconds(5)) {
    ProbeResult result;
    bool reported = false;
    prober->Start(id, timeout, [&](const ProbeResult& r) {
      result = r;
      reported = true;
    });
    REQUIRE(loop.RunUntil([&] { return reported; }, std::chrono::seconds(20)));
    result.latency = {};
    return result;
  }

  EventLoop loop;
  int hints = 0;
  Prober::TargetId last = 0;
  SystemNames names{loop};
  std::unique_ptr<Prober> prober = NewSocketProber(loop, names.book());
};

inline ProbeResult Alive(ProbeAlarm alarm = ProbeAlarm::kNone) {
  return ProbeResult::Alive(alarm);
}
inline ProbeResult Failed(Reason reason) {
  return ProbeResult::Failed(reason);
}
inline const ProbeResult kUnresolved =
    ProbeResult::Inconclusive(Reason::kUnresolved, ProbeAlarm::kUnresolved);

}  // namespace zkcluster::contract
