#include "checker/rules/roll_call.h"

#include <algorithm>
#include <utility>

namespace zkcluster {

namespace {

// While nothing can be written, the newest would say nothing that a person could still follow.
constexpr std::size_t kMostNews = 50;

}  // namespace

void RollCall::Observe(const Electorate& electorate, const std::set<std::string>& candidates,
                       const Ballots& ballots, const std::string& last_leader) {
  for (const auto& [id, ballot] : ballots) racks_[id] = ballot.rack;
  // A checker that was forgotten is nobody's any more.
  std::erase_if(present_, [&](const auto& known) { return !electorate.ids.contains(known.first); });
  for (const std::string& id : electorate.ids) {
    const bool now = candidates.contains(id);
    const auto [known, is_new] = present_.emplace(id, now);
    if (is_new) {
      if (!began_ && !now && id == last_leader) Report(id, false);
      continue;
    }
    if (std::exchange(known->second, now) != now) Report(id, now);
  }
  CountQuorum(electorate, last_leader);
  began_ = true;
}

void RollCall::Report(const std::string& id, bool back) {
  if (news_.size() >= kMostNews) return;
  const auto rack = racks_.find(id);
  news_.emplace_back(Event::Checker{id, rack == racks_.end() ? "" : rack->second, back});
}

void RollCall::CountQuorum(const Electorate& electorate, const std::string& last_leader) {
  Event::Quorum quorum;
  for (const auto& [id, present] : present_) {
    if (present) {
      ++quorum.registered;
    } else {
      quorum.missing.push_back(id);
    }
  }
  const bool lost = quorum.registered < electorate.quorum;
  // A cluster that begins has no quorum to lose.
  if (!began_) had_quorum_ = !last_leader.empty();
  if (!lost) had_quorum_ = true;
  if (lost == lost_ || !had_quorum_) return;
  lost_ = lost;
  quorum.restored = !lost;
  if (news_.size() < kMostNews) news_.emplace_back(std::move(quorum));
}

void RollCall::Journaled(std::size_t count) {
  news_.erase(news_.begin(),
              news_.begin() + static_cast<std::ptrdiff_t>(std::min(count, news_.size())));
}

}  // namespace zkcluster
