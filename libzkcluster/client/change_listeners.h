// The callbacks that a program has registered at one Cluster. The client's thread runs them, one
// after another. Any thread may register one, end one, or end them all; a callback may do so, too.
// Thread-safe: Add, End, EndAll, entries.
#pragma once

#include <zkcluster/cluster.h>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace zkcluster {

class ChangeListeners {
 public:
  class Entry {
   public:
    Entry(Cluster::ChangeCallback callback, std::uint64_t known)
        : callback_(std::move(callback)), known_(known) {}
    // Called on the client's thread. Does nothing for a table that the program could already see
    // when it registered.
    void Run(const ClusterView& view);
    // No run begins after it, and it waits for a running one, unless that is the caller itself.
    void End();

   private:
    std::mutex mutex_;
    std::condition_variable idle_;
    Cluster::ChangeCallback callback_;
    const std::uint64_t known_;  // the generation of the table at registration
    bool ended_ = false;
    std::thread::id runner_;  // which thread is inside the callback; none: no thread
  };

  // Registered until the entry is gone or ended. `known`: the generation that the program sees now;
  // the callback runs for newer ones.
  [[nodiscard]] std::shared_ptr<Entry> Add(Cluster::ChangeCallback callback, std::uint64_t known);
  [[nodiscard]] std::vector<std::shared_ptr<Entry>> entries() const;
  // Ends all entries.
  void EndAll();

 private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Entry>> entries_;
};

}  // namespace zkcluster
