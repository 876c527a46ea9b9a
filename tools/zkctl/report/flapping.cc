#include "tools/zkctl/report/flapping.h"

#include <algorithm>

#include "model/flapping.h"
#include "model/limits.h"
#include "text/duration.h"

namespace zkcluster::zkctl {
namespace {

// 0: nothing.
int Owed(const Snapshot& snapshot, std::size_t shard) {
  if (!snapshot.ledger) return 0;
  const ClusterSpec& spec = snapshot.spec.spec;
  const auto known = snapshot.ledger->penalties.find(spec.shards[shard].name);
  if (known == snapshot.ledger->penalties.end()) return 0;
  const bool alive = snapshot.board.shards[shard].status == ShardStatus::kAlive;
  return OwedPenalty(known->second, alive, snapshot.taken,
                     spec.probe.threshold.value_or(kDefaultThreshold));
}

// ", c1 has 3": the good probes that each checker has counted. Its own number of those that it asks
// for is given where it differs.
std::string ProgressText(const Snapshot& snapshot, std::size_t shard, int required) {
  std::string text;
  for (const auto& voter : snapshot.voters) {
    if (!voter.ballot || voter.ballot->spec != snapshot.spec.id) continue;
    const auto& all = voter.ballot->returning;
    const auto found = std::find_if(all.begin(), all.end(), [shard](const ReturningServer& each) {
      return each.server == shard;
    });
    if (found == all.end()) continue;
    text += (text.empty() ? "; " : ", ") + voter.id + " has " + std::to_string(found->good);
    if (found->required != required) text += " of " + std::to_string(found->required);
  }
  return text;
}

}  // namespace

std::vector<std::string> FindFlapping(const Snapshot& snapshot) {
  std::vector<std::string> names;
  const auto& shards = snapshot.spec.spec.shards;
  for (std::size_t i = 0; i < std::min(shards.size(), snapshot.board.shards.size()); ++i) {
    if (IsFlapping(Owed(snapshot, i))) names.push_back(shards[i].name);
  }
  return names;
}

std::string DeathsText(const Penalty& penalty) {
  // A former build did not count.
  if (penalty.deaths <= 1) return "died again and again";
  return "died " + std::to_string(penalty.deaths) + " times in " +
         FormatAge(std::max(Micros::zero(), penalty.died - penalty.first));
}

std::string FlappingSentence(const Snapshot& snapshot, std::size_t shard) {
  const int owed = Owed(snapshot, shard);
  if (!IsFlapping(owed)) return "";
  const Penalty& penalty = snapshot.ledger->penalties.at(snapshot.spec.spec.shards[shard].name);
  const std::string text = "it " + DeathsText(penalty) + ": ";
  if (snapshot.board.shards[shard].status == ShardStatus::kAlive) {
    return text + "its last return needed " + std::to_string(penalty.required) +
           " good probes in a row, and one after another death would need more";
  }
  return text + "the next return needs " + std::to_string(owed) + " good probes in a row" +
         ProgressText(snapshot, shard, owed);
}

}  // namespace zkcluster::zkctl
