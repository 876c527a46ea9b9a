// A simulated process's session with a FakeEnsemble: implements zk::Client exactly as its header
// says, with the production SessionTracker for the lease. Made by FakeEnsemble::NewClient.
// Loop-bound, to its SimLoop.
#pragma once

#include <memory>

#include "tests/fakes/fake_ensemble.h"

namespace zkcluster::sim {

class FakeClient final : public zk::Client {
 public:
  FakeClient(FakeEnsemble& ensemble, SimLoop& loop, Duration session_timeout,
             zk::Identity identity);
  ~FakeClient() override;
  FakeClient(const FakeClient&) = delete;
  FakeClient& operator=(const FakeClient&) = delete;

  void Get(const std::string& path, zk::Watch watch, zk::Callback<zk::Node> done) override;
  void Exists(const std::string& path, zk::Watch watch,
              zk::Callback<std::optional<zk::Stat>> done) override;
  void Children(const std::string& path, zk::Watch watch,
                zk::Callback<std::vector<std::string>> done) override;
  void Create(const std::string& path, std::string data, zk::CreateMode mode,
              zk::Callback<std::string> done) override;
  void Set(const std::string& path, std::string data, zk::Version version,
           zk::Callback<zk::Stat> done) override;
  void Delete(const std::string& path, zk::Version version, zk::Callback<void> done) override;
  void Multi(std::vector<zk::Op> ops, zk::MultiCallback done) override;
  void ResetAcl(const std::string& path, zk::Callback<void> done) override;
  void Sync(const std::string& path, zk::Callback<void> done) override;

  [[nodiscard]] SessionState state() const override;
  [[nodiscard]] std::int64_t session_id() const override;
  [[nodiscard]] std::uint64_t generation() const override;
  [[nodiscard]] Duration session_timeout() const override;
  [[nodiscard]] TimePoint last_contact() const override;
  [[nodiscard]] std::optional<Micros> server_time() const override;
  [[nodiscard]] Subscription OnSession(
      std::function<void(const zk::SessionEvent&)> listener) override;
  void Close(std::function<void()> done) override;

  [[nodiscard]] const std::shared_ptr<Channel>& channel() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;  // held by its own handlers too: a callback may destroy the client
};

}  // namespace zkcluster::sim
