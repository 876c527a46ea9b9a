// Creates, changes, reads and deletes clusters over a zk::Client: the manager without its thread, so that
// the simulator can run operators too. Each change is one multi, guarded by the versions read.
// Errors and meanings are those of `zkcluster::Manager`; a lost answer is resolved by reading again where
// reading can tell. Calls may overlap; each answers once.
// Loop-bound conductor. It must outlive its calls.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>
#include <zkcluster/spec.h>

#include "base/lifetime.h"
#include "base/loop.h"
#include "client/spec_watcher.h"
#include "zk/client.h"

namespace zkcluster {

class SpecEditor {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;

  SpecEditor(Loop& loop, zk::Client& client, std::string root);

  void Create(ClusterSpec spec, Done<std::uint64_t> done);  // the new version
  void Update(ClusterSpec spec, Done<std::uint64_t> done);  // guarded by spec.version
  void Delete(std::string name, std::uint64_t version, Done<std::monostate> done);
  void Get(std::string name, Done<StoredSpec> done);
  void List(Done<std::vector<std::string>> done);

 private:
  struct CreateCall;
  struct UpdateCall;
  struct DeleteCall;

  Loop& loop_;
  zk::Client& client_;
  std::string root_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
