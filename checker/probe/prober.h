// The third seam: ask one server one question, get one typed result. In production: SocketProber.
// In tests: FakeFleet's prober. A prober may keep one connection per target open between probes;
// it holds no opinion and no schedule. Loop-bound: each worker has a prober of its own.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "checker/probe/question.h"
#include "model/reason.h"

namespace zkcluster {

class TlsContext;  // tls.h

struct ProbeTarget {
  std::string addr;  // as in the spec; REQUIRES: ParseAddress accepts it
  ProbeQuestion question;
  std::shared_ptr<const TlsContext> tls;  // null: in the clear
  bool operator==(const ProbeTarget&) const = default;
};

enum class ProbeVerdict : unsigned char {
  kAlive,   // the right answer, or one that only a living server gives (see ProbeAlarm)
  kFailed,  // counts as evidence of death
  // No evidence about the server: this host is at fault, or the name does not resolve.
  kInconclusive,
};

// A configuration fault that a person has to correct; it never makes a shard dead.
enum class ProbeAlarm : unsigned char {
  kNone,
  // The protocol: the server's own words.
  kNoAuth,          // -NOAUTH: a password is needed and none configured
  kWrongPass,       // -WRONGPASS, or "invalid password"
  kNoPerm,          // -NOPERM: the user may not PING
  kDenied,          // -DENIED: protected mode
  kUnknownCommand,  // PING is renamed
  // Names.
  kUnresolved,  // it does not resolve
  // The own host.
  kLocalLimit,  // it is out of descriptors, ports or memory
  // TLS.
  kTlsRefused,    // the server has no TLS, or refuses our certificate
  kTlsUntrusted,  // its certificate is expired, or of an authority that we do not know
  kTlsWrongName,  // its certificate is for another name
};

struct ProbeResult {
  ProbeVerdict verdict = ProbeVerdict::kInconclusive;
  Reason reason = Reason::kNone;  // of kFailed and kInconclusive
  ProbeAlarm alarm = ProbeAlarm::kNone;
  Duration latency{0};  // from the start of the probe to its result

  // Without a latency.
  [[nodiscard]] static ProbeResult Alive(ProbeAlarm alarm = ProbeAlarm::kNone) {
    return {ProbeVerdict::kAlive, Reason::kNone, alarm, Duration(0)};
  }
  [[nodiscard]] static ProbeResult Failed(Reason reason) {
    return {ProbeVerdict::kFailed, reason, ProbeAlarm::kNone, Duration(0)};
  }
  [[nodiscard]] static ProbeResult Inconclusive(Reason reason, ProbeAlarm alarm) {
    return {ProbeVerdict::kInconclusive, reason, alarm, Duration(0)};
  }

  bool operator==(const ProbeResult&) const = default;
};

class Prober {
 public:
  // Chosen by the caller; small, since a prober may keep a table of them.
  using TargetId = std::uint32_t;

  virtual ~Prober() = default;

  // `hint` runs when an idle connection breaks (the server closed it or died): worth a probe now,
  // but no result by itself. Nothing is connected yet.
  virtual void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) = 0;
  // A probe under way, if any, never calls back.
  virtual void RemoveTarget(TargetId id) = 0;

  // Asks the target's question, resolving and connecting first where needed, all within `timeout`.
  // `done` runs exactly once, never within this call.
  // REQUIRES: the target was added and has no probe under way.
  virtual void Start(TargetId id, Duration timeout,
                     std::function<void(const ProbeResult&)> done) = 0;

  // Start follows in a moment: fetch what it needs into the cache.
  virtual void Prefetch(TargetId) {}

  // Drops the target's connection, and its probe under way without a result.
  virtual void Abandon(TargetId id) = 0;
};

}  // namespace zkcluster
