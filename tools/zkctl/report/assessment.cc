#include "tools/zkctl/report/assessment.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/join.h"
#include "checker/rules/freeze.h"
#include "checker/rules/round.h"
#include "model/servers.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "tools/zkctl/report/flapping.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {
namespace {

// The leader is the checker that wrote `leader` and is still the first candidate. One condition is
// not enough: the record outlives its writer, and a new first candidate has not taken over yet. Nor
// has one with the id of the last leader that registered after that take-over: it was restarted.
std::optional<std::string> FindLeader(const Snapshot& snapshot) {
  if (!snapshot.leader || snapshot.candidates.empty()) return std::nullopt;
  const Snapshot::Candidate& first = snapshot.candidates.front();
  const bool restarted = snapshot.leader_stat && first.stat.czxid > snapshot.leader_stat->mzxid;
  if (restarted || first.name.id != snapshot.leader->id) return std::nullopt;
  return first.name.id;
}

}  // namespace

Micros OrdersNow(const Snapshot& snapshot) {
  if (snapshot.server_time) return *snapshot.server_time;
  if (snapshot.newest_stamp == Micros(0)) return snapshot.taken;
  if (FindLeader(snapshot)) return snapshot.newest_stamp;
  return std::max(snapshot.taken, snapshot.newest_stamp);
}

Micros AgesNow(const Snapshot& snapshot) {
  return snapshot.server_time.value_or(std::max(snapshot.taken, snapshot.newest_stamp));
}

namespace {

BallotState StateOf(const Snapshot& snapshot, const Snapshot::CastBallot& voter) {
  if (!voter.ballot) return BallotState::kUndecodable;
  const bool same_list = voter.ballot->spec == snapshot.spec.id &&
                         voter.ballot->votes.size() == ServerCount(snapshot.spec.spec.shards);
  return same_list ? BallotState::kCounted : BallotState::kOtherList;
}

std::vector<CheckerView> FindCheckers(const Snapshot& snapshot, const Round& round,
                                      std::map<std::string, BallotProfile> profiles,
                                      const std::optional<std::string>& leader) {
  std::map<std::string, CheckerView> views;
  for (const std::string& id : round.electorate.ids) views[id].id = id;
  // The earliest registration of an id counts; a later one is a twin that waits.
  for (const auto& candidate : snapshot.candidates) {
    CheckerView& view = views[candidate.name.id];
    view.id = candidate.name.id;
    if (!view.candidate) view.candidate = &candidate;
  }
  for (const auto& voter : snapshot.voters) {
    CheckerView& view = views[voter.id];
    view.id = voter.id;
    view.voter = &voter;
    view.state =
        round.left_out.contains(voter.id) ? BallotState::kLeftOut : StateOf(snapshot, voter);
    if (const auto profile = profiles.find(voter.id); profile != profiles.end()) {
      view.profile = std::move(profile->second);
    }
  }
  std::vector<CheckerView> sorted;
  for (auto& [id, view] : views) {
    view.leads = leader == id;
    sorted.push_back(std::move(view));
  }
  return sorted;
}

// The number of shards that may be dead without a freeze: by the fraction, or by what
// an operator accepted.
std::size_t Allowed(const Snapshot& snapshot, const Assessment& assessment) {
  const auto accepted = static_cast<std::size_t>(std::max(0, assessment.freeze.accepted));
  return std::max(accepted, DeadAllowed(assessment.safeguards.max_dead_fraction.value_or(1),
                                        snapshot.spec.spec.shards.size()));
}

std::size_t ToThaw(const Snapshot& snapshot, const Assessment& assessment) {
  return DeadToThaw(assessment.safeguards.max_dead_fraction.value_or(1),
                    snapshot.spec.spec.shards.size());
}

std::string FewerThan(std::size_t number) {
  return number <= 1 ? "none" : "fewer than " + std::to_string(number);
}

void NoteHolds(const Snapshot& snapshot, Assessment& assessment) {
  auto& notes = assessment.notes;
  const std::string& name = snapshot.spec.spec.name;
  if (assessment.hold == Hold::kGoCheckers) {
    notes.push_back("held: " + std::string(HoldExplanation(assessment.hold)) + " (" +
                    Join(snapshot.go_voters, ", ") + ")");
  }
  if (const auto lost = LostWithValues(assessment.safeguards); !lost.empty()) {
    notes.push_back("the spec lost " + Join(lost, ", ") + " to a writer that is not zkctl; " +
                    (lost.size() == 1 ? "it stays" : "they stay") +
                    " in force until zkctl writes the spec");
  }
  const auto holds = [&](Obstacle obstacle, const std::string& otherwise) {
    const std::string held = HeldBack(snapshot, assessment, obstacle);
    return held.empty() ? otherwise : "holds back " + held;
  };
  if (assessment.pause && assessment.hold == Hold::kGoCheckers) {
    notes.push_back("paused " + OrderSentence(*assessment.pause, AgesNow(snapshot)) +
                    "; Go checkers decide, and know no orders");
  } else if (assessment.pause) {
    notes.push_back("paused " + OrderSentence(*assessment.pause, AgesNow(snapshot)) + "; " +
                    holds(Obstacle::kHold, "nothing flips") + " (`zkctl resume " + name +
                    "` ends it)");
  } else if (snapshot.ledger && snapshot.ledger->pause) {
    notes.push_back("the pause by " + snapshot.ledger->pause->by +
                    " is over; the leader notices at its next decision");
  }
  if (!assessment.maintenance.empty()) {
    std::vector<std::string> names;
    for (const auto& [shard, order] : assessment.maintenance) names.push_back(shard);
    notes.push_back(ShortList(names) + (names.size() == 1 ? " is" : " are") +
                    " under maintenance and cannot flip; " +
                    holds(Obstacle::kMaintenance, "nothing is held back") +
                    " (`zkctl maintenance list " + name + "` says why)");
  }
  for (const CheckerView& view : assessment.checkers) {
    if (const std::string last = LastVotesSentence(view); !last.empty()) notes.push_back(last);
  }
  if (!assessment.freeze.frozen) return;
  const std::size_t to_thaw = ToThaw(snapshot, assessment);
  std::string note = "frozen since " + FormatTime(assessment.freeze.since) + ": " +
                     FreezeSentence(snapshot, assessment);
  note += assessment.freeze.accept
              ? "; an operator has accepted the deaths: they pass at the leader's next decision"
              : "; " + holds(Obstacle::kFreeze, "nothing is held back") +
                    "; nothing more is marked dead until " + FewerThan(to_thaw) +
                    " would be (`zkctl unfreeze " + name + " --accept` lets the deaths pass)";
  notes.push_back(std::move(note));
}

void NoteRacks(const Snapshot& snapshot, Assessment& assessment) {
  const int wanted = assessment.electorate.min_racks;
  if (wanted <= 1 || snapshot.candidates.empty()) return;
  std::set<std::string> registered;
  std::set<std::string> voting;
  for (const CheckerView& view : assessment.checkers) {
    if (view.candidate) registered.insert(view.candidate->registration.rack);
    if (view.state == BallotState::kCounted) voting.insert(view.voter->ballot->rack);
  }
  const auto note = [&](std::string_view who, std::size_t racks) {
    assessment.notes.push_back("min_racks is " + std::to_string(wanted) + ", but " +
                               std::string(who) + " " + Counted(racks, "rack") +
                               ": no shard can be marked dead");
  };
  if (static_cast<int>(registered.size()) < wanted) {
    note("the registered checkers are on", registered.size());
  } else if (static_cast<int>(voting.size()) < wanted) {
    note("the ballots that count come from", voting.size());
  }
}

void NoteLeadership(const Snapshot& snapshot, Assessment& assessment) {
  auto& notes = assessment.notes;
  for (const Snapshot::Ghost& ghost : snapshot.ghosts) {
    notes.push_back(GhostSentence(ghost));
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
  for (const CheckerView& view : assessment.checkers) {
    std::string outlier = OutlierSentence(snapshot, view);
    if (outlier.empty()) continue;
    notes.push_back(outlier + (view.state == BallotState::kLeftOut
                                   ? ": its ballot is left out (outlier_votes: ignore)"
                                   : ": its network or password, more likely than the shards"));
  }
  if (checkers && *checkers > static_cast<int>(electorate.ids.size())) {
    notes.push_back("the spec says " + Counted(static_cast<std::size_t>(*checkers), "checker") +
                    ", only " + std::to_string(electorate.ids.size()) + " were ever seen");
  }
  if (checkers && *checkers < static_cast<int>(electorate.ids.size())) {
    notes.push_back("the spec says " + Counted(static_cast<std::size_t>(*checkers), "checker") +
                    ", but " + std::to_string(electorate.ids.size()) + " are known");
  }
  const std::string missing = MissingText(assessment);
  if (static_cast<int>(assessment.counted) < electorate.quorum) {
    notes.push_back("too few ballots: " + std::to_string(assessment.counted) + " of the " +
                    std::to_string(electorate.quorum) + " that are needed" +
                    (missing.empty() ? "" : " (" + missing + ")") +
                    "; every status stays as it is");
    const auto gone =
        std::find_if(assessment.checkers.begin(), assessment.checkers.end(),
                     [&](const CheckerView& view) { return !view.candidate && !view.voter; });
    if (!checkers && gone != assessment.checkers.end()) {
      notes.push_back(
          "a checker that will not return counts until it is forgotten: `zkctl "
          "checkers forget " +
          snapshot.spec.spec.name + " " + gone->id + "`");
    }
  } else if (!missing.empty()) {
    const bool last = static_cast<int>(assessment.counted) == electorate.quorum;
    notes.push_back(missing + (last ? "; when one more stops, nothing flips" : ""));
  }
  for (const CheckerView& view : assessment.checkers) {
    if (view.state == BallotState::kUndecodable) {
      notes.push_back("the ballot of " + view.id + " cannot be decoded: " + view.voter->error +
                      " (" + view.voter->path + ")");
    } else if (view.state == BallotState::kOtherList) {
      notes.push_back("the ballot of " + view.id + " is for another list of shards");
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
  // The notes about the quorum cover ballots.
  for (const std::string& problem : snapshot.problems) {
    if (!problem.starts_with("ballot ")) notes.push_back("cannot be read: " + problem);
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
    case BallotState::kLeftOut:
      return "left_out";
  }
  return "none";
}

namespace {

// The snapshot as a leader that begins to lead now would see it. A present leader knows more in
// three cases: lists of shards that it saw before, a ledger that it read before it was corrupted,
// and the numbers of its own probes.
struct AsLeader {
  explicit AsLeader(const Snapshot& s)
      : snapshot(s), ledger(s.ledger.value_or(Ledger{})), board(BoardOf(s)) {
    if (!s.ledger && s.head) ledger.at_least = s.head->electorate;
    for (const auto& candidate : s.candidates) candidates.insert(candidate.name.id);
    for (const auto& voter : s.voters) {
      if (voter.ballot) ballots.emplace(voter.id, *voter.ballot);
    }
  }

  [[nodiscard]] RoundInput Input() const {
    return {.spec = snapshot.spec.spec,
            .spec_id = snapshot.spec.id,
            .spec_from_one_write = snapshot.spec.from_one_write,
            .head = snapshot.head,
            .has_head = snapshot.has_head,
            .board = board,
            .ledger = ledger,
            .ballots = ballots,
            .candidates = candidates,
            .go_voters = snapshot.go_voters,
            .wall = OrdersNow(snapshot)};
  }

  static CarriedBoard BoardOf(const Snapshot& s) {
    StatusBoard rows = s.board_is_current ? s.board : StatusBoard{};
    for (const std::size_t k : s.bad_chunks) {
      const std::size_t end = std::min(rows.shards.size(), (k + 1) * kChunkShards);
      for (std::size_t i = k * kChunkShards; i < end; ++i) rows.shards[i] = kLostRow;
    }
    const auto newest = [&rows] {
      Micros since{0};
      for (const ShardState& state : rows.shards) since = std::max(since, state.since);
      return since;
    };
    std::optional<std::int64_t> list;
    if (s.board_is_current) {
      list = s.spec.id.shards_zxid;
    } else if (s.head) {
      list = s.head->spec.shards_zxid;
    }
    const BoardFacts facts{.rows = rows,
                           .list = list,
                           .decided = s.head || s.has_head,
                           .go_decided = s.from_go_status && s.has_head,
                           .mirror = [&s] { return s.mirror; },
                           .newest_since = newest};
    return CarryBoard(facts, KnownLists(), s.spec.spec.shards, s.spec.id.shards_zxid);
  }

  const Snapshot& snapshot;
  Ledger ledger;
  CarriedBoard board;
  Ballots ballots;
  std::set<std::string> candidates;
};

}  // namespace

Electorate FindElectorate(const Snapshot& snapshot, std::string_view forgotten) {
  AsLeader leader(snapshot);
  if (snapshot.ledger && leader.ledger.electorate.erase(std::string(forgotten)) > 0) {
    leader.ledger.at_least = std::max(0, leader.ledger.at_least - 1);
  }
  return zkcluster::FindElectorate(leader.Input());
}

Assessment Assess(const Snapshot& snapshot) {
  const Ledger ledger = snapshot.ledger.value_or(Ledger{});
  Assessment assessment;
  assessment.leader = FindLeader(snapshot);
  if (snapshot.leader) assessment.epoch = snapshot.leader->epoch;
  const AsLeader as_leader(snapshot);
  const RoundInput input = as_leader.Input();
  Round round = Conclude(input);
  assessment.disputes = FindDisputes(input.spec.shards, input.board.board, round);
  assessment.checkers = FindCheckers(snapshot, round,
                                     CompareBallots(input.ballots, round.electorate, input.spec_id,
                                                    ServerCount(snapshot.spec.spec.shards)),
                                     assessment.leader);
  assessment.hold = round.hold;
  assessment.safeguards = round.safeguards;
  const Micros now = OrdersNow(snapshot);
  if (ledger.pause && !IsOver(*ledger.pause, now)) assessment.pause = ledger.pause;
  for (const auto& [shard, order] : ledger.maintenance) {
    if (!IsOver(order, now)) assessment.maintenance.emplace(shard, order);
  }
  assessment.freeze = ledger.freeze;
  assessment.electorate = std::move(round.electorate);
  assessment.tallies = std::move(round.tallies);
  assessment.next = std::move(round.decision);
  for (const CheckerView& view : assessment.checkers) {
    if (view.state == BallotState::kCounted) {
      ++assessment.counted;
    } else if (view.state != BallotState::kLeftOut) {
      assessment.missing.push_back(view.id);
    }
  }
  for (const ShardState& state : snapshot.board.shards) {
    assessment.dead += state.status == ShardStatus::kDead ? 1 : 0;
  }
  NoteHolds(snapshot, assessment);
  NoteLeadership(snapshot, assessment);
  NoteQuorum(snapshot, assessment);
  NoteRacks(snapshot, assessment);
  NoteBoard(snapshot, assessment);
  if (const auto flapping = FindFlapping(snapshot); !flapping.empty()) {
    assessment.notes.push_back("flapping: " + ShortList(flapping) + " (`zkctl explain " +
                               snapshot.spec.spec.name + " " + flapping.front() +
                               "` says how often it died)");
  }
  return assessment;
}

std::string MissingText(const Assessment& assessment) {
  std::vector<std::string> gone;
  std::vector<std::string> silent;
  for (const std::string& id : assessment.missing) {
    const auto view = std::ranges::find(assessment.checkers, id, &CheckerView::id);
    const bool registered = view != assessment.checkers.end() && view->candidate != nullptr;
    (registered ? silent : gone).push_back(id);
  }
  std::string text;
  if (!gone.empty()) text = ShortList(gone) + (gone.size() == 1 ? " is gone" : " are gone");
  if (!silent.empty()) {
    text += (text.empty() ? "" : "; ") + std::string("no valid ballot from ") + ShortList(silent);
  }
  return text;
}

std::string FreezeSentence(const Snapshot& snapshot, const Assessment& assessment) {
  const ClusterSpec& spec = snapshot.spec.spec;
  const std::size_t would_be = assessment.next.would_be_dead;
  const std::size_t allowed = Allowed(snapshot, assessment);
  std::string text =
      std::to_string(would_be) + " of " + Counted(spec.shards.size(), "shard") + " would be dead";
  if (would_be <= allowed) {
    // A freeze ends at a lower number than it begins at.
    return text + ", and a freeze ends below " + std::to_string(ToThaw(snapshot, assessment));
  }
  const bool accepted = static_cast<int>(allowed) == assessment.freeze.accepted;
  text += ", more than the " + std::to_string(allowed);
  return text + (accepted
                     ? " that an operator accepted"
                     : " that max_dead_fraction " +
                           FormatFraction(assessment.safeguards.max_dead_fraction.value_or(1)) +
                           " allows");
}

namespace {

template <class Order>
std::string SentenceOf(const Order& order, Micros now) {
  return RenderAge(order.since, now) + " by " + order.by + ", " + LeftText(order.until, now) +
         ": \"" + order.reason + "\"";
}

}  // namespace

std::string LeftText(Micros until, Micros now) {
  if (until == Micros(0)) return "no end";
  return FormatAge(std::max(Micros::zero(), until - now)) + " left";
}

std::string LengthText(Micros since, Micros until) {
  if (until == Micros(0)) return "no end";
  // Foreign bytes hold any time, and centuries in nanoseconds do not fit.
  constexpr Micros kLongest = std::chrono::hours(24 * 365 * 100);
  return "for " + FormatAge(std::clamp(until - since, Micros::zero(), kLongest));
}

std::string OrderSentence(const Pause& order, Micros now) {
  return SentenceOf(order, now);
}

std::string OrderSentence(const Maintenance& order, Micros now) {
  return SentenceOf(order, now);
}

std::string GhostSentence(const Snapshot::Ghost& ghost) {
  using Kind = Snapshot::Ghost::Kind;
  std::string what;
  switch (ghost.kind) {
    case Kind::kCandidate:
      what = "the candidate of " + ghost.id + " has no session";
      break;
    case Kind::kBallot:
      what = "the ballot of " + ghost.id + " has no session";
      break;
    case Kind::kGoChecker:
      what = "the Go registration " + ghost.id + " has no session";
      break;
    case Kind::kStray:
      return ghost.path + " is no candidate: it is ignored";
  }
  return what + ": it is a ghost, which counts for nothing (" + ghost.path + ")";
}

std::string ShortList(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  return JoinSome(names, kShown);
}

}  // namespace zkcluster::zkctl
