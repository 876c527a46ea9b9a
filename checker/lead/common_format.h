// CommonFormat: the newest format that every registered checker of a cluster reads, which is what
// its leader writes. A checker that has registered and whose registration is not read yet, or
// cannot be, is taken for one that reads the first format only. The format falls as soon as an
// older checker is seen, and rises when the last of them is gone. No guard of a commit covers it:
// an older checker that has just registered may meet one more decision in the newer format, which
// it can read, as all readers skip what they do not know.
//
// A build that can write only one format reads no registrations. Loop-bound
// conductor; the Leader's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "base/log.h"
#include "codec/format.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

class CommonFormat {
 public:
  CommonFormat(Logger& logger, zk::Client& client, ClusterPaths paths, Formats formats);

  // Call it with the candidates' znodes, each time they change. What else lies below `election` is
  // not among them: no checker made it.
  void OnCandidates(const std::vector<std::string>& nodes);

  [[nodiscard]] const Format& now() const;

 private:
  void Read(const std::string& node);

  Logger& logger_;
  zk::Client& client_;
  const ClusterPaths paths_;
  const Formats formats_;
  std::map<std::string, int> reads_;  // newest format, by candidate znode
  Lifetime lifetime_;
};

}  // namespace zkcluster
