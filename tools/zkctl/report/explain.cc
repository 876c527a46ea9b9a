#include "tools/zkctl/report/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "checker/rules/succession.h"
#include "text/duration.h"
#include "tools/zkctl/report/flapping.h"
#include "tools/zkctl/report/report.h"

namespace zkcluster::zkctl {
namespace {

std::string_view OpinionName(Opinion opinion) {
  switch (opinion) {
    case Opinion::kNotProbed:
      return "not_probed";
    case Opinion::kAlive:
      return "alive";
    case Opinion::kDead:
      return "dead";
    case Opinion::kUnknown:
      return "unknown";
  }
  return "not_probed";
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAlive:
      return "alive";
    case Outcome::kDead:
      return "dead";
    case Outcome::kNoQuorum:
      return "no_quorum";
  }
  return "no_quorum";
}

// One checker's part in the tally.
struct VoteLine {
  std::string vote;     // "dead", ...; "none" when the ballot gives no vote that counts
  std::string reason;   // of a vote that is not alive
  std::string ignored;  // why the ballot does not count; empty: it does
};

VoteLine LineOf(const CheckerView& checker, std::size_t shard) {
  switch (checker.state) {
    case BallotState::kNone:
      return {"none", "",
              checker.candidate ? "registered, but it has published no ballot" : "not running"};
    case BallotState::kUndecodable:
      return {"none", "", "its ballot cannot be decoded: " + checker.voter->error};
    case BallotState::kOtherList:
      return {"none", "",
              "its ballot is for version " + std::to_string(checker.voter->ballot->spec.version) +
                  " of the spec, or for another list of shards"};
    case BallotState::kLeftOut:
    case BallotState::kCounted:
      break;
  }
  const Vote& vote = checker.voter->ballot->votes[shard];
  const std::string reason =
      vote.reason == Reason::kNone ? "" : std::string(ReasonName(vote.reason));
  std::string silent;
  if (vote.opinion == Opinion::kNotProbed) {
    silent = "it has not probed this shard yet; silence is not a vote";
  } else if (vote.first) {
    silent = "it has had no answer since it began to ask, for less than the threshold";
  } else if (checker.state == BallotState::kLeftOut) {
    silent = "it contradicts all others on many shards (outlier_votes: ignore)";
  }
  return {std::string(OpinionName(vote.opinion)), reason, silent};
}

// The rack of its ballot, else that of its registration.
std::string RackOf(const CheckerView& checker) {
  if (checker.voter && checker.voter->ballot) return checker.voter->ballot->rack;
  return checker.candidate ? checker.candidate->registration.rack : "";
}

std::string CountText(const VoteCounts& counts) {
  return std::to_string(counts.alive) + " alive, " + std::to_string(counts.dead) + " dead, " +
         std::to_string(counts.unknown) + " unknown";
}

std::string StatusSentence(const Snapshot& snapshot, std::size_t shard, Micros now) {
  const ShardSpec& spec = snapshot.spec.spec.shards[shard];
  const ShardState& state = snapshot.board.shards[shard];
  std::string text = Printable(spec.name) + " (" + Printable(spec.addr) + ") is " +
                     std::string(ShardStatusName(state.status));
  if (state.lost()) {
    return text + (state.since.count() == 0 ? "" : " since " + RenderSince(state.since, now)) +
           ": its decided status was corrupted in ZooKeeper, and nothing was decided since; " +
           "programs keep what they knew of it";
  }
  if (state.since.count() == 0) {
    return text + (snapshot.problems.empty() ? ": no status was ever decided for it"
                                             : ": no status that can be read was decided for it");
  }
  text += " since " + RenderSince(state.since, now);
  if (state.reason != Reason::kNone) text += ", reason: " + std::string(ReasonName(state.reason));
  return text;
}

std::string ElectorateSentence(const Snapshot& snapshot, const Assessment& assessment) {
  const Electorate& electorate = assessment.electorate;
  const ClusterSpec& spec = snapshot.spec.spec;
  std::string text = "the quorum is " + std::to_string(electorate.quorum) +
                     " of an electorate of " + std::to_string(electorate.size);
  text += spec.quorum ? " (the spec gives the quorum)" : " (a majority)";
  if (!spec.checkers) text += ", which is every checker ever seen";
  return text;
}

// The first word of the note that the verdict repeats.
std::string_view RepeatedNote(const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    if (sentence.find("the cluster was paused") != std::string::npos) return "paused";
    if (sentence.find(": frozen since") != std::string::npos) return "frozen";
  }
  return {};
}

// How long the ballots that count, and this leader, have been as they are. A shadow starts again with
// each decision, so it may wait for longer than this says.
Duration OwedFor(const Snapshot& snapshot, const Assessment& assessment) {
  Micros since = snapshot.leader_stat ? snapshot.leader_stat->modified : Micros(0);
  for (const CheckerView& checker : assessment.checkers) {
    if (checker.state == BallotState::kCounted) since = std::max(since, checker.voter->written);
  }
  return since == Micros(0) ? Duration::zero() : std::max(Micros::zero(), snapshot.taken - since);
}

// "2.4s"
std::string Tenths(Duration duration) {
  constexpr Duration kTenth = std::chrono::milliseconds(100);
  return FormatDuration(std::max(kTenth, duration / kTenth * kTenth));
}

// A leader flips at once. Where it has not for a while, its shadow does.
std::string OwedSentence(const Snapshot& snapshot, const Assessment& assessment,
                         const std::string& wanted) {
  constexpr Duration kAtOnce = std::chrono::milliseconds(250);
  std::string text = "the leader " + *assessment.leader + " is about to flip it to " + wanted;
  const Duration owed = OwedFor(snapshot, assessment);
  if (owed < kAtOnce) return text;
  text += ", for " + Tenths(owed) + " now";
  if (snapshot.candidates.size() < 2) return text + ", and no other checker could take over";
  const Snapshot::Candidate& shadow = snapshot.candidates[1];
  PatienceFacts facts;
  facts.session_timeout = std::max(kPatience, shadow.registration.session_timeout);
  if (snapshot.leader && snapshot.leader_stat) {
    facts.depositions = CountDepositions(
        DepositionsOf(*snapshot.leader, snapshot.leader_stat->modified), snapshot.taken);
  }
  const Duration left = PatienceOf(facts) - owed;
  text += "; its shadow " + shadow.name.id;
  return left > Duration::zero() ? text + " takes over in " + Tenths(left)
                                 : text + " is about to take over";
}

// What follows from the tally: the flip, or why there is none.
std::string VerdictSentence(const Snapshot& snapshot, const Assessment& assessment,
                            std::size_t shard) {
  const ShardState& state = snapshot.board.shards[shard];
  const ServerTally& tally = assessment.tallies[shard];
  const std::string quorum = std::to_string(assessment.electorate.quorum);
  const std::string status(ShardStatusName(state.status));
  if (tally.outcome == Outcome::kNoQuorum) {
    if (tally.counts.alive >= assessment.electorate.quorum &&
        tally.counts.dead >= assessment.electorate.quorum) {
      return "both alive and dead reach the quorum of " + quorum + ": a tie, so it stays " + status;
    }
    if (tally.counts.dead >= assessment.electorate.quorum) {
      return std::to_string(tally.counts.dead) + " votes for dead reach the quorum of " + quorum +
             ", but they come from " + Counted(static_cast<std::size_t>(tally.dead_racks), "rack") +
             " and min_racks asks for " + std::to_string(assessment.electorate.min_racks) +
             ", so it stays " + status;
    }
    const int best = std::max(tally.counts.alive, tally.counts.dead);
    return "neither alive nor dead reaches the quorum of " + quorum + " (" +
           std::to_string(assessment.electorate.quorum - best) + " short), so it stays " + status;
  }
  const std::string wanted(OutcomeName(tally.outcome));
  const bool dead = tally.outcome == Outcome::kDead;
  const std::string reached = std::to_string(dead ? tally.counts.dead : tally.counts.alive) +
                              " votes for " + wanted + " reach the quorum of " + quorum;
  const bool agrees = state.status == (dead ? ShardStatus::kDead : ShardStatus::kAlive);
  const std::string stays = "; so it stays " + status;
  const auto maintained = assessment.maintenance.find(snapshot.spec.spec.shards[shard].name);
  if (maintained != assessment.maintenance.end() && !agrees) {
    return reached + ", but the shard is under maintenance, ordered " +
           OrderSentence(maintained->second, AgesNow(snapshot)) + stays +
           " (`zkctl maintenance off " + snapshot.spec.spec.name + " " + maintained->first +
           "` ends it)";
  }
  if (agrees) return reached + ", which agrees with the status: nothing to change";
  if (assessment.hold == Hold::kPaused) {
    return reached + ", but the cluster was paused " +
           OrderSentence(*assessment.pause, AgesNow(snapshot)) + stays + " (`zkctl resume " +
           snapshot.spec.spec.name + "` ends it)";
  }
  if (assessment.hold != Hold::kNone) {
    return reached + ", but decisions are held: " + std::string(HoldExplanation(assessment.hold)) +
           stays;
  }
  const bool frozen = assessment.freeze.frozen;
  if (dead && assessment.next.ledger.freeze.frozen && (frozen || assessment.leader)) {
    return reached + ", but " + FreezeSentence(snapshot, assessment) + ": " +
           (frozen ? "frozen since " + FormatTime(assessment.freeze.since)
                   : "the leader " + *assessment.leader + " is about to freeze") +
           ", so it stays " + status + "; `zkctl unfreeze " + snapshot.spec.spec.name +
           " --accept` lets the deaths pass";
  }
  if (!assessment.leader) return reached + ", but nobody leads: it flips as soon as a checker does";
  return reached + ": " + OwedSentence(snapshot, assessment, wanted);
}

}  // namespace

std::vector<std::string> ExplainShard(const Snapshot& snapshot, const Assessment& assessment,
                                      std::size_t shard, Micros now) {
  const ShardSpec& spec = snapshot.spec.spec.shards[shard];
  const ShardState& state = snapshot.board.shards[shard];
  const ServerTally& tally = assessment.tallies[shard];
  std::vector<std::string> sentences;
  sentences.push_back(StatusSentence(snapshot, shard, now));
  if (state.since.count() != 0 && !snapshot.from_go_status) {
    sentences.push_back("when it flipped, the votes were " + CountText(state.counts));
  }
  sentences.push_back("the votes now are " + CountText(tally.counts) + "; " +
                      ElectorateSentence(snapshot, assessment));
  sentences.push_back(VerdictSentence(snapshot, assessment, shard));
  const auto maintained = assessment.maintenance.find(spec.name);
  if (maintained != assessment.maintenance.end()) {
    const Maintenance& order = maintained->second;
    const bool mentioned = sentences.back().find("under maintenance") != std::string::npos;
    sentences.push_back(
        (mentioned ? "under maintenance it"
                   : "it is under maintenance, ordered " + OrderSentence(order, now) + "; it") +
        " is probed and voted on, and does not flip");
  }
  if (std::string flapping = FlappingSentence(snapshot, shard); !flapping.empty()) {
    sentences.push_back(std::move(flapping));
  }
  return sentences;
}

std::string ExplainText(const Snapshot& snapshot, const Assessment& assessment, std::size_t shard,
                        Micros now, const Terminal& to) {
  std::string out;
  const auto sentences = ExplainShard(snapshot, assessment, shard, now);
  for (const std::string& sentence : sentences) {
    out += WrapText(sentence + ".", 0, to.columns);
  }
  out += '\n';
  const bool racks = assessment.electorate.min_racks > 1;  // otherwise racks do not matter
  std::vector<std::vector<Cell>> rows;
  for (const CheckerView& checker : assessment.checkers) {
    const VoteLine line = LineOf(checker, shard);
    const Color paint = line.vote == "alive"  ? Color::kGood
                        : line.vote == "dead" ? Color::kBad
                                              : Color::kDoubtful;
    const std::string age =
        checker.voter ? FormatAge(std::max(Micros::zero(), now - checker.voter->written)) : "-";
    const std::string rack = RackOf(checker);
    rows.push_back({checker.id + (checker.leads ? " (leader)" : ""),
                    !racks         ? ""
                    : rack.empty() ? "-"
                                   : rack,
                    Cell(line.vote, paint), line.reason.empty() ? "-" : line.reason, age,
                    line.ignored});
  }
  out += RenderTable({"CHECKER", "RACK", "VOTE", "REASON", "BALLOT AGE", "NOT COUNTED BECAUSE"},
                     std::move(rows), to);
  return out + NotesText(assessment, to, RepeatedNote(sentences));
}

OrderedJson ExplainJson(const Snapshot& snapshot, const Assessment& assessment, std::size_t shard,
                        Micros now) {
  const ShardState& state = snapshot.board.shards[shard];
  const ServerTally& tally = assessment.tallies[shard];
  OrderedJson json;
  json["cluster"] = snapshot.spec.spec.name;
  json["shard"] = snapshot.spec.spec.shards[shard].name;
  json["addr"] = snapshot.spec.spec.shards[shard].addr;
  json["status"] = ShardStatusName(state.status);
  json["since"] = state.since.count();
  json["reason"] = ReasonJson(state.reason);
  json["decided"] = CountsJson(state.counts);
  json["votes"] = CountsJson(tally.counts);
  json["outcome"] = OutcomeName(tally.outcome);
  json["quorum"] = assessment.electorate.quorum;
  json["electorate"] = assessment.electorate.ids;
  json["electorate_size"] = assessment.electorate.size;
  json["dead_racks"] = tally.dead_racks;
  json["min_racks"] = assessment.electorate.min_racks;
  json["leader"] = assessment.leader ? OrderedJson(*assessment.leader) : OrderedJson();
  json["held"] = HeldJson(assessment);
  json["frozen"] = assessment.freeze.frozen;
  const auto maintained = assessment.maintenance.find(snapshot.spec.spec.shards[shard].name);
  json["maintenance"] = maintained == assessment.maintenance.end()
                            ? OrderedJson()
                            : MaintenanceJson(maintained->second);
  json["checkers"] = OrderedJson::array();
  for (const CheckerView& checker : assessment.checkers) {
    const VoteLine line = LineOf(checker, shard);
    OrderedJson row;
    row["id"] = checker.id;
    row["rack"] = RackOf(checker);
    row["vote"] = line.vote == "none" ? OrderedJson() : OrderedJson(line.vote);
    row["reason"] = line.reason.empty() ? OrderedJson() : OrderedJson(line.reason);
    row["ballot"] = BallotStateName(checker.state);
    row["not_counted"] = line.ignored.empty() ? OrderedJson() : OrderedJson(line.ignored);
    row["written"] = checker.voter ? OrderedJson(checker.voter->written.count()) : OrderedJson();
    json["checkers"].push_back(std::move(row));
  }
  json["explanation"] = ExplainShard(snapshot, assessment, shard, now);
  json["notes"] = assessment.notes;
  return json;
}

}  // namespace zkcluster::zkctl
