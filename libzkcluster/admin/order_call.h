// One order under way: reads the ledger and what the order is judged by, and changes ledger and
// journal in one multi that also checks the cluster's znode, so that an order is for the cluster
// that was read. The leader watches the ledger and each of its commits checks its version: an order
// holds from its own transaction on. When somebody else wrote the ledger meanwhile (the leader
// does, with flips), everything is read again. Loop-bound; private to ClusterAdmin.
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
  struct Standing;

  void Run() override;
  void Get(const std::shared_ptr<Standing>& standing, const std::string& path,
           std::optional<zk::Node>& target);
  void Look(const std::shared_ptr<Standing>& standing, const std::string& path, bool& target);
  void Judge(const Standing& standing);
  [[nodiscard]] Result<OrderFacts> Facts(const Standing& standing) const;
  void Write(const Standing& standing, OrderPlan plan);
  // Where an answer was lost, what refuses the order now does not tell what became of it then.
  void RefuseOrder(Error error);
  [[nodiscard]] std::string Quoted() const { return "cluster \"" + paths_.name() + "\""; }

  ClusterPaths paths_;
  const OrderRule rule_;
  const OrderAbout about_;
  Ordered change_;  // that was sent last
};

}  // namespace zkcluster
