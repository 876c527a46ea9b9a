#include "tools/zkctl/dev/observer.h"

#include <algorithm>
#include <utility>

#include "codec/codec.h"

namespace zkcluster::zkctl {

Observer::Observer(Loop& loop, zk::Client& client, const ClusterPaths& paths, Hooks hooks)
    : loop_(loop),
      client_(client),
      paths_(paths),
      hooks_(std::move(hooks)),
      // A ballot over a list that is not known yet is read again once the list is known.
      spec_(loop, client, paths,
            [this](const SpecWatcher::State&) {
              for (const auto& entry : checkers_) OnBallot(entry.first);
            }),
      ids_(loop, client, paths.votes(),
           [this](const std::optional<std::vector<std::string>>& ids) { OnVoters(ids); }),
      journal_(loop, client, paths, [this](const JournalEntry& entry) {
        if (entry.event) hooks_.on_event(*entry.event, entry.written);
      }) {}

void Observer::OnVoters(const std::optional<std::vector<std::string>>& ids) {
  const std::vector<std::string> present = ids.value_or(std::vector<std::string>{});
  for (auto checker = checkers_.begin(); checker != checkers_.end();) {
    if (std::find(present.begin(), present.end(), checker->first) != present.end()) {
      ++checker;
      continue;
    }
    hooks_.on_checker(checker->first, false);
    checker = checkers_.erase(checker);
  }
  for (const std::string& id : present) {
    if (checkers_.contains(id)) continue;
    Checker& checker = checkers_[id];
    hooks_.on_checker(id, true);
    checker.watcher = std::make_unique<zk::NodeWatcher>(
        loop_, client_, paths_.vote(id),
        [this, id](const std::optional<zk::Node>&) { OnBallot(id); });
  }
}

void Observer::OnBallot(const std::string& id) {
  Checker& checker = checkers_.at(id);
  const std::shared_ptr<const StoredSpec>& spec = spec_.state().spec;
  if (!checker.watcher || !checker.watcher->node() || !spec) return;
  const zk::Node& node = *checker.watcher->node();
  const auto ballot = DecodeBallot(node.data);
  if (!ballot || ballot->spec != spec->id) return;
  const std::size_t count = std::min(ballot->votes.size(), spec->spec.shards.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& shard = spec->spec.shards[i].name;
    const Vote vote = ballot->votes[i];
    Vote& reported = checker.votes[shard];
    if (reported == vote) continue;
    reported = vote;
    hooks_.on_vote(id, shard, vote, node.stat.modified);
  }
}

}  // namespace zkcluster::zkctl
