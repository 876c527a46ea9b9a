// The callbacks that a program has registered at one Cluster. The client's thread runs them, one
// after another. Any thread may register one, end one, or end them all; a callback may do so, too.
// Thread-safe: Add, End, EndAll, entries.
#pragma once

#include <zkcluster/cluster.h>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace zkcluster {

class ChangeListeners {
 public:
  class Entry {
   public:
    explicit Entry(Cluster::ChangeCallback callback) : callback_(std::move(callback)) {}
    // Called on the client's thread.
    void Run(const ClusterView& view);
    // No run begins after it, and it waits for a running one, unless that is the caller itself.
    void End();

   private:
    std::mutex mutex_;
    std::condition_variable idle_;
    Cluster::ChangeCallback callback_;
    bool ended_ = false;
    std::thread::id runner_;  // which thread is inside the callback; none: no thread
  };

  // Registered until the entry is gone or ended.
  [[nodiscard]] std::shared_ptr<Entry> Add(Cluster::ChangeCallback callback);
  [[nodiscard]] std::vector<std::shared_ptr<Entry>> entries() const;
  // Ends all entries.
  void EndAll();

 private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Entry>> entries_;
};

}  // namespace zkcluster
