#include "zk/watch_table.h"

#include <algorithm>

namespace zkcluster::zk {
namespace {

bool SameFunction(const Watch& a, const Watch& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

void WatchTable::Add(const std::string& path, bool children, Watch watch) {
  if (watch.expired()) return;
  std::vector<Entry>& entries = entries_[path];
  std::erase_if(entries, [](const Entry& entry) { return entry.watch.expired(); });
  const bool known = std::ranges::any_of(entries, [&](const Entry& entry) {
    return entry.children == children && SameFunction(entry.watch, watch);
  });
  if (!known) entries.push_back({std::move(watch), children});
  PruneSometimes();
}

std::vector<Watch> WatchTable::Take(const WatchEvent& event) {
  const auto found = entries_.find(event.path);
  if (found == entries_.end()) return {};
  std::vector<Watch> taken;
  std::erase_if(found->second, [&](const Entry& entry) {
    const bool concerned =
        event.kind == WatchKind::kDeleted || entry.children == (event.kind == WatchKind::kChildren);
    if (!concerned) return false;
    const bool there = std::ranges::any_of(
        taken, [&](const Watch& watch) { return SameFunction(watch, entry.watch); });
    if (!there) taken.push_back(entry.watch);
    return true;
  });
  if (found->second.empty()) entries_.erase(found);
  return taken;
}

void WatchTable::PruneSometimes() {
  // Removes paths whose watchers are destroyed. The table doubles between two removals, so on
  // average they cost nothing.
  if (entries_.size() < prune_at_) return;
  for (auto item = entries_.begin(); item != entries_.end();) {
    std::erase_if(item->second, [](const Entry& entry) { return entry.watch.expired(); });
    item = item->second.empty() ? entries_.erase(item) : std::next(item);
  }
  prune_at_ = std::max<std::size_t>(64, 2 * entries_.size());
}

}  // namespace zkcluster::zk
