// Watches the sandbox: a session of our own follows ballots and journal, and a real `Cluster`, as
// any program would open it, follows the status. Every fact goes to the timeline and is kept, so
// that `--demo` can query it. Used on one thread; the Cluster's own thread only posts.
#pragma once

#include <zkcluster/cluster.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "model/journal.h"
#include "tools/zkctl/dev/observer.h"
#include "tools/zkctl/dev/sandbox.h"
#include "tools/zkctl/dev/timeline.h"

namespace zkcluster::zkctl {

struct SeenVote {
  TimePoint at;
  std::string checker;
  std::string shard;
  Opinion opinion;
};
struct SeenFlip {
  TimePoint at;
  std::string shard;
  ShardStatus to;
};
struct SeenTable {
  TimePoint at;
  std::vector<ClusterView::Shard> shards;
};

class Stage {
 public:
  // Throws std::runtime_error when no session or table comes.
  Stage(const DevSandbox& sandbox, Timeline& timeline);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Runs the loop and prints until `done` returns true. False when `limit` passed first. Throws
  // Interrupted, also when the reader of stdout is gone.
  [[nodiscard]] bool Await(const std::function<bool()>& done, Duration limit);

  [[nodiscard]] Cluster& cluster() { return *cluster_; }
  // All votes so far, the oldest first.
  [[nodiscard]] const std::vector<SeenVote>& votes() const { return votes_; }
  [[nodiscard]] const std::vector<SeenFlip>& flips() const { return flips_; }
  [[nodiscard]] const std::vector<SeenTable>& tables() const { return tables_; }

 private:
  void OnVote(const std::string& checker, const std::string& shard, Vote vote, Micros stamped);
  void OnChecker(const std::string& checker, bool present);
  void OnEvent(const Event& event, Micros stamped);
  void OnFlips(const Event& event, const Event::Flips& flips, TimePoint at);
  void OnTable(TimePoint at, const ClusterView& view);

  Timeline& timeline_;
  const TimePoint start_;
  EventLoop loop_;
  std::shared_ptr<Logger> logger_;
  std::unique_ptr<zk::Client> client_;
  std::vector<SeenVote> votes_;
  std::vector<SeenFlip> flips_;
  std::uint64_t shown_generation_ = 0;
  std::vector<SeenTable> tables_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<Cluster> cluster_;
  std::shared_ptr<Cluster::Subscription> subscription_;
};

}  // namespace zkcluster::zkctl
