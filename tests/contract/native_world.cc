// The contract's world of real things: one ZooKeeper for all cases, one proxy for each client.
#include <doctest/doctest.h>

#include <map>

#include "base/event_loop.h"
#include "base/log.h"
#include "tests/contract/contract_world.h"
#include "tests/support/proxy.h"
#include "tools/sandbox/sandbox.h"
#include "zk/native_client.h"

namespace zkcluster::contract {
namespace {

sandbox::ZooKeeperServer& Server() {
  static sandbox::ZooKeeperServer server;
  return server;
}

class NativeWorld final : public ContractWorld {
 public:
  NativeWorld() {
    Server().Start();
    static int worlds = 0;
    root_ = "/contract-" + std::to_string(++worlds);
    const auto client = zk::NewNativeClient(loop_, *logger_, Options(Server().address()));
    REQUIRE(RunUntil([&] { return client->state() == SessionState::kConnected; },
                     std::chrono::seconds(30)));
    bool created = false;
    bool closed = false;
    client->Create(root_, "", zk::CreateMode::kPersistent,
                   [&](const Result<std::string>& path) { created = path.has_value(); });
    REQUIRE(RunUntil([&] { return created; }, std::chrono::seconds(30)));
    client->Close([&] { closed = true; });
    REQUIRE(RunUntil([&] { return closed; }, std::chrono::seconds(30)));
  }

  std::unique_ptr<zk::Client> NewClient(const zk::Identity& identity) override {
    auto proxy = std::make_unique<Proxy>(loop_, Server().port());
    auto options = Options(proxy->address());
    options.identity = identity;
    auto client = zk::NewNativeClient(loop_, *logger_, std::move(options));
    proxies_[client.get()] = std::move(proxy);
    return client;
  }
  std::unique_ptr<zk::Client> NewNeighbour() override {
    if (!neighbours_) neighbours_ = std::make_unique<EventLoop>();
    return zk::NewNativeClient(*neighbours_, *logger_, Options(Server().address()));
  }
  std::unique_ptr<zk::Client> NewPlainClient() override {
    return zk::NewNativeClient(loop_, *logger_, Options(Server().address()));
  }
  void Stall(Duration duration) override {
    REQUIRE(neighbours_ != nullptr);
    static_cast<void>(neighbours_->RunUntil([] { return false; }, duration));
  }
  Duration session_timeout() const override { return std::chrono::seconds(2); }
  std::string root() const override { return root_; }

  bool RunUntil(const std::function<bool()>& done, Duration limit) override {
    if (!neighbours_) return loop_.RunUntil(done, limit);
    // Both processes, in turns.
    const TimePoint end = loop_.Now() + limit;
    constexpr Duration kTurn = std::chrono::milliseconds(5);
    while (!loop_.RunUntil(done, kTurn)) {
      if (neighbours_->RunUntil(done, kTurn)) return true;
      if (loop_.Now() >= end) return false;
    }
    return true;
  }
  void RunFor(Duration duration) override {
    static_cast<void>(RunUntil([] { return false; }, duration));
  }

  void Break(zk::Client& client) override { Of(client).Break(); }
  void MuteToServer(zk::Client& client) override { Of(client).MuteToServer(); }
  void MuteToClient(zk::Client& client) override { Of(client).MuteToClient(); }
  void Mend(zk::Client& client) override { Of(client).Mend(); }
  void LoseAnswer(zk::Client& client, int after) override { Of(client).LoseAnswer(after); }
  void ExpireSession(zk::Client& client) override {
    EndSession(Server().port(), Of(client).credentials());
  }
  void StopServer() override { Server().Stop(); }
  void StartServer() override { Server().Start(); }

 private:
  [[nodiscard]] zk::NativeClientOptions Options(const std::string& server) const {
    return {.servers = {server}, .session_timeout = session_timeout()};
  }
  Proxy& Of(zk::Client& client) { return *proxies_.at(&client); }

  EventLoop loop_;
  std::unique_ptr<EventLoop> neighbours_;  // of another process
  std::shared_ptr<Logger> logger_ = NullLogger();
  std::map<zk::Client*, std::unique_ptr<Proxy>> proxies_;
  std::string root_;
};

}  // namespace

std::unique_ptr<ContractWorld> NewContractWorld() {
  return std::make_unique<NativeWorld>();
}

}  // namespace zkcluster::contract
