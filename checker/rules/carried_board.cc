#include "checker/rules/carried_board.h"

#include <algorithm>

namespace zkcluster {
namespace {

StatusBoard CarryRows(const BoardFacts& facts, const KnownLists& lists,
                      const std::vector<ShardSpec>& shards, std::int64_t shards_zxid) {
  const bool same_list = facts.list == shards_zxid;
  if (same_list && facts.rows.shards.size() == shards.size()) return facts.rows;
  const auto* const list = facts.list && !same_list ? lists.Find(*facts.list) : nullptr;
  if (list != nullptr && list->size() == facts.rows.shards.size()) {
    return CarryOver(facts.rows, *list, shards);
  }
  return {std::vector<ShardState>(shards.size(), kLostRow)};
}

// What the rows do not say.
void AskMirror(const BoardFacts& facts, const std::vector<ShardSpec>& shards,
               CarriedBoard& carried) {
  const auto sought = [](const ShardState& state) { return state == kLostRow; };
  if (std::ranges::none_of(carried.board.shards, sought)) return;
  const std::optional<Mirror> mirror = facts.mirror();
  // A mirror that is kept says what was decided when it was written. What it does not list was not
  // decided, or was lost already: to call it lost does no harm, for clients that know it keep it.
  // One that is not kept says nothing. Where there is neither head nor chunk nothing was ever
  // decided, and there is nothing to know.
  carried.from_elsewhere = facts.decided;
  if (carried.from_elsewhere) carried.newest_since = facts.newest_since();
  const bool kept = mirror && !mirror->empty();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    ShardState& state = carried.board.shards[i];
    if (!sought(state)) continue;
    const auto listed = mirror ? FindInMirror(*mirror, shards[i].addr) : std::nullopt;
    if (listed) {
      state = *listed;
    } else if (!facts.decided) {
      state = ShardState{};
    } else if (!kept) {
      ++carried.unmirrored;
    }
  }
}

// The rows that agree with it keep their reasons and counts.
void FollowGo(const BoardFacts& facts, const std::vector<ShardSpec>& shards,
              CarriedBoard& carried) {
  const std::optional<Mirror> mirror = facts.mirror();
  if (!mirror) return;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const auto listed = FindInMirror(*mirror, shards[i].addr);
    ShardState& state = carried.board.shards[i];
    if (!listed || (listed->status == state.status && listed->since == state.since)) continue;
    carried.from_elsewhere = true;
    carried.newest_since = facts.newest_since();
    state = *listed;
  }
}

}  // namespace

CarriedBoard CarryBoard(const BoardFacts& facts, const KnownLists& lists,
                        const std::vector<ShardSpec>& shards, std::int64_t shards_zxid) {
  CarriedBoard carried;
  carried.board = CarryRows(facts, lists, shards, shards_zxid);
  if (facts.go_decided) FollowGo(facts, shards, carried);
  AskMirror(facts, shards, carried);
  return carried;
}

}  // namespace zkcluster
