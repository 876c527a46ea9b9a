#include "tools/zkctl/report/status.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/join.h"
#include "checker/rules/freeze.h"
#include "text/duration.h"
#include "tools/zkctl/report/report.h"

namespace zkcluster::zkctl {
namespace {

// Null if no max_dead_fraction is in force and no freeze is left from before.
OrderedJson FreezeJson(const ClusterSpec& spec, const Assessment& assessment) {
  const Freeze& freeze = assessment.freeze;
  const auto& in_force = assessment.safeguards.max_dead_fraction;
  if (!in_force && freeze == Freeze{}) return {};
  const double fraction = in_force.value_or(1);
  OrderedJson json;
  json["since"] = freeze.frozen ? OrderedJson(freeze.since.count()) : OrderedJson();
  json["would_be_dead"] = assessment.next.would_be_dead;
  json["dead"] = assessment.dead;
  json["allowed"] = DeadAllowed(fraction, spec.shards.size());
  json["ends_below"] = DeadToThaw(fraction, spec.shards.size());
  json["max_dead_fraction"] = fraction;
  json["accept"] = freeze.accept;
  json["accepted"] = freeze.accepted;
  return json;
}

OrderedJson DisputeJson(const Assessment& assessment, const Dispute& dispute) {
  OrderedJson json;
  json["looks"] = ShardStatusName(dispute.looks);
  json["reason"] = ReasonJson(dispute.reason);
  json["since"] = DisputedSince(assessment, dispute).count();
  json["obstacle"] = ObstacleName(dispute.obstacle);
  json["ends_with"] = EndOf(dispute.obstacle);
  return json;
}

std::string ShardsLine(const ListRow& row, bool color) {
  const auto count = [color](std::size_t shards, std::string_view what, Color paint) {
    return Paint(std::to_string(shards) + " " + std::string(what),
                 shards > 0 ? paint : Color::kNone, color);
  };
  const std::size_t disputed = row.looking_dead.size() + row.looking_alive.size();
  return "shards      " + count(row.alive, "alive", Color::kNone) + ", " +
         count(row.dead, "dead", Color::kBad) +
         (row.unknown > 0 ? ", " + count(row.unknown, "unknown", Color::kDoubtful) : "") +
         (disputed > 0 ? "; " + count(disputed, "disputed", Color::kHeld) : "") + "\n";
}

// Says that flips are held, and for how long; the notes say why and what to do.
std::string HoldLines(const Assessment& assessment, Micros now, bool color) {
  std::string out;
  if (assessment.pause) {
    out += Paint("paused", Color::kDoubtful, color) + "      " +
           RenderAge(assessment.pause->since, now) + ", " + LeftText(assessment.pause->until, now) +
           "\n";
  }
  if (assessment.freeze.frozen) {
    out += Paint("frozen", Color::kBad, color) + "      for " +
           FormatAge(std::max(Micros::zero(), now - assessment.freeze.since)) + "\n";
  }
  return out;
}

std::string ElectorateLine(const Assessment& assessment, const Terminal& to) {
  std::vector<std::string> ids;
  for (const std::string& id : assessment.electorate.ids) {
    const bool silent = std::find(assessment.missing.begin(), assessment.missing.end(), id) !=
                        assessment.missing.end();
    const CheckerView* view = FindView(assessment, id);
    const bool absent = !view || !view->candidate;
    std::string text = Printable(id);
    if (silent) {
      text += Paint(absent ? " (absent)" : " (silent)", Color::kDoubtful, to.color);
    } else if (view && view->profile && (view->profile->blind() || view->profile->stale())) {
      text += Paint(" (alone)", Color::kBad, to.color);
    }
    ids.push_back(std::move(text));
  }
  return "electorate  " + WrapText(ids.empty() ? "-" : Join(ids, ", "), 12, to.columns);
}

// By position of the shard.
std::map<std::size_t, const Dispute*> DisputesByShard(const Assessment& assessment) {
  std::map<std::size_t, const Dispute*> disputes;
  for (const Dispute& dispute : assessment.disputes) disputes.emplace(dispute.shard, &dispute);
  return disputes;
}

// The shards that `view` shows, in its order: the disputed ones first.
std::vector<std::size_t> OrderOf(const Snapshot& snapshot, const StatusView& view,
                                 const std::map<std::size_t, const Dispute*>& disputes) {
  const auto rank = [&](std::size_t shard) {
    if (disputes.contains(shard)) return 0;
    const bool ahead = view.dead_first || view.dead_only;
    return ahead && snapshot.board.shards[shard].status != ShardStatus::kAlive ? 1 : 2;
  };
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < snapshot.spec.spec.shards.size(); ++i) {
    if (!view.dead_only || rank(i) < 2) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, rank);
  return order;
}

// What keeps a disputed shard's status as it is; or its maintenance.
std::string NoteOf(const Snapshot& snapshot, const Assessment& assessment, std::size_t shard,
                   const Dispute* dispute, Micros now) {
  std::string note;
  if (dispute) note = DisputeSentence(snapshot, assessment, *dispute, now);
  const auto order = assessment.maintenance.find(snapshot.spec.spec.shards[shard].name);
  if (order == assessment.maintenance.end()) return note;
  if (dispute && dispute->obstacle == Obstacle::kMaintenance) return note;
  return note + (note.empty() ? "" : "; ") + "under maintenance by " + order->second.by + ", " +
         LeftText(order->second.until, now);
}

std::string ShardsTable(const Snapshot& snapshot, const Assessment& assessment, Micros now,
                        const Terminal& to, const StatusView& view) {
  const auto disputes = DisputesByShard(assessment);
  std::vector<std::vector<Cell>> rows;
  for (const std::size_t i : OrderOf(snapshot, view, disputes)) {
    const ShardSpec& shard = snapshot.spec.spec.shards[i];
    const ShardState& state = snapshot.board.shards[i];
    const auto found = disputes.find(i);
    const Dispute* const dispute = found == disputes.end() ? nullptr : found->second;
    std::string note = NoteOf(snapshot, assessment, i, dispute, now);
    rows.push_back({shard.name, shard.addr,
                    Cell(std::string(ShardStatusName(state.status)), ColorOf(state.status)),
                    RenderAge(state.since, now),
                    state.reason == Reason::kNone ? "-" : std::string(ReasonName(state.reason)),
                    VotesText(assessment.tallies[i].counts),
                    Cell(std::move(note), Color::kDoubtful)});
    if (!dispute) continue;
    for (Cell& cell : rows.back()) cell.color = Color::kHeld;
  }
  if (rows.empty()) return "no shard is dead, unknown or disputed\n";
  return RenderTable({"SHARD", "ADDR", "STATUS", "SINCE", "REASON", "VOTES A/D/U", "NOTE"},
                     std::move(rows), to);
}

}  // namespace

OrderedJson MaintenanceListJson(const Snapshot& snapshot, const Assessment& assessment) {
  OrderedJson json = OrderedJson::array();
  const auto& shards = snapshot.spec.spec.shards;
  for (const auto& [shard, order] : assessment.maintenance) {
    OrderedJson row;
    row["shard"] = shard;
    row.update(MaintenanceJson(order));
    const auto found =
        std::find_if(shards.begin(), shards.end(),
                     [&shard = shard](const auto& each) { return each.name == shard; });
    const auto i = static_cast<std::size_t>(found - shards.begin());
    row["status"] = found == shards.end()
                        ? OrderedJson()
                        : OrderedJson(ShardStatusName(snapshot.board.shards[i].status));
    json.push_back(std::move(row));
  }
  return json;
}

std::string MaintenanceListText(const Snapshot& snapshot, const Assessment& assessment, Micros now,
                                const Terminal& to) {
  if (assessment.maintenance.empty()) return "no shard is under maintenance\n";
  const auto& shards = snapshot.spec.spec.shards;
  std::vector<std::vector<Cell>> rows;
  for (const auto& [shard, order] : assessment.maintenance) {
    const auto found =
        std::find_if(shards.begin(), shards.end(),
                     [&shard = shard](const auto& each) { return each.name == shard; });
    Cell status("not in the spec", Color::kDoubtful);
    std::string votes = "-";
    if (found != shards.end()) {
      const auto i = static_cast<std::size_t>(found - shards.begin());
      const ShardStatus is = snapshot.board.shards[i].status;
      status = Cell(std::string(ShardStatusName(is)), ColorOf(is));
      votes = VotesText(assessment.tallies[i].counts);
    }
    rows.push_back({shard, status, votes, RenderAge(order.since, now), LeftText(order.until, now),
                    order.by, order.reason});
  }
  return RenderTable({"SHARD", "STATUS", "VOTES A/D/U", "SINCE", "LASTS", "BY", "REASON"},
                     std::move(rows), to, {"SINCE", "BY"});
}

OrderedJson StatusJson(const Snapshot& snapshot, const Assessment& assessment,
                       const StatusView& view) {
  const ClusterSpec& spec = snapshot.spec.spec;
  const auto disputes = DisputesByShard(assessment);
  OrderedJson json;
  json["cluster"] = spec.name;
  json["version"] = spec.version;
  json["leader"] = assessment.leader ? OrderedJson(*assessment.leader) : OrderedJson();
  json["epoch"] = assessment.epoch;
  json["quorum"] = assessment.electorate.quorum;
  json["electorate"] = assessment.electorate.ids;
  json["electorate_size"] = assessment.electorate.size;
  json["missing"] = assessment.missing;
  json["frozen"] = assessment.freeze.frozen;
  json["freeze"] = FreezeJson(spec, assessment);
  json["paused"] = PauseJson(assessment.pause);
  json["held"] = HeldJson(assessment);
  json["disputed"] = assessment.disputes.size();
  json["notes"] = assessment.notes;
  json["shards"] = OrderedJson::array();
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    const ShardState& state = snapshot.board.shards[i];
    const auto dispute = disputes.find(i);
    const bool disputed = dispute != disputes.end();
    if (view.dead_only && !disputed && state.status == ShardStatus::kAlive) continue;
    OrderedJson row;
    row["name"] = spec.shards[i].name;
    row["addr"] = spec.shards[i].addr;
    row["status"] = ShardStatusName(state.status);
    row["since"] = state.since.count();
    row["reason"] = ReasonJson(state.reason);
    row["votes"] = CountsJson(assessment.tallies[i].counts);
    if (disputed) row["disputed"] = DisputeJson(assessment, *dispute->second);
    if (const auto order = assessment.maintenance.find(spec.shards[i].name);
        order != assessment.maintenance.end()) {
      row["maintenance"] = MaintenanceJson(order->second);
    }
    json["shards"].push_back(std::move(row));
  }
  return json;
}

std::string StatusText(const Snapshot& snapshot, const Assessment& assessment, Micros now,
                       const Terminal& to, const StatusView& view) {
  const ClusterSpec& spec = snapshot.spec.spec;
  const Electorate& electorate = assessment.electorate;
  const auto written = TimeOfVersion(spec.version, now);
  std::string out = "cluster     " + Printable(spec.name) + ", version " +
                    std::to_string(spec.version) +
                    (written ? ", written " + RenderAge(*written, now) : "") + "\n";
  out += "leader      " + (assessment.leader ? Printable(*assessment.leader) : "nobody") +
         ", epoch " + std::to_string(assessment.epoch) + "\n";
  out += "quorum      " + std::to_string(electorate.quorum) + " of " +
         std::to_string(electorate.size) + "; " + Counted(assessment.counted, "ballot") +
         " counted\n";
  return out + ElectorateLine(assessment, to) +
         ShardsLine(MakeListRow(snapshot, assessment), to.color) +
         HoldLines(assessment, now, to.color) + NotesText(assessment, to) + "\n" +
         ShardsTable(snapshot, assessment, now, to, view);
}

}  // namespace zkcluster::zkctl
