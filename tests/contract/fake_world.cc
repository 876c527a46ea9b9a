// The contract's world in virtual time, with as many servers as the build says.
#include "tests/contract/contract_world.h"
#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/sim_loop.h"

namespace zkcluster::contract {
namespace {

class FakeWorld final : public ContractWorld {
 public:
  FakeWorld() { ensemble_.Put(root(), ""); }

  std::unique_ptr<zk::Client> NewClient(const zk::Identity& identity) override {
    return ensemble_.NewClient(loop_, session_timeout(), identity);
  }
  std::unique_ptr<zk::Client> NewNeighbour() override {
    return ensemble_.NewClient(neighbours_, session_timeout());
  }
  std::unique_ptr<zk::Client> NewPlainClient() override { return NewClient({}); }
  void Stall(Duration duration) override {
    // Nothing of it has run yet when this returns.
    loop_.Pause(duration + std::chrono::microseconds(1));
    world_.RunFor(duration);
  }
  Duration session_timeout() const override { return std::chrono::seconds(2); }
  std::string root() const override { return "/contract"; }

  bool RunUntil(const std::function<bool()>& done, Duration limit) override {
    return world_.RunUntil(done, limit);
  }
  void RunFor(Duration duration) override { world_.RunFor(duration); }

  void Break(zk::Client& client) override { ensemble_.Disconnect(client); }
  void MuteToServer(zk::Client& client) override { ensemble_.MuteToServer(client); }
  void MuteToClient(zk::Client& client) override { ensemble_.MuteToClient(client); }
  void Mend(zk::Client& client) override { ensemble_.Reconnect(client); }
  void LoseAnswer(zk::Client& client, int after) override {
    const auto left = std::make_shared<int>(after);
    ensemble_.SetFate(client, [left](const sim::Request&) {
      return (*left)-- == 0 ? sim::Fate::kLoseAnswer : sim::Fate::kServe;
    });
  }
  void ExpireSession(zk::Client& client) override { ensemble_.Expire(client); }
  void StopServer() override { ensemble_.Down(); }
  void StartServer() override { ensemble_.Up(); }

 private:
  sim::SimWorld world_;
  sim::SimLoop loop_{world_};
  sim::SimLoop neighbours_{world_};
  sim::FakeEnsemble ensemble_{world_, {.servers = ZKC_FAKE_SERVERS}};
};

}  // namespace

std::unique_ptr<ContractWorld> NewContractWorld() {
  return std::make_unique<FakeWorld>();
}

}  // namespace zkcluster::contract
