// The contract of every Prober, for any question: the cases that SocketProber, against a real
// redis-server, and FakeFleet's prober must both pass. A ProberStage is one server, one prober and
// the loop of both.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/loop.h"
#include "checker/probe/prober.h"

namespace zkcluster::contract {

class ProberStage {
 public:
  virtual ~ProberStage() = default;
  virtual Prober& prober() = 0;
  virtual std::string addr() const = 0;
  // Runs the loop until `done`. False when `limit` passed first.
  virtual bool RunUntil(const std::function<bool()>& done, Duration limit) = 0;

  virtual void Kill() = 0;                                    // SIGKILL
  virtual void Start() = 0;                                   // up again, and ready
  virtual void Pause() = 0;                                   // SIGSTOP
  virtual void Resume() = 0;                                  // SIGCONT
  virtual void SetPassword(const std::string& password) = 0;  // for connections made from now on

  // Adds a target with this question.
  void Add(
      Prober::TargetId id, std::function<void()> hint = [] {}) {
    prober().AddTarget(id, {addr(), question, nullptr}, std::move(hint));
  }
  // One probe from start to result. Nothing: no result came within 10 s.
  std::optional<ProbeResult> Probe(Prober::TargetId id, Duration timeout);

  ProbeQuestion question;  // PING, without a password
};

// Runs all cases, each on a stage of its own, with the server up. Uses doctest's assertions.
void CheckProberContract(const std::function<std::unique_ptr<ProberStage>()>& make);
// The same for TcpConnect: the cases that need no conversation, and its own.
void CheckConnectContract(const std::function<std::unique_ptr<ProberStage>()>& make);

}  // namespace zkcluster::contract
