// Shared by the tests of FakeEnsemble: a world, an ensemble, a client of it, and calls that
// wait for answers.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/sim_loop.h"

namespace zkcluster::sim {

struct FakeBench {
  explicit FakeBench(int servers = 1, std::uint64_t seed = 1)
      : world(seed), ensemble(world, {.servers = servers}), client(Connected(loop)) {}

  std::unique_ptr<zk::Client> Connected(SimLoop& of) {
    auto made = ensemble.NewClient(of, std::chrono::seconds(4));
    REQUIRE(RunUntil([&] { return IsConnected(*made); }));
    return made;
  }
  bool RunUntil(const std::function<bool()>& done) {
    return world.RunUntil(done, std::chrono::seconds(30));
  }
  [[nodiscard]] static bool IsConnected(const zk::Client& which) {
    return which.state() == SessionState::kConnected;
  }
  // Makes it connect again.
  void Reconnect(zk::Client& which) {
    ensemble.Reset(which);
    REQUIRE(RunUntil([&] { return !IsConnected(which); }));
    REQUIRE(RunUntil([&] { return IsConnected(which); }));
  }
  // The same, until it is on that server.
  void Place(zk::Client& which, int server) {
    for (int i = 0; i < 100 && ensemble.ServerOf(which) != server; ++i) Reconnect(which);
    REQUIRE(ensemble.ServerOf(which) == server);
  }
  // A server that does not lead.
  [[nodiscard]] int Follower() const { return (ensemble.leading() + 1) % ensemble.servers(); }
  [[nodiscard]] int OtherFollower() const { return (ensemble.leading() + 2) % ensemble.servers(); }

  template <class T, class F>
  Result<T> Await(F begin) {
    std::optional<Result<T>> answer;
    begin([&](Result<T> result) { answer = std::move(result); });
    REQUIRE(RunUntil([&] { return answer.has_value(); }));
    return *answer;
  }
  Result<std::string> Create(zk::Client& by, const std::string& path,
                             zk::CreateMode mode = zk::CreateMode::kPersistent) {
    return Await<std::string>([&](auto done) { by.Create(path, "", mode, done); });
  }
  Result<zk::Stat> Set(zk::Client& by, const std::string& path, const std::string& data) {
    return Await<zk::Stat>([&](auto done) { by.Set(path, data, zk::kAnyVersion, done); });
  }
  Result<zk::Node> Get(zk::Client& by, const std::string& path, const zk::Watch& watch = {}) {
    return Await<zk::Node>([&](auto done) { by.Get(path, watch, done); });
  }
  bool Sees(zk::Client& by, const std::string& path) { return Get(by, path).has_value(); }
  void Sync(zk::Client& by) {
    REQUIRE(Await<void>([&](auto done) { by.Sync("/", done); }));
  }

  SimWorld world;
  SimLoop loop{world};
  FakeEnsemble ensemble;
  std::unique_ptr<zk::Client> client;
};

}  // namespace zkcluster::sim
