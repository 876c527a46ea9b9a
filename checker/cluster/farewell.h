// Removes what this checker may have left behind in a cluster, while its session goes on: a
// candidate without a checker would block the election, a ballot that nobody updates would be
// counted for ever. Searches for both, removes them, and tries again until they are gone; when the
// session is lost they go with it. After it has called `clean` it searches a last time, a session
// timeout later: a request whose answer was lost may take effect as late as that. A Roster owns it.
//
//   Searching --nothing (more) is there--> Clean --a session timeout later, nothing is there--> Over
//   any       --session lost--> Over
//
// Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "zk/client.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

class Farewell {
 public:
  struct Callbacks {
    std::function<void()> clean;  // the cluster may be joined again
    std::function<void()> over;   // the last call; may destroy this object
  };
  Farewell(ClusterScope scope, std::string id, std::string guid, Callbacks callbacks);

 private:
  enum class State { kSearching, kClean, kOver };

  void Enter(State next);
  void OnSession(const zk::SessionEvent& event);
  void Search();
  void RemoveCandidates(const std::vector<std::string>& nodes);
  void RemoveBallot();
  void Finish();
  // True when nothing is left to remove; else it is tried again.
  [[nodiscard]] bool Settled(const Error& error);

  const ClusterScope scope_;
  const std::string id_;
  const std::string guid_;
  const Callbacks callbacks_;
  State state_ = State::kSearching;
  std::unique_ptr<Timer> search_;
  Backoff backoff_;
  Subscription session_;
  Lifetime attempt_;
};

}  // namespace zkcluster
