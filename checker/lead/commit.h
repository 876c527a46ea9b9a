// The plan of one commit: the operations of the fenced multi, and what each one guards, so that a
// refusal says what has to be read again. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checker/election/contender.h"
#include "checker/lead/status_store.h"
#include "checker/rules/decide.h"
#include "checker/rules/tally.h"
#include "follow/spec_watcher.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

enum class OpRole : unsigned char {
  kFence,     // own candidate, token
  kSpec,      // base, shards, options
  kVote,      // a ballot that was counted
  kVoteBell,  // none of them has ended and begun again meanwhile
  kGoBell,    // no Go checker registered meanwhile
  kChunk,     // written, or checked where it stays
  kHead,
  kLedger,  // likewise
  kMirror,
  kEvent,
};

struct CommitInput {
  const ClusterPaths* paths = nullptr;
  const Leadership* leadership = nullptr;
  const StoredSpec* spec = nullptr;
  // The versions of the spec's znodes now. While these are bad, the last good spec decides.
  SpecVersions standing;
  const StatusStore* store = nullptr;
  const Electorate* electorate = nullptr;
  const Decision* decision = nullptr;
  Format format = kFormats.front();  // that every registered checker reads
  // Versions of the ballots counted, by voter; empty where the checks are dropped for progress.
  std::map<std::string, zk::Version> votes;
  zk::Version vote_bell = 0;           // data version of `votes`, of before they were read
  std::optional<zk::Version> go_bell;  // data version of `localstatus`, where it exists
  std::vector<std::string> learned;    // ids new to the electorate
  Micros now{0};
};

struct CommitPlan {
  std::vector<zk::Op> ops;
  std::vector<OpRole> roles;        // one per op
  std::vector<std::string> voters;  // of the kVote ops, in order
  std::vector<std::size_t> chunks;  // of the kChunk ops, in order
  Head head;                        // as written
  std::vector<Event> events;        // of the journal, as written
  bool empty = true;                // nothing differs from what stands: do not send

  // Whose ballot the op checks. REQUIRES: roles[op] == OpRole::kVote.
  [[nodiscard]] const std::string& VoterOf(std::size_t op) const;
};

// Sets only what differs from the store's slots; head whenever anything does.
[[nodiscard]] CommitPlan PlanCommit(const CommitInput& input);

}  // namespace zkcluster
