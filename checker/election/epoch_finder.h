// Finds the epoch of the next take-over: one above every epoch that this cluster has had. Usually
// the record in `leader` has it. If that znode is absent or undecodable, the status head and the
// journal have it: epochs must never fall, or clients would take the new leader's decisions for old
// ones. The Contender owns one and asks it before each take-over.
//
//   leader --decodable--> its epoch + 1
//   leader --undecodable or absent--> head --> journal, from the newest entry backwards
//
// Loop-bound conductor.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lifetime.h"
#include "zk/client.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

class EpochFinder {
 public:
  struct Found {
    std::int64_t epoch = 1;
    std::optional<zk::Version> leader;  // version of the znode `leader`; nothing: it is absent
    std::vector<Micros> depositions;    // that its record knows of
  };
  using Done = std::function<void(const Found&)>;
  using Failed = std::function<void(const Error&, std::string_view doing)>;

  explicit EpochFinder(ClusterScope scope);

  // Later calls one of the two functions, unless Find is called again before.
  void Find(Done done, Failed failed);

 private:
  void OnLeader(const zk::Node& node);
  void ReadHead(Found found);
  void ListJournal(Found found);
  void ReadJournal(Found found, std::vector<std::string> entries);
  template <class F>
  auto Guard(F callback) {
    return search_.Guard(std::move(callback));
  }

  const ClusterScope scope_;
  Done done_;
  Failed failed_;
  Lifetime search_;  // answers to an earlier search no longer matter
};

}  // namespace zkcluster
