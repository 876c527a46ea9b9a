#include "tests/faults/netns_fabric.h"

#include "tests/faults/namespaces.h"

namespace zkcluster::faults {
namespace {

const std::map<std::string, PacketSwitch::Port>& Ports() {
  static const std::map<std::string, PacketSwitch::Port> kPorts = {
      {"op", 1},  {"zk1", 11}, {"zk2", 12}, {"zk3", 13}, {"c1", 21}, {"c2", 22},
      {"c3", 23}, {"c4", 24},  {"c5", 25},  {"s1", 31},  {"s2", 32}, {"s3", 33},
      {"s4", 34}, {"s5", 35},  {"s6", 36},  {"p1", 41},  {"p2", 42}};
  return kPorts;
}

}  // namespace

NetnsFabric::NetnsFabric() {
  std::map<PacketSwitch::Port, UniqueFd> devices;
  for (const auto& [host, port] : Ports()) {
    HostNamespace made = NewHost(port, host == "op");
    devices.emplace(port, std::move(made.device));
    namespaces_.emplace(host, std::move(made.descriptor));
  }
  switch_ = std::make_unique<PacketSwitch>(std::move(devices));
}

sandbox::Place NetnsFabric::place(const std::string& host) {
  return {HostAddress(Ports().at(host)), namespaces_.at(host).get()};
}

void NetnsFabric::Set(const std::string& from, const std::string& to, const Wire& wire) {
  switch_->Set(Ports().at(from), Ports().at(to), wire);
}

void NetnsFabric::Mend() {
  switch_->Mend();
}

}  // namespace zkcluster::faults
