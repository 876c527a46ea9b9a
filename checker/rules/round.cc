#include "checker/rules/round.h"

#include <algorithm>
#include <utility>

#include "checker/rules/decide.h"
#include "checker/rules/outlier.h"
#include "checker/rules/tally.h"
#include "model/paths.h"
#include "model/servers.h"

namespace zkcluster {

namespace {

constexpr int kRefusalsBeforeProgress = 2;

Hold FindHoldOf(const RoundInput& input) {
  HoldFacts facts;
  for (const auto& name : input.go_voters) {
    if (IsGoVoter(name)) facts.go_voters.push_back(name);
  }
  facts.pause = input.ledger.pause;
  facts.now = input.wall;
  facts.newer_spec = input.spec_is_newer;
  facts.behind_status = !input.spec_is_current && input.head &&
                        input.head->spec.shards_zxid > input.spec_id.shards_zxid;
  return FindHold(facts);
}

std::set<std::string> FindVoters(const RoundInput& input) {
  std::set<std::string> voters;
  for (const auto& [id, ballot] : input.ballots) {
    if (ballot.spec == input.spec_id) voters.insert(voters.end(), id);
  }
  return voters;
}

// Everyone that registers or votes is learned at once. A znode below `votes` without a ballot is no
// voter: an outsider may have created it.
std::set<std::string> Learn(const RoundInput& input, std::vector<std::string>& learned) {
  std::set<std::string> ids = input.ledger.electorate;
  const auto learn = [&](const std::string& id) {
    if (ids.insert(id).second) learned.push_back(id);
  };
  for (const auto& id : input.candidates) learn(id);
  for (const auto& [id, ballot] : input.ballots) learn(id);
  return ids;
}

Safeguards SafeguardsOf(const RoundInput& input) {
  return SafeguardsInForce(input.spec, input.spec_from_one_write, input.ledger.safeguards);
}

Electorate ElectorateOf(const RoundInput& input, const Safeguards& safeguards, std::size_t voters,
                        std::vector<std::string>& learned) {
  return MakeElectorate(WithSafeguards({}, safeguards), Learn(input, learned),
                        input.ledger.at_least, static_cast<int>(voters));
}

// In the ledger, for the leaders to come, and reported once.
void Remember(const RoundInput& input, const Safeguards& safeguards, Decision& decision) {
  const auto& before = input.ledger.safeguards;
  auto lost = LostWithValues(safeguards, before ? before->lost : std::set<std::string>());
  decision.ledger.safeguards =
      safeguards == Safeguards{} ? std::nullopt : std::optional(safeguards);
  if (lost.empty()) return;
  decision.changes.insert(decision.changes.begin(), KeysLost{std::move(lost)});
}

// A decision based on rows from elsewhere must not be dated earlier than what clients know, even if
// the clock is behind.
Micros DateOf(const RoundInput& input) {
  if (!input.board.from_elsewhere) return input.wall;
  return std::max(input.wall, input.board.newest_since + Micros(1));
}

// The servers of shards for which nothing was ever decided. A lost row may have had any status.
std::vector<bool> UndecidedServers(const RoundInput& input) {
  std::vector<bool> undecided;
  undecided.reserve(ServerCount(input.spec.shards));
  for (std::size_t i = 0; i < input.spec.shards.size(); ++i) {
    const ShardState& state = input.board.board.shards[i];
    undecided.insert(undecided.end(), MemberCount(input.spec.shards[i]),
                     state.status == ShardStatus::kUnknown && !state.lost());
  }
  return undecided;
}

// First failures are no votes about a row that may have had a status, and soon become some. Clients
// that know that row must not lose it for that long.
bool VotesAreComing(const RoundInput& input, const std::vector<ServerTally>& tallies) {
  const auto& rows = input.board.board.shards;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    const bool open = rows[i].lost() && tallies[i].outcome == Outcome::kNoQuorum;
    if (open && tallies[i].first > 0) return true;
  }
  return false;
}

Round::Step StepOf(const RoundInput& input, const Round& round) {
  const bool unsighted = round.hold == Hold::kGoCheckers || round.hold == Hold::kNewerSpec ||
                         round.hold == Hold::kBehindStatus;
  // While there are rows that nobody but the head's clients knows, the head stays. So it does
  // where a newer zkcluster may have written it.
  const bool yields = round.hold == Hold::kGoCheckers && input.has_head && !input.spec_is_newer &&
                      input.board.unmirrored == 0;
  if (yields) return Round::Step::kYield;
  if (unsighted) return Round::Step::kWait;
  if (input.last_hold == Hold::kGoCheckers) return Round::Step::kReload;
  if (input.board.unmirrored > 0) {
    const bool few = static_cast<int>(round.voters.size()) < round.electorate.quorum;
    if (few || VotesAreComing(input, round.tallies)) return Round::Step::kRefuse;
    if (round.hold != Hold::kNone) return Round::Step::kKeep;
  }
  return Round::Step::kCommit;
}

}  // namespace

Electorate FindElectorate(const RoundInput& input) {
  std::vector<std::string> learned;
  return ElectorateOf(input, SafeguardsOf(input), FindVoters(input).size(), learned);
}

Round Conclude(const RoundInput& input) {
  Round round;
  round.hold = FindHoldOf(input);
  round.voters = FindVoters(input);
  round.safeguards = SafeguardsOf(input);
  round.electorate = ElectorateOf(input, round.safeguards, round.voters.size(), round.learned);
  const auto& shards = input.spec.shards;
  const std::size_t servers = ServerCount(shards);
  if (input.spec.outlier_votes == OutlierVotes::kIgnore) {
    round.left_out = FindOutliers(input.ballots, round.electorate, input.spec_id, servers);
  }
  round.tallies = ServingTallies(
      shards, CountVotes(input.ballots, round.electorate, input.spec_id, servers,
                         {.undecided = UndecidedServers(input), .left_out = round.left_out}));
  round.checks_votes = input.vote_refusals < kRefusalsBeforeProgress;
  round.decision = Decide({.shards = input.spec.shards,
                           .board = input.board.board,
                           .tallies = round.tallies,
                           .ledger = input.ledger,
                           .hold = round.hold,
                           .wall = input.wall,
                           .since = DateOf(input),
                           .times = {input.interval, input.threshold},
                           .refused_threshold = input.refused_threshold,
                           .max_dead_fraction = round.safeguards.max_dead_fraction});
  Ledger& ledger = round.decision.ledger;
  ledger.electorate = round.electorate.ids;
  if (static_cast<int>(ledger.electorate.size()) >= ledger.at_least) ledger.at_least = 0;
  Remember(input, round.safeguards, round.decision);
  round.step = StepOf(input, round);
  return round;
}

}  // namespace zkcluster
