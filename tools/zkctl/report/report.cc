#include "tools/zkctl/report/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/join.h"
#include "checker/rules/freeze.h"
#include "text/duration.h"
#include "tools/zkctl/report/flapping.h"

namespace zkcluster::zkctl {
namespace {

OrderedJson OrNull(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string VotesText(const VoteCounts& counts) {
  return std::to_string(counts.alive) + "/" + std::to_string(counts.dead) + "/" +
         std::to_string(counts.unknown);
}

Cell CountCell(std::size_t count, Color paint) {
  return Cell(std::to_string(count), count > 0 ? paint : Color::kNone);
}

std::string BallotText(const CheckerView& checker, Micros now) {
  if (!checker.voter) return "none";
  const std::string age = FormatAge(std::max(Micros::zero(), now - checker.voter->written));
  return std::string(BallotStateName(checker.state)) + ", " + age + " old";
}

const CheckerView* FindView(const Assessment& assessment, const std::string& id) {
  const auto found = std::find_if(assessment.checkers.begin(), assessment.checkers.end(),
                                  [&](const CheckerView& view) { return view.id == id; });
  return found == assessment.checkers.end() ? nullptr : &*found;
}

}  // namespace

OrderedJson ReasonJson(Reason reason) {
  return reason == Reason::kNone ? OrderedJson() : OrderedJson(ReasonName(reason));
}

OrderedJson CountsJson(const VoteCounts& counts) {
  OrderedJson json;
  json["alive"] = counts.alive;
  json["dead"] = counts.dead;
  json["unknown"] = counts.unknown;
  return json;
}

OrderedJson HeldJson(const Assessment& assessment) {
  return assessment.hold == Hold::kNone ? OrderedJson() : OrderedJson(HoldName(assessment.hold));
}

OrderedJson PauseJson(const std::optional<Pause>& pause) {
  if (!pause) return {};
  OrderedJson json;
  json["since"] = pause->since.count();
  json["until"] = pause->until == Micros(0) ? OrderedJson() : OrderedJson(pause->until.count());
  json["by"] = pause->by;
  json["reason"] = pause->reason;
  return json;
}

OrderedJson MaintenanceJson(const Maintenance& order) {
  OrderedJson json;
  json["since"] = order.since.count();
  json["until"] = order.until == Micros(0) ? OrderedJson() : OrderedJson(order.until.count());
  json["by"] = order.by;
  json["reason"] = order.reason;
  return json;
}

std::string NotesText(const Assessment& assessment, bool color, std::string_view repeated) {
  std::string out;
  for (const std::string& note : assessment.notes) {
    if (!repeated.empty() && note.starts_with(repeated)) continue;
    const std::string text = Printable(note);
    out += (out.empty() ? "\n" : "") + Paint("! ", Color::kDoubtful, color) +
           (color ? WrapText(text, 2) : text + "\n");
  }
  return out;
}

// --- status ---

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

std::string ShardsLine(const ListRow& row, bool color) {
  const auto count = [color](std::size_t shards, std::string_view what, Color paint) {
    return Paint(std::to_string(shards) + " " + std::string(what),
                 shards > 0 ? paint : Color::kNone, color);
  };
  return "shards      " + count(row.alive, "alive", Color::kNone) + ", " +
         count(row.dead, "dead", Color::kBad) +
         (row.unknown > 0 ? ", " + count(row.unknown, "unknown", Color::kDoubtful) : "") + "\n";
}

// "for 12m 05s more", or "until ended".
std::string LeftText(Micros until, Micros now) {
  if (until == Micros(0)) return "until ended";
  return "for " + FormatAge(std::max(Micros::zero(), until - now)) + " more";
}

// Says that flips are held, and for how long; the notes say why and what to do.
std::string HoldLines(const Assessment& assessment, Micros now, bool color) {
  std::string out;
  if (assessment.pause) {
    out += Paint("paused", Color::kDoubtful, color) + "      " +
           LeftText(assessment.pause->until, now) + "\n";
  }
  if (assessment.freeze.frozen) {
    out += Paint("frozen", Color::kBad, color) + "      for " +
           FormatAge(std::max(Micros::zero(), now - assessment.freeze.since)) + "\n";
  }
  return out;
}

Cell MaintenanceCell(const Assessment& assessment, const std::string& shard, Micros now) {
  const auto order = assessment.maintenance.find(shard);
  if (order == assessment.maintenance.end()) return Cell("");
  return Cell(LeftText(order->second.until, now), Color::kDoubtful);
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
                                bool color) {
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
  return RenderTable({"SHARD", "STATUS", "VOTES A/D/U", "SINCE", "LASTS", "BY", "REASON"}, rows,
                     color);
}

OrderedJson StatusJson(const Snapshot& snapshot, const Assessment& assessment) {
  const ClusterSpec& spec = snapshot.spec.spec;
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
  json["notes"] = assessment.notes;
  json["shards"] = OrderedJson::array();
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    const ShardState& state = snapshot.board.shards[i];
    OrderedJson row;
    row["name"] = spec.shards[i].name;
    row["addr"] = spec.shards[i].addr;
    row["status"] = ShardStatusName(state.status);
    row["since"] = state.since.count();
    row["reason"] = ReasonJson(state.reason);
    row["votes"] = CountsJson(assessment.tallies[i].counts);
    if (const auto order = assessment.maintenance.find(spec.shards[i].name);
        order != assessment.maintenance.end()) {
      row["maintenance"] = MaintenanceJson(order->second);
    }
    json["shards"].push_back(std::move(row));
  }
  return json;
}

std::string StatusText(const Snapshot& snapshot, const Assessment& assessment, Micros now,
                       bool color, bool dead_first) {
  const ClusterSpec& spec = snapshot.spec.spec;
  const Electorate& electorate = assessment.electorate;
  std::string out =
      "cluster     " + Printable(spec.name) + ", version " + std::to_string(spec.version) + "\n";
  out += "leader      " + (assessment.leader ? Printable(*assessment.leader) : "nobody") +
         ", epoch " + std::to_string(assessment.epoch) + "\n";
  out += "quorum      " + std::to_string(electorate.quorum) + " of " +
         std::to_string(electorate.size) + "; " + Counted(assessment.counted, "ballot") +
         " counted\n";
  std::vector<std::string> ids;
  for (const std::string& id : electorate.ids) {
    const bool silent = std::find(assessment.missing.begin(), assessment.missing.end(), id) !=
                        assessment.missing.end();
    const CheckerView* view = FindView(assessment, id);
    const bool absent = !view || !view->candidate;
    ids.push_back(
        Printable(id) +
        (silent ? Paint(absent ? " (absent)" : " (silent)", Color::kDoubtful, color) : ""));
  }
  out += "electorate  " + OrDash(Join(ids, ", ")) + "\n";
  out += ShardsLine(MakeListRow(snapshot), color) + HoldLines(assessment, now, color) +
         NotesText(assessment, color) + "\n";
  std::vector<std::size_t> order(spec.shards.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (dead_first) {
    std::stable_partition(order.begin(), order.end(), [&](std::size_t i) {
      return snapshot.board.shards[i].status != ShardStatus::kAlive;
    });
  }
  std::vector<std::vector<Cell>> rows;
  for (const std::size_t i : order) {
    const ShardState& state = snapshot.board.shards[i];
    rows.push_back({spec.shards[i].name, spec.shards[i].addr,
                    Cell(std::string(ShardStatusName(state.status)), ColorOf(state.status)),
                    RenderAge(state.since, now),
                    state.reason == Reason::kNone ? "-" : std::string(ReasonName(state.reason)),
                    VotesText(assessment.tallies[i].counts),
                    MaintenanceCell(assessment, spec.shards[i].name, now)});
  }
  return out +
         RenderTable({"SHARD", "ADDR", "STATUS", "SINCE", "REASON", "VOTES A/D/U", "MAINTENANCE"},
                     rows, color);
}

// --- checkers ---

OrderedJson CheckersJson(const Snapshot& snapshot, const Assessment& assessment) {
  OrderedJson json = OrderedJson::array();
  for (const auto& candidate : snapshot.candidates) {
    const Registration& registration = candidate.registration;
    const CheckerView* view = FindView(assessment, candidate.name.id);
    // A second registration of one id waits until the first is gone: it has neither
    // ballot nor leadership.
    const bool first = view && view->candidate == &candidate;
    OrderedJson row;
    row["id"] = candidate.name.id;
    row["host"] = registration.host;
    row["rack"] = registration.rack;
    row["pid"] = registration.pid;
    row["version"] = registration.version;
    row["ballot"] = BallotStateName(first ? view->state : BallotState::kNone);
    row["leader"] = first && view->leads;
    row["since"] = registration.since.count();
    // What the checker's clock said as ZooKeeper stamped its registration.
    if (candidate.stat.modified != Micros(0)) {
      row["clock_ahead_us"] = (registration.since - candidate.stat.modified).count();
    }
    json.push_back(std::move(row));
  }
  return json;
}

std::string CheckersText(const Snapshot& snapshot, const Assessment& assessment, Micros now,
                         bool color) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& candidate : snapshot.candidates) {
    const Registration& registration = candidate.registration;
    const CheckerView* view = FindView(assessment, candidate.name.id);
    const bool first = view && view->candidate == &candidate;
    rows.push_back({candidate.name.id, OrDash(registration.host), OrDash(registration.rack),
                    std::to_string(registration.pid), OrDash(registration.version),
                    first ? BallotText(*view, now) : "twin, waiting",
                    first && view->leads ? Cell("yes", Color::kGood) : Cell("-"),
                    RenderAge(registration.since, now)});
  }
  std::string out = RenderTable(
      {"ID", "HOST", "RACK", "PID", "VERSION", "BALLOT", "LEADER", "SINCE"}, rows, color);
  return out + NotesText(assessment, color);
}

// --- list ---

ListRow MakeListRow(const Snapshot& snapshot) {
  ListRow row;
  row.name = snapshot.spec.spec.name;
  row.version = snapshot.spec.spec.version;
  row.shards = snapshot.spec.spec.shards.size();
  for (const ShardState& state : snapshot.board.shards) {
    switch (state.status) {
      case ShardStatus::kAlive:
        ++row.alive;
        break;
      case ShardStatus::kDead:
        ++row.dead;
        break;
      case ShardStatus::kUnknown:
        ++row.unknown;
        break;
    }
  }
  if (snapshot.ledger) {
    row.frozen = snapshot.ledger->freeze.frozen;
    const Micros now = OrdersNow(snapshot);
    row.paused = snapshot.ledger->pause && !IsOver(*snapshot.ledger->pause, now);
    for (const auto& [shard, order] : snapshot.ledger->maintenance) {
      row.maintained += IsOver(order, now) ? 0 : 1;
    }
  }
  row.flapping = FindFlapping(snapshot);
  return row;
}

OrderedJson ListJson(const std::vector<ListRow>& rows) {
  OrderedJson json = OrderedJson::array();
  for (const ListRow& each : rows) {
    OrderedJson row;
    row["name"] = each.name;
    row["version"] = each.version ? OrderedJson(*each.version) : OrderedJson();
    row["shards"] = each.shards;
    row["alive"] = each.alive;
    row["dead"] = each.dead;
    row["unknown"] = each.unknown;
    row["frozen"] = each.frozen;
    row["paused"] = each.paused;
    row["maintained"] = each.maintained;
    if (!each.flapping.empty()) row["flapping"] = each.flapping;
    if (!each.error.empty()) row["error"] = each.error;
    json.push_back(std::move(row));
  }
  return json;
}

namespace {

Cell HoldCell(const ListRow& row) {
  std::vector<std::string> holds;
  if (row.frozen) holds.emplace_back("frozen");
  if (row.paused) holds.emplace_back("paused");
  if (row.maintained > 0) holds.push_back(std::to_string(row.maintained) + " under maintenance");
  if (!row.flapping.empty()) holds.push_back("flapping: " + ShortList(row.flapping));
  return Cell(Join(holds, ", "), row.frozen ? Color::kBad : Color::kDoubtful);
}

}  // namespace

std::string ListText(const std::vector<ListRow>& rows, bool color) {
  std::vector<std::vector<Cell>> lines;
  for (const ListRow& row : rows) {
    if (!row.error.empty()) {
      lines.push_back({row.name, "-", "-", "-", "-", "-", Cell(row.error, Color::kDoubtful)});
      continue;
    }
    lines.push_back({row.name, std::to_string(row.version.value_or(0)), std::to_string(row.shards),
                     CountCell(row.alive, Color::kGood), CountCell(row.dead, Color::kBad),
                     CountCell(row.unknown, Color::kDoubtful), HoldCell(row)});
  }
  return RenderTable({"NAME", "VERSION", "SHARDS", "ALIVE", "DEAD", "UNKNOWN", "NOTE"}, lines,
                     color);
}

// --- locate ---

OrderedJson LocateJson(const std::vector<LocateRow>& rows) {
  OrderedJson json = OrderedJson::array();
  for (const LocateRow& each : rows) {
    const Location& location = each.location;
    OrderedJson row;
    row["key"] = each.key;
    row["owner"] = location.owner;
    row["serving"] = location.serving ? OrderedJson(*location.serving) : OrderedJson();
    row["addr"] = OrNull(location.addr);
    row["stand_in"] = location.stand_in;
    row["since"] = location.since.count();
    json.push_back(std::move(row));
  }
  return json;
}

std::string LocateText(const std::vector<LocateRow>& rows, Micros now, bool color) {
  std::vector<std::vector<Cell>> lines;
  for (const LocateRow& row : rows) {
    const Location& location = row.location;
    const Cell serving = !location.serving ? Cell("nobody", Color::kBad)
                         : location.stand_in
                             ? Cell(*location.serving + " (stand-in)", Color::kDoubtful)
                             : Cell(*location.serving, Color::kGood);
    lines.push_back({row.key, location.owner, serving, OrDash(location.addr),
                     RenderSince(location.since, now)});
  }
  return RenderTable({"KEY", "OWNER", "SERVING", "ADDR", "VALID SINCE"}, lines, color);
}

}  // namespace zkcluster::zkctl
