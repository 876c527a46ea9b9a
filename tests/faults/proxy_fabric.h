// The fabric for machines that allow no namespaces: everything on loopback, and a TCP proxy between
// each checker or program and each ZooKeeper server. A Redis has one address for all checkers, so
// nothing can come between it and one of them. See fabric.h.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/event_loop.h"
#include "tests/faults/fabric.h"
#include "tests/support/proxy.h"

namespace zkcluster::faults {

class ProxyFabric final : public Fabric {
 public:
  explicit ProxyFabric(std::string why);  // there are no namespaces, for messages
  ~ProxyFabric() override;
  ProxyFabric(const ProxyFabric&) = delete;
  ProxyFabric& operator=(const ProxyFabric&) = delete;

  [[nodiscard]] std::string_view name() const override { return "proxy"; }
  [[nodiscard]] std::string WhyNot(Need need) const override;
  [[nodiscard]] sandbox::Place place(const std::string&) override { return {}; }
  [[nodiscard]] std::uint16_t port(std::uint16_t) const override { return 0; }
  [[nodiscard]] std::string Route(const std::string& from, const std::string& zookeeper,
                                  const std::string& address) override;
  // REQUIRES: one of the two is a ZooKeeper server, and what is asked for is a cut.
  void Set(const std::string& from, const std::string& to, const Wire& wire) override;
  void Mend() override;
  [[nodiscard]] std::uint64_t dropped() const override { return 0; }  // not counted

 private:
  void OnLoop(const std::function<void()>& task);  // and waits for it

  const std::string why_;
  EventLoop loop_;  // of thread_, with the proxies on it
  std::map<std::pair<std::string, std::string>, std::unique_ptr<contract::Proxy>> proxies_;
  std::thread thread_;
};

}  // namespace zkcluster::faults
