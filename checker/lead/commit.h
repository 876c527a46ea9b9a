// The plan of one commit: the operations of the fenced multi, and what each one guards, so that a
// refusal shows what has to be read again. A plan takes contributions: operations from elsewhere
// that must happen together with the decision, or not at all. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checker/election/contender.h"
#include "checker/lead/spec_in_force.h"
#include "checker/lead/status_store.h"
#include "checker/rules/conclusion.h"
#include "model/paths.h"
#include "zk/client.h"

namespace zkcluster {

enum class OpRole : unsigned char {
  kFence,       // own candidate, token
  kSpec,        // base, shards, options
  kVote,        // a ballot that was counted
  kVoteSignal,  // no ballot has ended and begun again meanwhile
  kGoSignal,    // no Go checker registered meanwhile
  kChunk,       // written, or checked where it stays
  kHead,
  kLedger,  // likewise
  kMirror,
  kEvent,
  kContributed,
};

struct VoteOf {
  std::string voter;
  bool operator==(const VoteOf&) const = default;
};
struct ContributionOf {
  std::size_t index = 0;  // of CommitInput::contributions
  bool operator==(const ContributionOf&) const = default;
};

struct PlannedOp {
  zk::Op op;
  OpRole role;
  // Which one, if a role has several: a ballot, a znode of the status, or a contribution.
  std::variant<std::monostate, VoteOf, SlotId, ContributionOf> what;
};

// An addition to the next commit: checks and writes of znodes that the commit itself never writes.
// A commit may consist of contributions only; it then leaves the head as it is.
struct Contribution {
  std::string by;  // the contributor's name, for people
  std::vector<zk::Op> ops;
};

struct CommitInput {
  const ClusterPaths& paths;
  const Leadership& leadership;
  const SpecInForce& spec;
  const StatusStore& store;
  Format format = kFormats.front();  // every registered checker reads it
  // Versions of the ballots counted, by voter; empty where the round checks none.
  std::map<std::string, zk::Version> votes;
  zk::Version vote_signal = 0;  // data version of `votes`, from before the ballots were read
  std::optional<zk::Version> go_signal;  // data version of `localstatus`, where it exists
  std::vector<Contribution> contributions;
  Micros now{0};
};

struct CommitPlan {
  std::vector<PlannedOp> ops;
  Round round;                // the conclusion that this writes
  Head head;                  // as written, or as it was
  std::vector<Event> events;  // of the journal, as written
  bool empty = true;          // nothing differs from what is there: do not send
  // Decides nothing: see PlanYield and PlanRestore. What it wrote is read again.
  enum class Kind : unsigned char { kDecision, kYield, kRestore } kind = Kind::kDecision;

  [[nodiscard]] std::vector<zk::Op> Operations() const;  // in the form that a multi takes
};

// Writes only what differs from the store's slots, and the head if anything differs.
[[nodiscard]] CommitPlan PlanCommit(const CommitInput& input, Round round);

// Removes the head, so that programs, zkctl and later leaders follow the status of the Go checkers
// that decide from now on. A mirror that is empty because of its limit is written first, so that
// nothing is forgotten. An empty plan: it does not fit into a znode, and the head stays.
[[nodiscard]] CommitPlan PlanYield(const CommitInput& input, Round round);

// Writes the ledger as this leader remembers it, and nothing else, where nobody can read it any
// more: the orders in it can be ended only where they are written. An empty plan: it is readable.
[[nodiscard]] CommitPlan PlanRestore(const CommitInput& input, Round round);

struct Refusal {
  enum class Kind : unsigned char {
    kMoved,       // `op` met another state than the one it was planned for
    kUnwritable,  // too large, denied or malformed: reading again does not help
    kUnknown,     // it may have happened, or the session is ending
  };
  Kind kind = Kind::kUnknown;
  const PlannedOp* op = nullptr;  // of kMoved; points into the plan
};
// Why the multi of this plan failed.
[[nodiscard]] Refusal FindRefusal(const CommitPlan& plan, const zk::OpError& error);

}  // namespace zkcluster
