#include "checker/lead/owned_children.h"

#include <algorithm>
#include <utility>

namespace zkcluster {

OwnedChildren::OwnedChildren(const ClusterScope& scope, std::string parent,
                             std::function<bool(const std::string&)> counts,
                             std::function<void()> changed)
    : scope_(scope),
      parent_(std::move(parent)),
      counts_(std::move(counts)),
      changed_(std::move(changed)),
      children_(scope_.loop, scope_.client, parent_,
                [this](const auto& names) { OnNames(names); }) {}

bool OwnedChildren::known() const {
  return children_.known() && std::all_of(owners_.begin(), owners_.end(),
                                          [](const auto& owner) { return owner.second->known(); });
}

bool OwnedChildren::has_news() const {
  return children_.has_news() || std::any_of(owners_.begin(), owners_.end(), [](const auto& owner) {
           return owner.second->has_news();
         });
}

void OwnedChildren::OnNames(const std::optional<std::vector<std::string>>& names) {
  names_ = names;
  if (names_) std::erase_if(*names_, [this](const auto& name) { return !counts_(name); });
  const std::vector<std::string> present = names_.value_or(std::vector<std::string>());
  std::erase_if(owners_, [&](const auto& owner) {
    return !std::binary_search(present.begin(), present.end(), owner.first);
  });
  for (const std::string& name : present) {
    if (owners_.contains(name)) continue;
    owners_.emplace(
        name, std::make_unique<zk::StatWatcher>(scope_.loop, scope_.client, parent_ + "/" + name,
                                                [this](const auto&) { Sort(); }));
  }
  Sort();
}

void OwnedChildren::Sort() {
  living_.clear();
  ghosts_.clear();
  for (const auto& [name, owner] : owners_) {
    const auto& stat = owner->stat();
    if (!stat) continue;
    if (stat->has_owner()) {
      living_.push_back(name);
    } else {
      ghosts_.emplace(owner->path(), stat->version);
    }
  }
  changed_();
}

}  // namespace zkcluster
