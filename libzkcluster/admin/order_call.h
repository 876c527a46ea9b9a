// One order under way. It reads the ledger and the other facts that decide about the order, and
// changes ledger and journal in one multi. That multi also checks the cluster's znode, so that
// the order is for the cluster that was read. The leader watches the ledger, and each of its
// commits checks the ledger's version: an order holds from its own transaction on. When somebody
// else wrote the ledger meanwhile (the leader does, with flips), everything is read again.
// Loop-bound; private to ClusterAdmin.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "admin/admin_call.h"
#include "admin/orders.h"

namespace zkcluster {

class ClusterAdmin::OrderCall final : public ClusterAdmin::CallFor<Ordered> {
 public:
  OrderCall(ClusterAdmin& editor, const std::string& name, OrderRule rule, OrderAbout about,
            Done<Ordered> done);

 private:
  struct Inputs;

  void Run() override;
  void Get(const std::shared_ptr<Inputs>& inputs, const std::string& path,
           std::optional<zk::Node>& target);
  void GetExists(const std::shared_ptr<Inputs>& inputs, const std::string& path, bool& target);
  void FindCandidates(const std::shared_ptr<Inputs>& inputs);
  void ReadLedger(const std::shared_ptr<Inputs>& inputs);
  void Judge(const Inputs& inputs);
  [[nodiscard]] Result<OrderFacts> Facts(const Inputs& inputs) const;
  void Write(const Inputs& inputs, OrderPlan plan);
  // After a lost answer a refusal now does not say whether the order took effect then.
  void RefuseOrder(Error error);
  [[nodiscard]] std::string Quoted() const { return "cluster \"" + paths_.name() + "\""; }

  ClusterPaths paths_;
  const OrderRule rule_;
  const OrderAbout about_;
  Ordered change_;  // the newest change that was sent
};

}  // namespace zkcluster
