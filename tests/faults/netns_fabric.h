// The fabric in which each host has a network namespace of its own. See fabric.h.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "tests/faults/fabric.h"
#include "tests/faults/packet_switch.h"

namespace zkcluster::faults {

// REQUIRES: this process has a network namespace to itself (StartIsolated): it becomes host op.
class NetnsFabric final : public Fabric {
 public:
  NetnsFabric();

  [[nodiscard]] std::string_view name() const override { return "netns"; }
  [[nodiscard]] std::string WhyNot(Need) const override { return {}; }
  [[nodiscard]] sandbox::Place place(const std::string& host) override;
  [[nodiscard]] std::uint16_t port(std::uint16_t usual) const override { return usual; }
  [[nodiscard]] std::string Route(const std::string&, const std::string&,
                                  const std::string& address) override {
    return address;
  }
  void Set(const std::string& from, const std::string& to, const Wire& wire) override;
  void Mend() override;
  [[nodiscard]] std::uint64_t dropped() const override { return switch_->dropped(); }

 private:
  std::map<std::string, UniqueFd> namespaces_;  // invalid for op
  std::unique_ptr<PacketSwitch> switch_;
};

}  // namespace zkcluster::faults
