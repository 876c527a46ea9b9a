// The ensemble's history, from the transaction logs of its own servers, and the verdict on it by
// the judges of tests/history, the same as in the simulator. Throws std::runtime_error when a log
// cannot be read. One thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "model/ballot.h"
#include "tests/fakes/znode_tree.h"
#include "tests/faults/measures.h"
#include "tests/history/history_judge.h"

namespace zkcluster::faults {

// Every transaction that was committed, in order. REQUIRES: the servers have ended, and were in
// step with each other.
//
// It starts with the log of the server that has the newest transaction, and adds what at least two
// servers have logged: a server that was updated by a snapshot has a gap, and a leader that was
// killed may have logged transactions that no other server ever saw.
[[nodiscard]] std::vector<sim::Transaction> ReadRecording(
    const std::vector<std::filesystem::path>& logs);

struct BallotStep {
  Micros at{0};
  std::string id;
  std::map<std::string, Vote> votes;  // by shard
};

struct Evidence {
  std::vector<std::string> violations;
  history::HistoryJudge::Counters counters;
  std::size_t tables = 0;
  std::vector<StatusStep> steps;
  std::vector<BallotStep> ballots;
  std::vector<std::string> story;  // a line for each transaction that touched the cluster
};

// `tables`: what each program wrote (client_main.cc), by its name.
[[nodiscard]] Evidence Judge(const std::vector<sim::Transaction>& recording,
                             const std::map<std::string, std::filesystem::path>& tables,
                             Micros story_begins);

}  // namespace zkcluster::faults
