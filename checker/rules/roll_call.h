// RollCall: which checkers of the electorate are registered, as one leader sees it, and what the
// journal is to say about it: a checker goes, comes back, the quorum is lost, is restored.
//
// It remembers nothing from leader to leader. A new leader begins with the checkers that it first
// observes; of those that are not there, it reports only the leader before it, and a quorum that is
// out of reach. So a checker that goes in the very moment of a take-over is not in the journal. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "checker/rules/conclusion.h"
#include "model/journal.h"

namespace zkcluster {

class RollCall {
 public:
  // Notes who is registered now. `last_leader`: the leader of the last decision; empty: none was
  // ever made, and the cluster has never had a quorum. Only the first call asks for it.
  void Observe(const Electorate& electorate, const std::set<std::string>& candidates,
               const Ballots& ballots, const std::string& last_leader);

  // What the journal does not have yet, the oldest first.
  [[nodiscard]] const std::vector<Event::What>& news() const { return news_; }
  // The journal has the first `count` of them now.
  void Journaled(std::size_t count);

 private:
  void Report(const std::string& id, bool back);
  void CountQuorum(const Electorate& electorate, const std::string& last_leader);

  std::map<std::string, bool> present_;       // of the electorate
  std::map<std::string, std::string> racks_;  // of ballots, also of those that are gone
  bool began_ = false;
  bool had_quorum_ = false;
  bool lost_ = false;  // as reported
  std::vector<Event::What> news_;
};

}  // namespace zkcluster
