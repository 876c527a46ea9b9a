#include "tests/support/zkctl_fleet.h"

#include <algorithm>

#include "admin/snapshot.h"

namespace zkcluster::integration {

bool Fleet::AwaitAllVoting(std::size_t shards) {
  return direct.Await([&] {
    std::size_t complete = 0;
    for (const auto& voter : Read("sessions").voters) {
      if (!voter.ballot || voter.ballot->votes.size() != shards) continue;
      const auto& votes = voter.ballot->votes;
      complete += std::none_of(votes.begin(), votes.end(), [](const auto& vote) {
        return vote.opinion == Opinion::kNotProbed;
      });
    }
    return complete == 3;
  });
}

}  // namespace zkcluster::integration
