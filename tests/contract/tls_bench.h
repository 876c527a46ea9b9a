// One probe after the other within TLS, with its result. For tests of SocketProber.
#pragma once

#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "checker/probe/net/tls.h"
#include "tests/contract/prober_bench.h"

namespace zkcluster::contract {

inline std::shared_ptr<const TlsContext> Context(const TlsSettings& settings) {
  auto context = TlsContext::New(settings);
  REQUIRE_MESSAGE(context.has_value(), context.error().message);
  return *context;
}

struct TlsBench : private Bench {
  TlsBench() { std::signal(SIGPIPE, SIG_IGN); }
  ProbeResult Probe(const std::string& addr, const TlsSettings& settings,
                    Duration timeout = std::chrono::seconds(5), ProbeQuestion question = {}) {
    prober->AddTarget(++last, {addr, std::move(question), Context(settings)}, [] {});
    return Again(timeout);
  }
  ProbeResult Again(Duration timeout = std::chrono::seconds(5)) {
    return Bench::Again(last, timeout);
  }

  using Bench::last;
  using Bench::loop;
  using Bench::prober;
};

inline constexpr ProbeResult kAlive{ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kNone, {}};
inline ProbeResult Doubt(ProbeAlarm alarm) {
  return {ProbeVerdict::kInconclusive, Reason::kProtocol, alarm, {}};
}

}  // namespace zkcluster::contract
