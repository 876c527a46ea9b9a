// A backup is restored: candidates, ballots and Go registrations come back without a session.
#include <fmt/format.h>

#include <string>

#include "codec/codec.h"
#include "tests/sim/faults.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

void FaultMachine::RestoreBackup() {
  const std::size_t cluster = PickCluster();
  if (dice_.Chance(0.5)) return MakeUpGhosts(cluster);
  // As a tool does that copies a tree and knows nothing of sessions.
  std::vector<std::pair<std::string, std::string>> backup;
  const ClusterPaths paths = scene_.Paths(cluster);
  for (const std::string& parent : {paths.election(), paths.votes(), paths.go_voters()}) {
    for (const std::string& name : scene_.ensemble.Children(parent)) {
      const std::string path = parent + "/" + name;
      backup.emplace_back(path, scene_.ensemble.Get(path)->data);
    }
  }
  After(dice_.LogBetween(milliseconds(100), seconds(20)), [this, backup] {
    for (const auto& [path, data] : backup) {
      if (!scene_.ensemble.Exists(path)) PutGhost(path, data);
    }
  });
}

// Ghosts that would do the most harm if they were somebody: first in the election, with an id that
// a checker needs, and with votes that could make a quorum.
void FaultMachine::MakeUpGhosts(std::size_t cluster) {
  const ClusterPaths paths = scene_.Paths(cluster);
  const std::string& id = scene_.plan.checkers[dice_.Below(scene_.plan.checkers.size())].id;
  const std::string guid(32, static_cast<char>('a' + dice_.Below(6)));
  PutGhost(paths.candidate(CandidatePrefix(id, guid) + "0000000000"), EncodeRegistration({id}));
  if (dice_.Chance(0.3)) PutGhost(paths.go_voters() + "/n_0000000000", "{}");
  const auto stored = scene_.SpecOf(cluster);
  if (!stored) return;
  Ballot ballot;
  ballot.spec = stored->id;
  ballot.writes = 1;
  const bool dead = dice_.Chance(0.5);
  ballot.votes.assign(stored->spec.shards.size(), dead ? Vote{Opinion::kDead, Reason::kTimeout}
                                                       : Vote{Opinion::kAlive, Reason::kNone});
  for (const CheckerPlan& checker : scene_.plan.checkers) {
    if (!scene_.ensemble.Exists(paths.vote(checker.id))) {
      PutGhost(paths.vote(checker.id), EncodeBallot(ballot));
    }
  }
  for (const char* stranger : {"ghost1", "ghost2", "ghost3"}) {
    PutGhost(paths.vote(stranger), EncodeBallot(ballot));
  }
}

void FaultMachine::PutGhost(const std::string& path, const std::string& data) {
  if (!scene_.ensemble.Exists(ParentOf(path))) return;
  scene_.counters.Add("ghosts put");
  scene_.Put(path, data);
}

}  // namespace zkcluster::sim
