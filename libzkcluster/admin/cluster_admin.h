// Creates, changes, reads and deletes clusters over a zk::Client, and gives orders to their
// checkers: the manager without its thread, so that the simulator can run operators too. Each
// change is one multi, guarded by the versions read. Errors and meanings are those of
// `zkcluster::Manager`; a lost answer is resolved by reading again, where that shows the outcome.
// Calls may overlap; each answers once, never before it returns. A call waits for a session without
// a limit: a caller with a deadline calls Abandon. Loop-bound conductor. Destroying it drops the
// calls under way unanswered.
#pragma once

#include <zkcluster/manager.h>
#include <zkcluster/spec.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/orders.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "codec/valid_spec.h"
#include "follow/spec_watcher.h"
#include "zk/client.h"

namespace zkcluster {

// What ClusterAdmin::Init has found.
struct Initialized {
  std::size_t znodes = 0;  // znodes that have their lists now
  // Registrations and ballots of running checkers. `bound` ones already carry the lists of their
  // own checkers, which nobody may change. `unbound` ones have this client's lists now; a restarted
  // checker creates them again with lists of its own.
  std::size_t bound = 0;
  std::size_t unbound = 0;
  std::size_t go_checkers = 0;  // registered now; left as they are
  bool operator==(const Initialized&) const = default;
};

class ClusterAdmin {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;

  // REQUIRES: root as ValidateRoot accepts it.
  ClusterAdmin(Loop& loop, zk::Client& client, std::string root);
  ~ClusterAdmin();

  void Create(ClusterSpec spec, Done<std::uint64_t> done);  // the new version
  void Update(ClusterSpec spec, Done<std::uint64_t> done);  // guarded by spec.version
  // The same for a spec that is known to be valid.
  void Create(ValidSpec spec, Done<std::uint64_t> done);
  void Update(ValidSpec spec, Done<std::uint64_t> done);
  void Delete(std::string name, std::uint64_t version, Done<void> done);
  void Get(std::string name, Done<StoredSpec> done);
  void List(Done<std::vector<std::string>> done);

  // Creates the root, and gives it and everything below it the lists of permissions that this
  // client gives to new znodes. May be repeated, also after a failure.
  void Init(Done<Initialized> done);

  // Orders: see orders.h for what each makes of the ledger. An order holds from the moment of its
  // answer: a leader's commit under way is refused. Writes by a leader or by another operator do
  // not make an order fail; the last order wins. Errors besides those of the rules: kInvalid,
  // kNotFound (no such cluster), kBadData (the ledger cannot be decoded), kConflict (it changes
  // faster than it can be read).
  void Pause(std::string name, PauseOrder order, Done<Ordered> done);
  void Resume(std::string name, std::string by, Done<Ordered> done);
  void Unfreeze(std::string name, bool accept, std::string by, Done<Ordered> done);
  void Forget(std::string name, std::string id, std::string by, Done<Ordered> done);
  void Maintain(std::string name, MaintenanceOrder order, Done<Ordered> done);
  void Redate(std::string name, std::string by, Done<Ordered> done);
  void EndMaintenance(std::string name, ShardChoice which, std::string by, Done<Ordered> done);

  // Gives up every call under way, which answers before this returns: kUnavailable when certainly
  // nothing was changed, kUnknownOutcome when a change was sent.
  void Abandon();

 private:
  class Call;
  template <class T>
  class CallFor;
  class GetCall;
  class ListCall;
  class InitCall;
  class CreateCall;
  class UpdateCall;
  class DeleteCall;
  class OrderCall;

  void Begin(std::shared_ptr<Call> call);
  void Order(const std::string& name, const Result<void>& valid, OrderRule rule, Done<Ordered> done,
             OrderAbout about = {});
  template <class T>
  [[nodiscard]] T UndatedOrder(std::string by, std::string reason, Micros length) const;
  template <class T>
  void FailLater(Done<T> done, Error error);

  Loop& loop_;
  zk::Client& client_;
  std::string root_;
  std::vector<std::shared_ptr<Call>> calls_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
