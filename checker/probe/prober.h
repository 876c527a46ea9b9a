// The third seam: send one PING to one Redis server, get one typed result. Production twin:
// RedisProber. Test twin: FakeFleet's prober. A prober keeps one connection per target open between
// probes; it holds no opinion and no schedule. Loop-bound: each worker has a prober of its own.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "model/reason.h"

namespace zkcluster {

// What AUTH is sent with after connecting. Empty password: no AUTH.
struct RedisCredentials {
  std::string user;  // empty: AUTH with the password alone
  std::string password;
  bool operator==(const RedisCredentials&) const = default;
};

class TlsContext;  // tls.h

struct ProbeTarget {
  std::string addr;  // as in the spec; REQUIRES: ParseAddress accepts it
  RedisCredentials credentials;
  std::shared_ptr<const TlsContext> tls;  // null: in the clear
  bool operator==(const ProbeTarget&) const = default;
};

enum class ProbeVerdict : unsigned char {
  kAlive,   // PONG, or an answer that only a living server gives (see Alarm)
  kFailed,  // counts towards dead
  // Says nothing about the server: this host is at fault, or the name does not resolve.
  kCannotTell,
};

// A configuration fault worth telling a person; it never makes a shard dead.
enum class ProbeAlarm : unsigned char {
  kNone,
  kNoAuth,          // -NOAUTH: a password is needed and none configured
  kWrongPass,       // -WRONGPASS, or "invalid password"
  kNoPerm,          // -NOPERM: the user may not PING
  kDenied,          // -DENIED: protected mode
  kUnknownCommand,  // PING is renamed
  kUnresolved,      // its name does not resolve
  kLocalLimit,      // this host is out of descriptors, ports or memory
  kTlsRefused,      // the server speaks no TLS, or does not take our certificate
  kTlsUntrusted,    // its certificate is expired, or of an authority that we do not know
  kTlsWrongName,    // its certificate is for another name
};

struct ProbeResult {
  ProbeVerdict verdict = ProbeVerdict::kCannotTell;
  Reason reason = Reason::kNone;  // of kFailed and kCannotTell
  ProbeAlarm alarm = ProbeAlarm::kNone;
  Duration latency{0};  // from the start of the probe to its result
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
  // Its probe under way, if any, never calls back.
  virtual void RemoveTarget(TargetId id) = 0;

  // Sends a PING, connecting (and resolving, and authenticating) first where needed, all within
  // `timeout`. `done` runs exactly once, never within this call.
  // REQUIRES: the target was added and has no probe under way.
  virtual void Start(TargetId id, Duration timeout,
                     std::function<void(const ProbeResult&)> done) = 0;

  // A Start of this one will follow in a moment: fetch what it needs into the cache.
  virtual void Prefetch(TargetId) {}

  // Drops the target's connection and probe under way without a result.
  virtual void Abandon(TargetId id) = 0;
};

}  // namespace zkcluster
