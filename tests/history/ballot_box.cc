#include "tests/history/ballot_box.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zkcluster::history {
namespace {

std::string RangeText(const Range& range) {
  return range.least == range.most ? fmt::format("{}", range.least)
                                   : fmt::format("{}..{}", range.least, range.most);
}

}  // namespace

std::string Describe(const BallotBox::Count& count) {
  return fmt::format("{} alive, {} dead in {} racks, {} unknown", RangeText(count.alive),
                     RangeText(count.dead), RangeText(count.racks), RangeText(count.unknown));
}

BallotBox::BallotBox(std::vector<PossibleBallots> voters, const ClusterSpec& spec, SpecId id,
                     const Ledger& ledger)
    : spec_(spec), id_(id) {
  for (PossibleBallots& voter : voters) {
    const auto on_this = std::count_if(voter.possible.begin(), voter.possible.end(),
                                       [&](const auto& b) { return OnThisSpec(b.get()); });
    if (on_this == 0) continue;
    ++present_.most;
    const bool certain = on_this == static_cast<std::ptrdiff_t>(voter.possible.size());
    present_.least += certain ? 1 : 0;
    if (ledger.electorate.contains(voter.id)) {
      voters_.push_back(std::move(voter));
    } else if (certain) {
      strangers_.push_back(voter.id);
    }
  }
  const int known = static_cast<int>(ledger.electorate.size());
  const int named = spec.checkers.value_or(std::max(known, ledger.at_least));
  electorate_ = {std::max(named, present_.least), std::max(named, present_.most)};
  quorum_ = {spec.quorum.value_or(electorate_.least / 2 + 1),
             spec.quorum.value_or(electorate_.most / 2 + 1)};
}

BallotBox::Count BallotBox::CountOf(std::size_t shard, bool undecided) const {
  Count count;
  std::set<std::string> racks_at_least;
  std::set<std::string> racks_at_most;
  for (const PossibleBallots& voter : voters_) {
    int said[4] = {};
    for (const auto& ballot : voter.possible) {
      const bool counts = OnThisSpec(ballot.get()) && ballot->votes.size() == spec_.shards.size();
      Vote vote = counts ? ballot->votes[shard] : Vote{};
      if (vote.first && undecided) vote.opinion = Opinion::kDead;
      if (vote.first && !undecided && voter.possible.size() == 1) ++count.first;
      ++said[static_cast<int>(vote.opinion)];
      if (vote.opinion != Opinion::kDead) continue;
      count.reasons.insert(vote.reason);
      racks_at_most.insert(ballot->rack);
      // There is only one possibility, so it is certain.
      if (voter.possible.size() == 1) racks_at_least.insert(ballot->rack);
    }
    const int all = static_cast<int>(voter.possible.size());
    const auto add = [&](Range& range, Opinion opinion) {
      const int times = said[static_cast<int>(opinion)];
      range.most += times > 0 ? 1 : 0;
      range.least += times == all ? 1 : 0;
    };
    add(count.alive, Opinion::kAlive);
    add(count.dead, Opinion::kDead);
    add(count.unknown, Opinion::kUnknown);
  }
  count.racks = {static_cast<int>(racks_at_least.size()), static_cast<int>(racks_at_most.size())};
  return count;
}

bool BallotBox::Covers(const Count& count, ShardStatus status) const {
  const int min_racks = spec_.min_racks.value_or(1);
  if (status == ShardStatus::kAlive) {
    const bool dead_too = count.dead.least >= quorum_.most && count.racks.least >= min_racks;
    return count.alive.most >= quorum_.least && !dead_too;
  }
  if (status == ShardStatus::kDead) {
    const bool alive_too = count.alive.least >= quorum_.most;
    return count.dead.most >= quorum_.least && count.racks.most >= min_racks && !alive_too;
  }
  return false;  // no decision makes a shard unknown
}

}  // namespace zkcluster::history
