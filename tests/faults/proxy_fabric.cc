#include "tests/faults/proxy_fabric.h"

#include <signal.h>

#include <functional>
#include <future>

namespace zkcluster::faults {

ProxyFabric::ProxyFabric(std::string why) : why_(std::move(why)) {
  // Signals are for the main thread.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { loop_.Run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ProxyFabric::~ProxyFabric() {
  OnLoop([this] { proxies_.clear(); });
  loop_.Stop();
  thread_.join();
}

void ProxyFabric::OnLoop(const std::function<void()>& task) {
  std::packaged_task<void()> packaged(task);
  auto done = packaged.get_future();
  loop_.Post([&packaged] { packaged(); });
  done.get();
}

std::string ProxyFabric::WhyNot(Need need) const {
  switch (need) {
    case Need::kCutFromZooKeeper:
      return {};
    case Need::kPackets:
      return "it takes network namespaces (" + why_ + ")";
    case Need::kMounts:
      return "it takes a mount namespace (" + why_ + ")";
  }
  return "unknown";
}

std::string ProxyFabric::Route(const std::string& from, const std::string& zookeeper,
                               const std::string& address) {
  if (from == "op") return address;
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  std::string route;
  OnLoop([&] {
    auto& proxy = proxies_[{from, zookeeper}];
    proxy = std::make_unique<contract::Proxy>(loop_, port);
    route = proxy->address();
  });
  return route;
}

void ProxyFabric::Set(const std::string& from, const std::string& to, const Wire& wire) {
  OnLoop([&] {
    const auto out = proxies_.find({from, to});
    const auto back = proxies_.find({to, from});
    if (wire.cut && out != proxies_.end()) out->second->MuteToServer();
    if (wire.cut && back != proxies_.end()) back->second->MuteToClient();
  });
}

void ProxyFabric::Mend() {
  OnLoop([this] {
    for (const auto& [pair, proxy] : proxies_) proxy->Mend();
  });
}

}  // namespace zkcluster::faults
