#include "checker/cluster/roster.h"

#include <algorithm>
#include <set>
#include <utility>

namespace zkcluster {

Roster::Roster(Loop& loop, Logger& logger, zk::Client& client, ProbePool& pool, Options options)
    : loop_(loop),
      logger_(logger),
      client_(client),
      pool_(pool),
      options_(std::move(options)),
      clock_(loop, logger, client) {
  if (options_.all) {
    root_ = std::make_unique<zk::ChildrenWatcher>(loop_, client_, options_.root,
                                                  [this](const auto& names) { OnNames(names); });
  } else {
    for (const auto& name : options_.names) Follow(name);
  }
}

Roster::~Roster() = default;

void Roster::OnNames(const std::optional<std::vector<std::string>>& names) {
  if (leaving_) return;
  if (!names) {
    logger_.Warn("root.missing",
                 {{"root", options_.root}, {"hint", "waiting for the first `zkctl create`"}});
  }
  const auto present =
      names ? std::set<std::string>(names->begin(), names->end()) : std::set<std::string>();
  std::erase_if(entries_, [&](const auto& entry) {
    if (present.contains(entry.first)) return false;
    if (entry.second.participant) logger_.Info("cluster.gone", {{"cluster", entry.first}});
    return true;
  });
  for (const auto& name : present) {
    if (!entries_.contains(name)) Follow(name);
  }
}

void Roster::Serve(bool all, std::vector<std::string> names) {
  if (leaving_) return;
  options_.all = all;
  options_.names = std::move(names);
  if (!all) {
    root_ = nullptr;
    std::vector<std::string> unwanted;
    for (const auto& entry : entries_) {
      if (!Wanted(entry.first)) unwanted.push_back(entry.first);
    }
    for (const auto& name : unwanted) Depart(name);
    for (const auto& name : options_.names) {
      if (!entries_.contains(name)) Follow(name);
    }
  } else if (!root_) {
    root_ = std::make_unique<zk::ChildrenWatcher>(loop_, client_, options_.root,
                                                  [this](const auto& found) { OnNames(found); });
  }
  for (auto& [name, entry] : entries_) {
    if (entry.participant) entry.participant->SetDefaults(options_.defaults(name));
  }
}

bool Roster::Wanted(const std::string& name) const {
  if (options_.all) {
    return root_ && root_->names() &&
           std::count(root_->names()->begin(), root_->names()->end(), name) > 0;
  }
  return std::count(options_.names.begin(), options_.names.end(), name) > 0;
}

void Roster::Depart(const std::string& name) {
  const auto found = entries_.find(name);
  std::unique_ptr<Participant> participant = std::move(found->second.participant);
  entries_.erase(found);
  logger_.Info("cluster.left", {{"cluster", name}});
  if (!participant) return;
  Departure& departure = departures_[name];
  departure.participant = std::move(participant);
  // Not from within the participant that calls.
  departure.participant->Leave(lifetime_.Guard(
      [this, name] { loop_.Post(lifetime_.Guard([this, name] { SayFarewell(name); })); }));
}

void Roster::SayFarewell(const std::string& name) {
  if (leaving_) return;
  Departure& departure = departures_[name];
  departure.participant = nullptr;
  const auto later = [this](auto task) {
    return lifetime_.Guard([this, task] { loop_.Post(lifetime_.Guard(task)); });
  };
  Farewell::Callbacks callbacks;
  callbacks.clean = later([this, name] {
    const auto found = departures_.find(name);
    if (leaving_ || found == departures_.end()) return;
    found->second.clean = true;
    if (Wanted(name) && !entries_.contains(name)) Follow(name);
  });
  callbacks.over = later([this, name] {
    departures_.erase(name);
    if (!leaving_ && Wanted(name) && !entries_.contains(name)) Follow(name);
  });
  departure.farewell = std::make_unique<Farewell>(
      ClusterScope{loop_, logger_, client_, ClusterPaths(options_.root, name)},
      options_.identity.id, options_.identity.guid, callbacks);
}

void Roster::Follow(const std::string& name) {
  // A cluster that is being left is joined again only when nothing of ours is left in it: otherwise
  // the leftovers would be taken for the new candidate and ballot.
  if (const auto found = departures_.find(name); found != departures_.end()) {
    if (!found->second.clean) return;
    departures_.erase(found);
  }
  const ClusterPaths paths(options_.root, name);
  entries_[name].base = std::make_unique<zk::NodeWatcher>(
      loop_, client_, paths.base(), [this, name](const auto& node) { OnBase(name, node); });
}

void Roster::OnBase(const std::string& name, const std::optional<zk::Node>& node) {
  if (leaving_) return;
  Entry& entry = entries_[name];
  if (entry.participant && (!node || node->stat.czxid != entry.incarnation)) {
    logger_.Info("cluster.gone", {{"cluster", name}});
    entry.participant = nullptr;
  }
  if (!node) {
    if (!options_.all)
      logger_.Warn("cluster.missing", {{"cluster", name}, {"root", options_.root}});
    return;
  }
  if (entry.participant) return;
  entry.incarnation = node->stat.czxid;
  entry.participant = std::make_unique<Participant>(Scope(name), pool_, options_.identity,
                                                    options_.defaults(name), options_.callbacks);
}

void Roster::Leave(std::function<void()> done) {
  leaving_ = true;
  root_ = nullptr;
  const auto pending = std::make_shared<std::size_t>(1);
  const auto one_done = [pending, done = std::move(done)] {
    if (--*pending == 0) done();
  };
  for (auto& [name, entry] : entries_) {
    entry.base = nullptr;
    if (!entry.participant) continue;
    ++*pending;
    entry.participant->Leave(one_done);
  }
  one_done();
}

ClusterScope Roster::Scope(const std::string& name) const {
  return {loop_, logger_, client_, ClusterPaths(options_.root, name)};
}

CheckerFacts Roster::facts(FactsDepth depth) const {
  CheckerFacts facts;
  facts.session = client_.state();
  facts.clock_ahead = clock_.ahead();
  facts.known = facts.session == SessionState::kConnected && (!root_ || root_->known());
  for (const auto& [name, entry] : entries_) {
    facts.known = facts.known && entry.base && entry.base->known();
    if (entry.participant) {
      facts.clusters.emplace(name, entry.participant->facts(depth));
    } else {
      ++facts.missing;
    }
  }
  return facts;
}

}  // namespace zkcluster
