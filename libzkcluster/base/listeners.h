// A list of callbacks, each kept alive by the Subscription its owner holds. Listeners may come and
// go while one of them runs. Loop-bound.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace zkcluster {

using Subscription = std::shared_ptr<void>;  // destroying it unsubscribes

template <class... Args>
class Listeners {
 public:
  using Callback = std::function<void(Args...)>;

  [[nodiscard]] Subscription Add(Callback callback) {
    auto entry = std::make_shared<Callback>(std::move(callback));
    entries_.push_back(entry);
    return entry;
  }

  void Notify(Args... args) {
    // Work on a copy: a listener may subscribe others, or destroy the one that is next.
    const auto entries = entries_;
    for (const auto& weak : entries) {
      if (const auto entry = weak.lock()) (*entry)(args...);
    }
    std::erase_if(entries_, [](const auto& weak) { return weak.expired(); });
  }

 private:
  std::vector<std::weak_ptr<Callback>> entries_;
};

}  // namespace zkcluster
