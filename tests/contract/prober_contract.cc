#include "tests/contract/prober_contract.h"

#include <doctest/doctest.h>

namespace zkcluster::contract {
namespace {

using namespace std::chrono_literals;
using Make = std::function<std::unique_ptr<ProberStage>()>;

constexpr Duration kPatience = std::chrono::seconds(10);
// Of probes that are expected to be answered.
constexpr Duration kTimeout = std::chrono::seconds(5);
constexpr Duration kShort = std::chrono::milliseconds(150);

void CheckAlive(const std::optional<ProbeResult>& result, ProbeAlarm alarm = ProbeAlarm::kNone) {
  REQUIRE(result.has_value());
  CHECK(result->verdict == ProbeVerdict::kAlive);
  CHECK(result->reason == Reason::kNone);
  CHECK(result->alarm == alarm);
  CHECK(result->latency >= 0ns);
}

void CheckFailed(const std::optional<ProbeResult>& result, Reason reason) {
  REQUIRE(result.has_value());
  CHECK(result->verdict == ProbeVerdict::kFailed);
  CHECK(result->reason == reason);
}

void Pong(ProberStage& stage) {
  stage.Add(1);
  for (int i = 0; i < 3; ++i) CheckAlive(stage.Probe(1, kTimeout));
}

void NeverWithinStart(ProberStage& stage) {
  stage.Kill();
  for (Prober::TargetId id = 1; id <= 2; ++id) {
    bool within = true;
    int reported = 0;
    stage.Add(id);
    stage.prober().Start(id, kTimeout, [&](const ProbeResult&) {
      CHECK(!within);
      ++reported;
    });
    within = false;
    CHECK(stage.RunUntil([&] { return reported > 0; }, kPatience));
    CHECK(reported == 1);
  }
}

void Refused(ProberStage& stage) {
  stage.Kill();
  stage.Add(1);
  for (int i = 0; i < 3; ++i) CheckFailed(stage.Probe(1, kTimeout), Reason::kRefused);
  stage.Start();
  CheckAlive(stage.Probe(1, kTimeout));
}

void KilledWhileIdle(ProberStage& stage) {
  int hints = 0;
  stage.Add(1, [&] { ++hints; });
  CheckAlive(stage.Probe(1, kTimeout));
  CHECK(hints == 0);
  stage.Kill();
  CHECK(stage.RunUntil([&] { return hints > 0; }, kPatience));
  CheckFailed(stage.Probe(1, kTimeout), Reason::kRefused);
  CHECK(hints == 1);
}

void KilledWhileItOwesAnAnswer(ProberStage& stage) {
  stage.Add(1);
  CheckAlive(stage.Probe(1, kTimeout));
  stage.Pause();
  std::optional<ProbeResult> result;
  stage.prober().Start(1, kTimeout, [&](const ProbeResult& r) { result = r; });
  CHECK(!stage.RunUntil([&] { return result.has_value(); }, kShort));
  stage.Kill();
  CHECK(stage.RunUntil([&] { return result.has_value(); }, kPatience));
  CheckFailed(result, Reason::kRefused);
}

void Hung(ProberStage& stage) {
  int hints = 0;
  stage.Add(1, [&] { ++hints; });
  CheckAlive(stage.Probe(1, kTimeout));
  stage.Pause();
  for (int i = 0; i < 2; ++i) {  // on the old connection, then on a new one
    const auto result = stage.Probe(1, kShort);
    CheckFailed(result, Reason::kTimeout);
    CHECK(result->latency >= kShort);
  }
  stage.Resume();
  CheckAlive(stage.Probe(1, kTimeout));
  CHECK(hints == 0);
}

void AnswersBeforeTheDeadline(ProberStage& stage) {
  stage.Add(1);
  CheckAlive(stage.Probe(1, kTimeout));
  stage.Pause();
  std::optional<ProbeResult> result;
  stage.prober().Start(1, kTimeout, [&](const ProbeResult& r) { result = r; });
  CHECK(!stage.RunUntil([&] { return result.has_value(); }, kShort));
  stage.Resume();
  CHECK(stage.RunUntil([&] { return result.has_value(); }, kPatience));
  CheckAlive(result);
}

void RestartedBetweenProbes(ProberStage& stage) {
  stage.Add(1);
  for (int i = 0; i < 3; ++i) {
    CheckAlive(stage.Probe(1, kTimeout));
    stage.Kill();
    stage.Start();  // the loop did not run: the prober does not know yet
  }
  CheckAlive(stage.Probe(1, kTimeout));
}

void AddWith(ProberStage& stage, Prober::TargetId id, RedisCredentials credentials) {
  stage.question = RedisPing{std::move(credentials)};
  stage.Add(id);
}

void Passwords(ProberStage& stage) {
  stage.SetPassword("secret");
  stage.Add(1);
  AddWith(stage, 2, {"", "wrong"});
  AddWith(stage, 3, {"", "secret"});
  AddWith(stage, 4, {"default", "secret"});
  AddWith(stage, 5, {"nobody", "secret"});
  for (int i = 0; i < 2; ++i) {  // the alarm stays what it is
    CheckAlive(stage.Probe(1, kTimeout), ProbeAlarm::kNoAuth);
    CheckAlive(stage.Probe(2, kTimeout), ProbeAlarm::kWrongPass);
    CheckAlive(stage.Probe(3, kTimeout));
    CheckAlive(stage.Probe(4, kTimeout));
    CheckAlive(stage.Probe(5, kTimeout), ProbeAlarm::kWrongPass);
  }
  stage.SetPassword("wrong");  // mended on the server: noticed
  CheckAlive(stage.Probe(2, kTimeout));
}

void PasswordForAServerWithoutOne(ProberStage& stage) {
  AddWith(stage, 1, {"", "secret"});
  for (int i = 0; i < 2; ++i) CheckAlive(stage.Probe(1, kTimeout), ProbeAlarm::kWrongPass);
}

void RemovedOrAbandonedDuringAProbe(ProberStage& stage) {
  stage.Pause();
  int reported = 0;
  for (Prober::TargetId id = 1; id <= 2; ++id) {
    stage.Add(id, [&] { ++reported; });
    stage.prober().Start(id, kShort, [&](const ProbeResult&) { ++reported; });
  }
  stage.prober().RemoveTarget(1);
  stage.prober().Abandon(2);
  CHECK(!stage.RunUntil([&] { return reported > 0; }, 2 * kShort));
  stage.Resume();
  CheckAlive(stage.Probe(2, kTimeout));  // an abandoned target is as good as new
  stage.Add(1);
  CheckAlive(stage.Probe(1, kTimeout));
  stage.prober().RemoveTarget(1);
  stage.prober().RemoveTarget(1);
  stage.prober().Abandon(1);
}

void RemovedInItsOwnCallbacks(ProberStage& stage) {
  bool reported = false;
  bool hinted = false;
  stage.Add(1);
  stage.prober().Start(1, kTimeout, [&](const ProbeResult&) {
    stage.prober().RemoveTarget(1);
    reported = true;
  });
  CHECK(stage.RunUntil([&] { return reported; }, kPatience));
  stage.Add(1, [&] {
    stage.prober().RemoveTarget(1);
    hinted = true;
  });
  CheckAlive(stage.Probe(1, kTimeout));
  stage.Kill();
  CHECK(stage.RunUntil([&] { return hinted; }, kPatience));
}

void NextProbeInsideOfTheResult(ProberStage& stage) {
  int left = 50;
  stage.Add(1);
  std::function<void(const ProbeResult&)> again = [&](const ProbeResult& result) {
    CHECK(result.verdict == ProbeVerdict::kAlive);
    if (--left > 0) stage.prober().Start(1, kTimeout, again);
  };
  stage.prober().Start(1, kTimeout, again);
  CHECK(stage.RunUntil([&] { return left == 0; }, kPatience));
}

void AThousandTargets(ProberStage& stage) {
  constexpr Prober::TargetId kTargets = 1000;
  for (Prober::TargetId id = 0; id < kTargets; ++id) stage.Add(id);
  for (int round = 0; round < 3; ++round) {
    Prober::TargetId alive = 0;
    Prober::TargetId reported = 0;
    for (Prober::TargetId id = 0; id < kTargets; ++id) {
      stage.prober().Start(id, kTimeout, [&](const ProbeResult& result) {
        ++reported;
        if (result.verdict == ProbeVerdict::kAlive) ++alive;
      });
    }
    CHECK(stage.RunUntil([&] { return reported == kTargets; }, kPatience));
    CHECK(alive == kTargets);
  }
}

// --- TcpConnect ---

void RemovedOrAbandonedAtOnce(ProberStage& stage) {
  int reported = 0;
  for (Prober::TargetId id = 1; id <= 2; ++id) {
    stage.Add(id);
    stage.prober().Start(id, kTimeout, [&](const ProbeResult&) { ++reported; });
  }
  stage.prober().RemoveTarget(1);
  stage.prober().Abandon(2);
  CHECK(!stage.RunUntil([&] { return reported > 0; }, kShort));
  CheckAlive(stage.Probe(2, kTimeout));
  stage.Add(1);
  CheckAlive(stage.Probe(1, kTimeout));
}

void RemovedInsideOfTheResult(ProberStage& stage) {
  bool reported = false;
  stage.Add(1);
  stage.prober().Start(1, kTimeout, [&](const ProbeResult&) {
    stage.prober().RemoveTarget(1);
    reported = true;
  });
  CHECK(stage.RunUntil([&] { return reported; }, kPatience));
}

void StoppedIsAlive(ProberStage& stage) {
  stage.Add(1);
  CheckAlive(stage.Probe(1, kTimeout));
  stage.Pause();
  for (int i = 0; i < 2; ++i) CheckAlive(stage.Probe(1, kTimeout));
  stage.Resume();
}

void KeepsNoConnection(ProberStage& stage) {
  int hints = 0;
  stage.Add(1, [&] { ++hints; });
  CheckAlive(stage.Probe(1, kTimeout));
  stage.Kill();
  CHECK(!stage.RunUntil([&] { return hints > 0; }, kShort));
  CheckFailed(stage.Probe(1, kTimeout), Reason::kRefused);
}

void AsksForNoPassword(ProberStage& stage) {
  stage.SetPassword("secret");
  stage.Add(1);
  CheckAlive(stage.Probe(1, kTimeout));
}

}  // namespace

std::optional<ProbeResult> ProberStage::Probe(Prober::TargetId id, Duration timeout) {
  const auto result = std::make_shared<std::optional<ProbeResult>>();
  prober().Start(id, timeout, [result](const ProbeResult& reported) { *result = reported; });
  static_cast<void>(RunUntil([&] { return result->has_value(); }, kPatience));
  return *result;
}

void CheckProberContract(const Make& make) {
  const auto run = [&](void (*test)(ProberStage&)) {
    const auto stage = make();
    test(*stage);
  };
  SUBCASE("pong, again and again") {
    run(Pong);
  }
  SUBCASE("done never runs within Start") {
    run(NeverWithinStart);
  }
  SUBCASE("refused, then alive") {
    run(Refused);
  }
  SUBCASE("killed while idle: a hint, then refusals") {
    run(KilledWhileIdle);
  }
  SUBCASE("killed while it owes an answer: a refusal") {
    run(KilledWhileItOwesAnAnswer);
  }
  SUBCASE("stopped: timeouts; continued: alive") {
    run(Hung);
  }
  SUBCASE("stopped, and continued before the deadline") {
    run(AnswersBeforeTheDeadline);
  }
  SUBCASE("restarted between probes: no failure") {
    run(RestartedBetweenProbes);
  }
  SUBCASE("passwords: none, wrong, right, wrong user") {
    run(Passwords);
  }
  SUBCASE("a password that the server does not want") {
    run(PasswordForAServerWithoutOne);
  }
  SUBCASE("removed, or abandoned, during a probe") {
    run(RemovedOrAbandonedDuringAProbe);
  }
  SUBCASE("removed inside of its own callbacks") {
    run(RemovedInItsOwnCallbacks);
  }
  SUBCASE("the next probe starts inside of the result") {
    run(NextProbeInsideOfTheResult);
  }
  SUBCASE("a thousand targets at one server") {
    run(AThousandTargets);
  }
}

void CheckConnectContract(const Make& make) {
  const auto run = [&](void (*test)(ProberStage&)) {
    const auto stage = make();
    stage->question = TcpConnect{};
    test(*stage);
  };
  SUBCASE("accepted, again and again") {
    run(Pong);
  }
  SUBCASE("done never runs within Start") {
    run(NeverWithinStart);
  }
  SUBCASE("refused, then alive") {
    run(Refused);
  }
  SUBCASE("restarted between probes: no failure") {
    run(RestartedBetweenProbes);
  }
  SUBCASE("removed, or abandoned, during a probe") {
    run(RemovedOrAbandonedAtOnce);
  }
  SUBCASE("removed inside of its result") {
    run(RemovedInsideOfTheResult);
  }
  SUBCASE("the next probe starts inside of the result") {
    run(NextProbeInsideOfTheResult);
  }
  SUBCASE("a thousand targets at one server") {
    run(AThousandTargets);
  }
  SUBCASE("a stopped server accepts") {
    run(StoppedIsAlive);
  }
  SUBCASE("no connection is kept, so none can break") {
    run(KeepsNoConnection);
  }
  SUBCASE("a password is none of its business") {
    run(AsksForNoPassword);
  }
}

}  // namespace zkcluster::contract
