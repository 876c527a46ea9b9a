#include "checker/quorum/roster.h"

#include <set>
#include <utility>

namespace zkcluster {

Roster::Roster(Loop& loop, Logger& logger, zk::Client& client, ProbePool& pool, Options options,
               Participant::IdRefused id_refused)
    : loop_(loop),
      logger_(logger),
      client_(client),
      pool_(pool),
      options_(std::move(options)),
      id_refused_(std::move(id_refused)) {
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

void Roster::Follow(const std::string& name) {
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
  entry.participant = std::make_unique<Participant>(
      loop_, logger_, client_, pool_, ClusterPaths(options_.root, name), options_.identity,
      options_.defaults(name), id_refused_);
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

Roster::Summary Roster::summary() const {
  Summary summary;
  summary.ready = client_.state() == SessionState::kConnected && (!root_ || root_->known());
  for (const auto& [name, entry] : entries_) {
    summary.ready = summary.ready && entry.base && entry.base->known();
    if (!entry.participant) continue;
    const auto part = entry.participant->summary();
    ++summary.clusters;
    summary.leading += part.leading ? 1 : 0;
    summary.frozen += part.frozen ? 1 : 0;
    summary.paused += part.paused ? 1 : 0;
    summary.shards += part.shards;
    summary.dead += part.dead();
    summary.ready = summary.ready && part.published;
  }
  return summary;
}

std::map<std::string, Participant::Summary> Roster::summaries() const {
  std::map<std::string, Participant::Summary> summaries;
  for (const auto& [name, entry] : entries_) {
    if (entry.participant) summaries.emplace(name, entry.participant->summary());
  }
  return summaries;
}

}  // namespace zkcluster
