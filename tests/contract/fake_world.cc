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
  void LoseNextAnswer(zk::Client& client) override { ensemble_.LoseAnswers(client, 1); }
  void ExpireSession(zk::Client& client) override { ensemble_.Expire(client); }
  void StopServer() override { ensemble_.Down(); }
  void StartServer() override { ensemble_.Up(); }

 private:
  sim::SimWorld world_;
  sim::SimLoop loop_{world_};
  sim::FakeEnsemble ensemble_{world_, {.servers = ZKC_FAKE_SERVERS}};
};

}  // namespace

std::unique_ptr<ContractWorld> NewContractWorld() {
  return std::make_unique<FakeWorld>();
}

}  // namespace zkcluster::contract
