#include "client/change_listeners.h"

#include <utility>

namespace zkcluster {

void ChangeListeners::Entry::Run(const ClusterView& view) {
  if (view.generation <= known_) return;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    runner_ = std::this_thread::get_id();
  }
  callback_(view);
  const std::lock_guard lock(mutex_);
  runner_ = {};
  idle_.notify_all();
}

void ChangeListeners::Entry::End() {
  std::unique_lock lock(mutex_);
  ended_ = true;
  // Called from within the callback, this has nothing to wait for and must not
  // destroy the callback.
  if (runner_ == std::this_thread::get_id()) return;
  idle_.wait(lock, [this] { return runner_ == std::thread::id(); });
  const Cluster::ChangeCallback released = std::exchange(callback_, nullptr);
  lock.unlock();
}

std::shared_ptr<ChangeListeners::Entry> ChangeListeners::Add(Cluster::ChangeCallback callback,
                                                             std::uint64_t known) {
  auto entry = std::make_shared<Entry>(std::move(callback), known);
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const auto& weak) { return weak.expired(); });
  entries_.push_back(entry);
  return entry;
}

std::vector<std::shared_ptr<ChangeListeners::Entry>> ChangeListeners::entries() const {
  std::vector<std::shared_ptr<Entry>> alive;
  const std::lock_guard lock(mutex_);
  for (const auto& weak : entries_) {
    if (auto entry = weak.lock()) alive.push_back(std::move(entry));
  }
  return alive;
}

void ChangeListeners::EndAll() {
  for (const auto& entry : entries()) entry->End();
}

}  // namespace zkcluster
