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
      retry_(loop.NewTimer([this] { ReadNextEvent(); })),
      // A ballot of a list that is not known yet is looked at again when the list is.
      spec_(loop, client, paths,
            [this](const SpecWatcher::State&) {
              for (const auto& entry : voters_) OnBallot(entry.first);
            }),
      ids_(loop, client, paths.votes(),
           [this](const std::optional<std::vector<std::string>>& ids) { OnVoters(ids); }),
      journal_(loop, client, paths.events(),
               [this](const std::optional<std::vector<std::string>>& nodes) { OnJournal(nodes); }) {
}

void Observer::OnVoters(const std::optional<std::vector<std::string>>& ids) {
  const std::vector<std::string> present = ids.value_or(std::vector<std::string>{});
  for (auto voter = voters_.begin(); voter != voters_.end();) {
    if (std::find(present.begin(), present.end(), voter->first) != present.end()) {
      ++voter;
      continue;
    }
    hooks_.on_checker(voter->first, false);
    voter = voters_.erase(voter);
  }
  for (const std::string& id : present) {
    if (voters_.contains(id)) continue;
    Voter& voter = voters_[id];
    hooks_.on_checker(id, true);
    voter.watcher = std::make_unique<zk::NodeWatcher>(
        loop_, client_, paths_.vote(id),
        [this, id](const std::optional<zk::Node>&) { OnBallot(id); });
  }
}

void Observer::OnBallot(const std::string& id) {
  Voter& voter = voters_.at(id);
  const std::shared_ptr<const StoredSpec>& spec = spec_.state().spec;
  if (!voter.watcher || !voter.watcher->node() || !spec) return;
  const zk::Node& node = *voter.watcher->node();
  const auto ballot = DecodeBallot(node.data);
  if (!ballot || ballot->spec != spec->id) return;
  const std::size_t count = std::min(ballot->votes.size(), spec->spec.shards.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& shard = spec->spec.shards[i].name;
    const Vote vote = ballot->votes[i];
    Vote& told = voter.votes[shard];
    if (told == vote) continue;
    told = vote;
    hooks_.on_vote(id, shard, vote, node.stat.modified);
  }
}

void Observer::OnJournal(const std::optional<std::vector<std::string>>& nodes) {
  std::vector<std::string> fresh;
  for (const std::string& node : nodes.value_or(std::vector<std::string>{})) {
    const auto sequence = ParseSequence(node);
    if (sequence && (!last_event_ || SequenceBefore(*last_event_, *sequence))) {
      fresh.push_back(node);
    }
  }
  std::sort(fresh.begin(), fresh.end(), [](const std::string& a, const std::string& b) {
    return SequenceBefore(*ParseSequence(a), *ParseSequence(b));
  });
  for (std::string& node : fresh) {
    last_event_ = ParseSequence(node);
    events_.push_back(std::move(node));
  }
  ReadNextEvent();
}

// One at a time, so that they are told in their order.
void Observer::ReadNextEvent() {
  if (reading_ || events_.empty()) return;
  reading_ = true;
  client_.Get(paths_.events() + "/" + events_.front(), {},
              lifetime_.Guard([this](Result<zk::Node> node) {
                reading_ = false;
                if (!node && node.error().code != ErrorCode::kNotFound) {
                  return retry_->Arm(std::chrono::milliseconds(200));
                }
                events_.pop_front();
                if (node) {
                  const auto event = DecodeEvent(node->data);
                  if (event) hooks_.on_event(*event, node->stat.modified);
                }
                ReadNextEvent();
              }));
}

}  // namespace zkcluster::zkctl
