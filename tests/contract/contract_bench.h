// Shared by the cases of the contract: a world, a connected client, and calls that
// wait for answers.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/contract_world.h"

namespace zkcluster::contract {

// Collects each call of a callback, to show that there is exactly one.
template <class T>
class Answer {
 public:
  [[nodiscard]] zk::Callback<T> Callback() const {
    return [calls = calls_](Result<T> result) { calls->push_back(std::move(result)); };
  }
  [[nodiscard]] std::size_t count() const { return calls_->size(); }
  [[nodiscard]] bool done() const { return !calls_->empty(); }
  [[nodiscard]] const Result<T>& get() const { return calls_->front(); }

 private:
  std::shared_ptr<std::vector<Result<T>>> calls_ = std::make_shared<std::vector<Result<T>>>();
};

// A watch function that records its calls.
class Watching {
 public:
  Watching()
      : events_(std::make_shared<std::vector<zk::WatchEvent>>()),
        function_(std::make_shared<zk::WatchFunction>(
            [events = events_](const zk::WatchEvent& event) { events->push_back(event); })) {}
  [[nodiscard]] zk::Watch watch() const { return function_; }
  [[nodiscard]] const std::vector<zk::WatchEvent>& events() const { return *events_; }
  [[nodiscard]] std::size_t count() const { return events_->size(); }
  void LetGo() { function_.reset(); }

 private:
  std::shared_ptr<std::vector<zk::WatchEvent>> events_;
  std::shared_ptr<zk::WatchFunction> function_;
};

class Bench {
 public:
  Bench() : world(NewContractWorld()), root(world->root()), client(Connected()) {}

  std::unique_ptr<zk::Client> Connected() const {
    auto fresh = world->NewClient();
    REQUIRE(AwaitState(*fresh, SessionState::kConnected));
    return fresh;
  }
  bool AwaitState(const zk::Client& which, SessionState state) const {
    return world->RunUntil([&] { return which.state() == state; });
  }
  // Begins a verb and runs until its answer has come.
  template <class T, class F>
  Result<T> Await(F begin) const {
    const Answer<T> answer;
    begin(answer.Callback());
    REQUIRE_FALSE(answer.done());  // never before the call returns
    REQUIRE(world->RunUntil([&] { return answer.done(); }));
    return answer.get();
  }

  Result<zk::Node> Get(const std::string& path, const zk::Watch& watch = {}) const {
    return Await<zk::Node>([&](auto done) { client->Get(path, watch, done); });
  }
  Result<std::optional<zk::Stat>> Exists(const std::string& path,
                                         const zk::Watch& watch = {}) const {
    return Await<std::optional<zk::Stat>>([&](auto done) { client->Exists(path, watch, done); });
  }
  Result<std::vector<std::string>> Children(const std::string& path,
                                            const zk::Watch& watch = {}) const {
    return Await<std::vector<std::string>>([&](auto done) { client->Children(path, watch, done); });
  }
  Result<std::string> Create(const std::string& path, const std::string& data = "",
                             zk::CreateMode mode = zk::CreateMode::kPersistent) const {
    return CreateBy(*client, path, data, mode);
  }
  Result<std::string> CreateBy(zk::Client& by, const std::string& path,
                               const std::string& data = "",
                               zk::CreateMode mode = zk::CreateMode::kPersistent) const {
    return Await<std::string>([&](auto done) { by.Create(path, data, mode, done); });
  }
  Result<zk::Stat> Set(const std::string& path, const std::string& data,
                       zk::Version version) const {
    return SetBy(*client, path, data, version);
  }
  Result<zk::Stat> SetBy(zk::Client& by, const std::string& path, const std::string& data,
                         zk::Version version) const {
    return Await<zk::Stat>([&](auto done) { by.Set(path, data, version, done); });
  }
  Result<void> Delete(const std::string& path, zk::Version version) const {
    return Await<void>([&](auto done) { client->Delete(path, version, done); });
  }
  zk::MultiResult Multi(const std::vector<zk::Op>& ops) const { return MultiBy(*client, ops); }
  zk::MultiResult MultiBy(zk::Client& by, const std::vector<zk::Op>& ops) const {
    const auto answer = std::make_shared<std::optional<zk::MultiResult>>();
    by.Multi(ops, [answer](zk::MultiResult result) { *answer = std::move(result); });
    REQUIRE_FALSE(answer->has_value());  // never before the call returns
    REQUIRE(world->RunUntil([&] { return answer->has_value(); }));
    return **answer;
  }
  Result<void> Sync(const std::string& path) const {
    return Await<void>([&](auto done) { client->Sync(path, done); });
  }

  std::unique_ptr<ContractWorld> world;
  std::string root;
  std::unique_ptr<zk::Client> client;  // destroyed before its world
};

// Records the changes of a client's session.
struct Seen {
  explicit Seen(zk::Client& client)
      : subscription(client.OnSession([this](const zk::SessionEvent& e) { events.push_back(e); })) {
  }
  [[nodiscard]] std::vector<SessionState> states() const {
    std::vector<SessionState> result;
    for (const auto& event : events) result.push_back(event.state);
    return result;
  }
  std::vector<zk::SessionEvent> events;
  Subscription subscription;
};

inline bool AwaitNewSession(const Bench& bench, std::uint64_t old_generation) {
  return bench.world->RunUntil([&] {
    return bench.client->generation() > old_generation &&
           bench.client->state() == SessionState::kConnected;
  });
}

// The code of a failure; nothing for a success.
template <class T, class E>
std::optional<ErrorCode> CodeOf(const Result<T, E>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

}  // namespace zkcluster::contract

// Readable codes in the messages of failed assertions.
namespace doctest {
template <>
struct StringMaker<std::optional<zkcluster::ErrorCode>> {
  static String convert(const std::optional<zkcluster::ErrorCode>& code) {
    return code ? String(std::string(zkcluster::ErrorCodeName(*code)).c_str()) : String("success");
  }
};
}  // namespace doctest
