#include "tools/zkctl/assessment.h"

#include <map>
#include <set>

#include "tools/zkctl/render.h"

namespace zkcluster::zkctl {
namespace {

// A leader is who has written `leader` and is still the first candidate: the record alone outlives
// its writer, and the first candidate alone has not taken over yet.
std::optional<std::string> FindLeader(const Snapshot& snapshot) {
  if (!snapshot.leader || snapshot.candidates.empty()) return std::nullopt;
  const std::string& first = snapshot.candidates.front().name.id;
  return first == snapshot.leader->id ? std::optional(first) : std::nullopt;
}

BallotState StateOf(const Snapshot& snapshot, const Snapshot::Voter& voter) {
  if (!voter.ballot) return BallotState::kUndecodable;
  const bool same_list = voter.ballot->spec == snapshot.spec.id &&
                         voter.ballot->votes.size() == snapshot.spec.spec.shards.size();
  return same_list ? BallotState::kCounted : BallotState::kOtherList;
}

std::vector<CheckerView> FindCheckers(const Snapshot& snapshot, const std::set<std::string>& known,
                                      const std::optional<std::string>& leader) {
  std::map<std::string, CheckerView> views;
  for (const std::string& id : known) views[id].id = id;
  // The earliest registration of an id is the one that counts; a later one is a twin that waits.
  for (const auto& candidate : snapshot.candidates) {
    CheckerView& view = views[candidate.name.id];
    if (!view.candidate) view.candidate = &candidate;
  }
  for (const auto& voter : snapshot.voters) {
    CheckerView& view = views[voter.id];
    view.voter = &voter;
    view.state = StateOf(snapshot, voter);
  }
  std::vector<CheckerView> sorted;
  for (auto& [id, view] : views) {
    view.leads = leader == id;
    sorted.push_back(std::move(view));
  }
  return sorted;
}

void NoteLeadership(const Snapshot& snapshot, Assessment& assessment) {
  auto& notes = assessment.notes;
  if (assessment.hold != Hold::kNone) {
    notes.push_back("held: " + std::string(HoldExplanation(assessment.hold)) + " (" +
                    Join(snapshot.go_voters) + ")");
  }
  if (snapshot.candidates.empty()) {
    notes.push_back("no checker is registered: nothing is decided until one is");
  } else if (!assessment.leader) {
    notes.push_back("nobody leads at this moment: " + snapshot.candidates.front().name.id +
                    " is first in the election and has not taken over yet");
  }
}

void NoteQuorum(const Snapshot& snapshot, Assessment& assessment) {
  auto& notes = assessment.notes;
  const Electorate& electorate = assessment.electorate;
  const auto& checkers = snapshot.spec.spec.checkers;
  if (!assessment.missing.empty()) {
    notes.push_back("no ballot that counts from " + Join(assessment.missing));
  }
  if (checkers && *checkers > static_cast<int>(electorate.ids.size())) {
    notes.push_back("the spec says " + Counted(static_cast<std::size_t>(*checkers), "checker") +
                    ", only " + std::to_string(electorate.ids.size()) + " were ever seen");
  }
  if (checkers && *checkers < static_cast<int>(electorate.ids.size())) {
    notes.push_back("the spec says " + Counted(static_cast<std::size_t>(*checkers), "checker") +
                    ", but " + std::to_string(electorate.ids.size()) + " are known");
  }
  if (static_cast<int>(assessment.counted) < electorate.quorum) {
    notes.push_back("too few ballots: " + std::to_string(assessment.counted) + " of the " +
                    std::to_string(electorate.quorum) +
                    " that are needed; every status stays as it is");
  }
  for (const CheckerView& view : assessment.checkers) {
    if (view.state == BallotState::kUndecodable) {
      notes.push_back("the ballot of " + view.id + " cannot be decoded: " + view.voter->error);
    } else if (view.state == BallotState::kOtherList) {
      notes.push_back("the ballot of " + view.id + " is of another list of shards");
    }
  }
}

void NoteBoard(const Snapshot& snapshot, Assessment& assessment) {
  auto& notes = assessment.notes;
  if (snapshot.from_go_status) {
    notes.push_back("the status below was decided by Go checkers");
  } else if (!snapshot.head) {
    notes.push_back("no decision was ever made");
  } else if (!snapshot.board_is_current) {
    notes.push_back("the list of shards has changed since the last decision");
  }
}

}  // namespace

std::string_view BallotStateName(BallotState state) {
  switch (state) {
    case BallotState::kCounted:
      return "counted";
    case BallotState::kNone:
      return "none";
    case BallotState::kUndecodable:
      return "undecodable";
    case BallotState::kOtherList:
      return "other_list";
  }
  return "none";
}

Assessment Assess(const Snapshot& snapshot) {
  Assessment assessment;
  assessment.leader = FindLeader(snapshot);
  if (snapshot.leader) assessment.epoch = snapshot.leader->epoch;
  assessment.hold = FindHold(GuardFacts{snapshot.go_voters});

  // As the leader does: who registers or votes is learned at once.
  std::set<std::string> known;
  if (snapshot.ledger) known = snapshot.ledger->electorate;
  for (const auto& candidate : snapshot.candidates) known.insert(candidate.name.id);
  int present = 0;
  for (const auto& voter : snapshot.voters) {
    if (!voter.ballot) continue;
    known.insert(voter.id);
    present += voter.ballot->spec == snapshot.spec.id ? 1 : 0;
  }
  const int lost_size = snapshot.head ? snapshot.head->electorate : 0;
  assessment.electorate = MakeElectorate(
      snapshot.spec.spec, known, snapshot.ledger ? snapshot.ledger->at_least : lost_size, present);

  assessment.checkers = FindCheckers(snapshot, known, assessment.leader);
  Ballots ballots;
  for (const CheckerView& view : assessment.checkers) {
    if (view.voter && view.voter->ballot) ballots.emplace(view.id, *view.voter->ballot);
    if (view.state == BallotState::kCounted) {
      ++assessment.counted;
    } else {
      assessment.missing.push_back(view.id);
    }
  }
  assessment.tallies = CountVotes(ballots, assessment.electorate, snapshot.spec.id,
                                  snapshot.spec.spec.shards.size());
  NoteLeadership(snapshot, assessment);
  NoteQuorum(snapshot, assessment);
  NoteBoard(snapshot, assessment);
  return assessment;
}

}  // namespace zkcluster::zkctl
