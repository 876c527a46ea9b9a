#include "model/former_spec.h"

#include <string_view>
#include <unordered_set>
#include <utility>

namespace zkcluster {
namespace {

using Shards = std::vector<ShardSpec>;
using Names = std::unordered_set<std::string_view>;

Names NamesOf(const Shards& shards) {
  Names names;
  names.reserve(shards.size());
  for (const ShardSpec& shard : shards) names.insert(shard.name);
  return names;
}

// Walks along both lists at once.
class Comparison {
 public:
  Comparison(const Shards& before, const Shards& after) : before_(before), after_(after) {}

  std::vector<FormerSpec::Piece> Pieces() && {
    const Names old_names = NamesOf(before_);
    const Names new_names = NamesOf(after_);
    while (i_ < before_.size() || j_ < after_.size()) {
      const bool both = i_ < before_.size() && j_ < after_.size();
      if (both && before_[i_] == after_[j_]) {
        ++i_;
        ++j_;
      } else if (i_ < before_.size() && !new_names.contains(before_[i_].name)) {
        Take(1, 0);
      } else if (j_ < after_.size() && !old_names.contains(after_[j_].name)) {
        Take(0, 1);
      } else if (both && before_[i_].name == after_[j_].name) {
        Take(1, 1);
      } else {
        TakeRest();
        break;
      }
    }
    return std::move(pieces_);
  }

 private:
  // The next ones of both lists differ.
  void Take(std::size_t old_shards, std::size_t new_shards) {
    if (pieces_.empty() || pieces_.back().at + pieces_.back().count != j_) {
      pieces_.push_back({j_, 0, {}});
    }
    FormerSpec::Piece& piece = pieces_.back();
    for (std::size_t n = 0; n < old_shards; ++n) piece.shards.push_back(before_[i_ + n]);
    piece.count += new_shards;
    i_ += old_shards;
    j_ += new_shards;
  }

  // The order differs: all up to the last difference.
  void TakeRest() {
    std::size_t old_end = before_.size();
    std::size_t new_end = after_.size();
    while (old_end > i_ && new_end > j_ && before_[old_end - 1] == after_[new_end - 1]) {
      --old_end;
      --new_end;
    }
    Take(old_end - i_, new_end - j_);
  }

  const Shards& before_;
  const Shards& after_;
  std::size_t i_ = 0;  // in `before_`
  std::size_t j_ = 0;  // in `after_`
  std::vector<FormerSpec::Piece> pieces_;
};

ClusterSpec SettingsOf(const ClusterSpec& spec) {
  ClusterSpec settings;
  settings.version = spec.version;
  settings.ring = spec.ring;
  settings.failover = spec.failover;
  settings.checkers = spec.checkers;
  settings.quorum = spec.quorum;
  settings.min_racks = spec.min_racks;
  settings.max_dead_fraction = spec.max_dead_fraction;
  settings.probe = spec.probe;
  settings.mirror_limit = spec.mirror_limit;
  settings.outlier_votes = spec.outlier_votes;
  return settings;
}

}  // namespace

FormerSpec RememberSpec(const ClusterSpec& before, const ClusterSpec& after) {
  return {SettingsOf(before), Comparison(before.shards, after.shards).Pieces()};
}

Result<ClusterSpec> RestoreSpec(const FormerSpec& former, const ClusterSpec& after) {
  ClusterSpec before = former.settings;
  before.name = after.name;
  std::size_t next = 0;  // of `after`
  const auto keep_to = [&](std::size_t end) {
    for (; next < end; ++next) before.shards.push_back(after.shards[next]);
  };
  for (const FormerSpec::Piece& piece : former.pieces) {
    const std::size_t shards = after.shards.size();
    if (piece.at < next || piece.at > shards || piece.count > shards - piece.at) {
      return Fail(ErrorCode::kBadData, "the journal's former spec does not fit the one after it");
    }
    keep_to(piece.at);
    before.shards.insert(before.shards.end(), piece.shards.begin(), piece.shards.end());
    next += piece.count;
  }
  keep_to(after.shards.size());
  return before;
}

}  // namespace zkcluster
