#include "model/ballot.h"

namespace zkcluster {

OpinionCounts CountOpinions(const std::vector<Vote>& votes) {
  OpinionCounts counts;
  for (const Vote& vote : votes) ++counts[vote.opinion];
  return counts;
}

}  // namespace zkcluster
