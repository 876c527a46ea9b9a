// Sees to it that nothing of this checker stays in a cluster that it has left while its session
// goes on: a candidate that nobody stands behind would block the election, a ballot that nobody
// updates would be counted for ever. Looks for both, removes them, and tries again until they are
// gone; when the session is lost they go with it. Once it has called `clean` it looks a last time
// after a session timeout: a request whose answer was lost may take effect as late as that.
// Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

class Farewell {
 public:
  struct Callbacks {
    std::function<void()> clean;  // the cluster may be joined again
    std::function<void()> over;   // nothing more will be done; may destroy this
  };
  Farewell(Loop& loop, zk::Client& client, ClusterPaths paths, std::string id, std::string guid,
           Callbacks callbacks);

 private:
  void OnSession(const zk::SessionEvent& event);
  void Look();
  void RemoveCandidates(const std::vector<std::string>& nodes);
  void RemoveBallot();
  void Clean();
  void Over();
  // True when there is nothing (more) to do about it; else it is tried again.
  [[nodiscard]] bool Settled(const Error& error);

  zk::Client& client_;
  Loop& loop_;
  const ClusterPaths paths_;
  const std::string id_;
  const std::string guid_;
  const Callbacks callbacks_;
  bool clean_ = false;
  bool over_ = false;
  std::unique_ptr<Timer> look_;
  Backoff backoff_;
  Subscription session_;
  Lifetime attempt_;
};

}  // namespace zkcluster
