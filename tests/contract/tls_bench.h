// One probe after the other within TLS, with its result. For tests of SocketProber.
#pragma once

#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "checker/probe/net/socket_prober.h"
#include "checker/probe/net/tls.h"
#include "names/system_names.h"

namespace zkcluster::contract {

inline std::shared_ptr<const TlsContext> Context(const TlsSettings& settings) {
  auto context = TlsContext::New(settings);
  REQUIRE_MESSAGE(context.has_value(), context.error().message);
  return *context;
}

struct TlsBench {
  TlsBench() { std::signal(SIGPIPE, SIG_IGN); }
  ProbeResult Probe(const std::string& addr, const TlsSettings& settings,
                    Duration timeout = std::chrono::seconds(5), ProbeQuestion question = {}) {
    prober->AddTarget(++last, {addr, std::move(question), Context(settings)}, [] {});
    return Again(timeout);
  }
  ProbeResult Again(Duration timeout = std::chrono::seconds(5)) {
    ProbeResult result;
    bool reported = false;
    prober->Start(last, timeout, [&](const ProbeResult& r) {
      result = r;
      reported = true;
    });
    REQUIRE(loop.RunUntil([&] { return reported; }, std::chrono::seconds(20)));
    result.latency = {};
    return result;
  }

  EventLoop loop;
  Prober::TargetId last = 0;
  SystemNames names{loop};
  std::unique_ptr<Prober> prober = NewSocketProber(loop, names.book());
};

inline constexpr ProbeResult kAlive{ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kNone, {}};
inline ProbeResult Doubt(ProbeAlarm alarm) {
  return {ProbeVerdict::kInconclusive, Reason::kProtocol, alarm, {}};
}
inline ProbeResult Failed(Reason reason) {
  return {ProbeVerdict::kFailed, reason, ProbeAlarm::kNone, {}};
}

}  // namespace zkcluster::contract
