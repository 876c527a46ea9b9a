#include "tests/history/excuse.h"

#include <array>

namespace zkcluster::history {

std::string_view ExcuseName(Excuse excuse) {
  static constexpr std::array<std::string_view, ExcuseCounts::kSize> kNames = {
      "operator_removed",
      "sequence_ended",
      "journal_removed",
      "head_recreated",
      "sequence_by_outsider",
      "spec_undecodable",
      "spec_of_earlier_life",
      "ballots_unchecked",
      "lookback",
      "reason_unchecked",
      "ghost_of_own",
      "go_voter_unknown",
      "no_list_by_mirror",
      "list_by_mirror",
      "rows_by_mirror",
      "rows_as_unknown",
      "rows_by_go",
      "forgot_with_mirror",
      "lost_held",
      "lost_unchecked",
      "since_of_lost",
      "paused_by_mirror",
      "head_invented",
      "mirror_left",
      "mirror_by_outsider",
      "ledger_lost",
      "maintained_shard_left",
      "accepted_freeze",
      "many_penalties",
      "return_on_new_list",
      "damaged_head",
      "lost_row",
      "unknown_by_other_list",
      "head_lost",
      "tables_missed",
      "stalled",
      "same_turn",
      "doubted",
      "in_doubt",
      "changed_since",
      "nothing_differed",
      "gone_by_other",
      "format_unknown",
      "format_unread",
      "no_quorum",
      "death_held",
      "status_behind",
      "reader_behind",
      "reader_keeps",
      "mirror_of_lost",
  };
  return kNames[static_cast<std::size_t>(excuse)];
}

}  // namespace zkcluster::history
