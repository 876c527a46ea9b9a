// The children of one znode that each ought to belong to a session, as candidates and Go
// registrations do: which of them have an owner, and which are ghosts. A child counts as neither
// until its owner was read, and until then known() is false. Owned by LeaderInputs.
// Loop-bound conductor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zk/cluster_scope.h"
#include "zk/watcher.h"

namespace zkcluster {

class OwnedChildren {
 public:
  // `counts` says which names matter at all. `changed` runs after each change; it must not
  // destroy this object.
  OwnedChildren(const ClusterScope& scope, std::string parent,
                std::function<bool(const std::string& name)> counts, std::function<void()> changed);

  [[nodiscard]] bool known() const;
  // All names that count; nothing: the parent is absent, or not read yet.
  [[nodiscard]] const std::optional<std::vector<std::string>>& names() const { return names_; }
  // Those with an owner, sorted. For candidates and Go checkers alike, only these exist.
  [[nodiscard]] const std::vector<std::string>& living() const { return living_; }
  // Those without one: the versions of their data, by path.
  [[nodiscard]] const std::map<std::string, zk::Version>& ghosts() const { return ghosts_; }
  // As in Rereader.
  [[nodiscard]] bool has_news() const;
  void Refresh() { children_.Refresh(); }

 private:
  void OnNames(const std::optional<std::vector<std::string>>& names);
  void Sort();

  const ClusterScope scope_;
  const std::string parent_;
  const std::function<bool(const std::string&)> counts_;
  const std::function<void()> changed_;
  std::optional<std::vector<std::string>> names_;
  std::map<std::string, std::unique_ptr<zk::StatWatcher>> owners_;  // by name
  std::vector<std::string> living_;
  std::map<std::string, zk::Version> ghosts_;
  zk::ChildrenWatcher children_;
};

}  // namespace zkcluster
