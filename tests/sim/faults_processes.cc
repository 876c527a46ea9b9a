// Faults of sessions, of the ensemble's servers, and of processes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/sim/faults.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Server = FakeFleet::Server;

bool IsMulti(const Request& request) {
  return request.verb == Verb::kMulti;
}

bool Writes(const Request& request) {
  return !request.ops.empty();
}

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

// --- sessions ---

void FaultMachine::MuteSession() {
  const Life life = PickLife();
  const Duration time = dice_.LogBetween(milliseconds(100), 3 * life.session_timeout);
  NoteFault(fmt::format("{} is mute for {:.2f} s", life.name, Seconds(time)));
  scene_.ensemble.Mute(*life.client);
  After(time, [this, number = life.number] {
    WithClient(number, [this](zk::Client& client) { scene_.ensemble.Reconnect(client); });
  });
}

void FaultMachine::CutSession() {
  const Life life = PickLife();
  const Duration time = dice_.LogBetween(milliseconds(50), 4 * life.session_timeout);
  NoteFault(fmt::format("{} is cut from ZooKeeper for {:.2f} s", life.name, Seconds(time)));
  scene_.ensemble.Disconnect(*life.client);
  After(time, [this, number = life.number] {
    WithClient(number, [this](zk::Client& client) { scene_.ensemble.Reconnect(client); });
  });
}

void FaultMachine::MuteOneWay() {
  const Life life = PickLife();
  const Duration time = dice_.LogBetween(milliseconds(100), 3 * life.session_timeout);
  const bool to_server = dice_.Chance(0.5);
  NoteFault(fmt::format("{} {} ZooKeeper for {:.2f} s", life.name,
                        to_server ? "no longer reaches" : "no longer hears", Seconds(time)));
  if (to_server) {
    scene_.ensemble.MuteToServer(*life.client);
  } else {
    scene_.ensemble.MuteToClient(*life.client);
  }
  After(time, [this, number = life.number] {
    WithClient(number, [this](zk::Client& client) { scene_.ensemble.Reconnect(client); });
  });
}

void FaultMachine::DelayEvents() {
  const Life life = PickLife();
  const Duration late = dice_.LogBetween(milliseconds(5), seconds(2));
  NoteFault(fmt::format("{} hears of events {:.2f} s late", life.name, Seconds(late)));
  scene_.ensemble.SetEventDelay(*life.client, late);
  After(dice_.Between(milliseconds(500), seconds(6)), [this, number = life.number] {
    WithClient(number, [this](zk::Client& client) {
      scene_.ensemble.SetEventDelay(client, Duration::zero());
    });
  });
}

void FaultMachine::ExpireSession() {
  const Life life = PickLife();
  NoteFault(life.name + "'s session expires");
  scene_.ensemble.Expire(*life.client);
}

void FaultMachine::ResetConnection() {
  const Life life = PickLife();
  NoteFault(life.name + "'s connection is reset");
  scene_.ensemble.Reset(*life.client);
}

void FaultMachine::LoseAnswers() {
  const Life life = PickLife();
  switch (dice_.Below(3)) {
    case 0:
      NoteFault(life.name + " loses the answers to its next requests");
      return scene_.ensemble.LoseAnswers(*life.client, dice_.Between(1, 3));
    case 1:
      NoteFault(life.name + " loses the answer to its next write");
      return scene_.ensemble.LoseAnswer(*life.client, Writes);
    default:
      NoteFault(life.name + " loses the answer to its next multi");
      return scene_.ensemble.LoseAnswer(*life.client, IsMulti);
  }
}

void FaultMachine::DropRequests() {
  const Life life = PickLife();
  switch (dice_.Below(3)) {
    case 0:
      NoteFault(life.name + "'s next requests are dropped");
      return scene_.ensemble.DropRequests(*life.client, dice_.Between(1, 3));
    case 1:
      NoteFault(life.name + "'s next write is dropped");
      return scene_.ensemble.DropRequest(*life.client, Writes);
    default:
      NoteFault(life.name + "'s next multi is dropped");
      return scene_.ensemble.DropRequest(*life.client, IsMulti);
  }
}

void FaultMachine::LoseCommitAnswer() {
  const auto leading = scene_.LeadingChecker(PickCluster());
  if (!leading || scene_.Checker(*leading) == nullptr) return;
  NoteFault(scene_.plan.checkers[*leading].id +
            " loses the answer to its next take-over or commit");
  scene_.ensemble.LoseAnswer(scene_.Checker(*leading)->client(), IsMulti);
}

// --- the ensemble ---

void FaultMachine::LagServer() {
  const int server = static_cast<int>(dice_.Below(static_cast<std::size_t>(scene_.plan.servers)));
  const Duration lag = dice_.LogBetween(milliseconds(5), milliseconds(6000));
  NoteFault(fmt::format("server {} lags by {:.3f} s", server, Seconds(lag)));
  scene_.ensemble.SetLag(server, lag);
  After(dice_.Between(seconds(1), seconds(8)),
        [this, server] { scene_.ensemble.SetLag(server, Duration::zero()); });
}

void FaultMachine::CutServer() {
  const int server = static_cast<int>(dice_.Below(static_cast<std::size_t>(scene_.plan.servers)));
  const Duration time = dice_.LogBetween(milliseconds(200), seconds(8));
  NoteFault(fmt::format("server {} is cut off for {:.2f} s", server, Seconds(time)));
  scene_.ensemble.CutOff(server);
  After(time, [this, server] { scene_.ensemble.Rejoin(server); });
}

void FaultMachine::StopServer() {
  const int server = static_cast<int>(dice_.Below(static_cast<std::size_t>(scene_.plan.servers)));
  const Duration time = dice_.LogBetween(milliseconds(100), seconds(6));
  NoteFault(fmt::format("server {} is down for {:.2f} s", server, Seconds(time)));
  scene_.ensemble.ServerDown(server);
  After(time, [this, server] { scene_.ensemble.ServerUp(server); });
}

void FaultMachine::StopLeadingServer() {
  const int server = scene_.ensemble.leading();
  if (server < 0) return;
  const Duration time = dice_.LogBetween(milliseconds(100), seconds(4));
  const bool cut = dice_.Chance(0.5);
  NoteFault(fmt::format("server {}, which leads, is {} for {:.2f} s", server,
                        cut ? "cut off" : "down", Seconds(time)));
  if (cut) {
    scene_.ensemble.CutOff(server);
    After(time, [this, server] { scene_.ensemble.Rejoin(server); });
  } else {
    scene_.ensemble.ServerDown(server);
    After(time, [this, server] { scene_.ensemble.ServerUp(server); });
  }
}

void FaultMachine::StopEnsemble() {
  const Duration time = dice_.LogBetween(milliseconds(200), seconds(12));
  NoteFault(fmt::format("the ensemble is down for {:.2f} s", Seconds(time)));
  scene_.ensemble.Down();
  After(time, [this] { scene_.ensemble.Up(); });
}

// --- processes ---

void FaultMachine::Freeze() {
  const Life life = PickLife();
  const Duration time = dice_.Between(life.session_timeout, 3 * life.session_timeout);
  NoteFault(fmt::format("{} is frozen for {:.2f} s", life.name, Seconds(time)));
  scene_.Pause(life.number, time);
}

void FaultMachine::FreezeBriefly() {
  const Life life = PickLife();
  const Duration time = dice_.LogBetween(milliseconds(20), life.session_timeout);
  NoteFault(fmt::format("{} is frozen for {:.3f} s", life.name, Seconds(time)));
  scene_.Pause(life.number, time);
}

void FaultMachine::SlowLoop() {
  const Life life = PickLife();
  const int times = dice_.Between(5, 40);
  NoteFault(fmt::format("{}'s loop is slow {} times", life.name, times));
  Duration at{0};
  for (int i = 0; i < times; ++i) {
    const Duration stop = dice_.LogBetween(milliseconds(5), milliseconds(700));
    After(at, [this, number = life.number, stop] { scene_.Pause(number, stop); });
    at += stop + dice_.LogBetween(milliseconds(1), milliseconds(200));
  }
}

void FaultMachine::Crash() {
  const std::size_t checker = PickChecker();
  scene_.KillChecker(checker);
  RestartSoon(checker);
}

void FaultMachine::Leave() {
  const std::size_t checker = PickChecker();
  scene_.LeaveChecker(checker);
  RestartSoon(checker);
}

void FaultMachine::JumpWallClock() {
  const Life life = PickLife();
  const Duration jump = dice_.LogBetween(milliseconds(1), std::chrono::hours(2));
  const auto by = std::chrono::duration_cast<Micros>(jump) * (dice_.Chance(0.5) ? 1 : -1);
  NoteFault(fmt::format("{}'s wall clock is {} us off", life.name, by.count()));
  life.loop->SetWallOffset(by);
}

void FaultMachine::UseIdTwice() {
  const std::size_t checker = PickChecker();
  scene_.StartTwin(checker);
  if (dice_.Chance(0.7)) {
    After(dice_.LogBetween(milliseconds(100), seconds(10)), [this] { scene_.KillTwins(); });
  }
}

void FaultMachine::RestartReader() {
  if (scene_.readers() > 0) scene_.RestartReader(dice_.Below(scene_.readers()));
}

void FaultMachine::CrashOperator() {
  const std::size_t index = dice_.Below(scene_.operators());
  scene_.KillOperator(index);
  After(dice_.LogBetween(milliseconds(10), seconds(3)), [this, index] {
    if (scene_.OperatorAt(index) == nullptr) scene_.StartOperator(index);
  });
}

void FaultMachine::CrashAtCommit() {
  AtNextCommits(1, [this](const Arrival& arrival, std::size_t) {
    for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
      if (scene_.Checker(i) == nullptr || &scene_.Checker(i)->loop() != arrival.process) continue;
      NoteFault(scene_.plan.checkers[i].id + " is killed as its commit arrives");
      scene_.KillChecker(i);
      RestartSoon(i);
      return;
    }
  });
}

void FaultMachine::FreezeAtCommit() {
  AtNextCommits(1, [this](const Arrival& arrival, std::size_t) {
    for (const auto& life : scene_.Lives()) {
      if (life.loop != arrival.process) continue;
      const Duration time = dice_.Between(milliseconds(10), 3 * life.session_timeout);
      NoteFault(
          fmt::format("{} is frozen for {:.2f} s as its commit arrives", life.name, Seconds(time)));
      scene_.Pause(life.number, time);
    }
  });
}

// A server is silent for less than any threshold around the moment when all checkers begin again:
// that is no death.
void FaultMachine::HangAround(Duration start) {
  const std::string addr = PickAddress();
  const Server how = dice_.Chance(0.7) ? Server::kHung : Server::kLoading;
  const Duration before = std::min(start, dice_.LogBetween(milliseconds(1), milliseconds(400)));
  const Duration after = dice_.Between(milliseconds(100), kShortestThreshold * 9 / 10 - before);
  After(start - before, [this, addr, how] { scene_.SetServer(addr, how); });
  After(start + after, [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

void FaultMachine::RestartAll() {
  const bool killed = dice_.Chance(0.6);
  const Duration back = dice_.LogBetween(milliseconds(50), 2 * kLongestSession);
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (killed) {
      scene_.KillChecker(i);
    } else {
      scene_.LeaveChecker(i);
    }
    After(back, [this, i] {
      if (scene_.Checker(i) == nullptr) scene_.StartChecker(i);
    });
  }
  HangAround(back);
}

// Checkers and a server stop together, and wake together; the server needs longer until it answers.
void FaultMachine::FreezeAll() {
  const Duration time = dice_.LogBetween(milliseconds(300), 2 * kLongestThreshold);
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    if (scene_.Checker(i) != nullptr) scene_.Pause(scene_.CheckerLife(i), time);
  }
  const std::string addr = PickAddress();
  scene_.SetServer(addr, Server::kHung);
  After(time + dice_.Between(milliseconds(100), kShortestThreshold * 9 / 10),
        [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

}  // namespace zkcluster::sim
