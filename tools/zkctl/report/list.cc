#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/join.h"
#include "text/duration.h"
#include "tools/zkctl/report/flapping.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/report/status.h"

namespace zkcluster::zkctl {

ListRow MakeListRow(const Snapshot& snapshot, const Assessment& assessment) {
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
  const Micros now = OrdersNow(snapshot);
  if (snapshot.ledger) {
    row.frozen = snapshot.ledger->freeze.frozen;
    if (const auto& pause = snapshot.ledger->pause; pause && !IsOver(*pause, now)) {
      row.paused = true;
      row.paused_by = pause->by + ", " + LeftText(pause->until, AgesNow(snapshot));
    }
    for (const auto& [shard, order] : snapshot.ledger->maintenance) {
      row.maintained += IsOver(order, now) ? 0 : 1;
    }
  }
  row.flapping = FindFlapping(snapshot);
  Micros first{0};
  for (const Dispute& dispute : assessment.disputes) {
    const Micros since = DisputedSince(assessment, dispute);
    if (since != Micros(0)) first = first == Micros(0) ? since : std::min(first, since);
    (dispute.looks == ShardStatus::kDead ? row.looking_dead : row.looking_alive)
        .push_back(snapshot.spec.spec.shards[dispute.shard].name);
  }
  if (first != Micros(0)) {
    row.looks_for = FormatAge(std::max(Micros::zero(), snapshot.taken - first));
  }
  for (const CheckerView& checker : assessment.checkers) {
    if (!OutlierSentence(snapshot, checker).empty()) row.outliers.push_back(checker.id);
  }
  row.quorum = assessment.electorate.quorum;
  row.votes = assessment.counted;
  row.missing = assessment.missing;
  row.missing_text = MissingText(assessment);
  return row;
}

ListRow MakeListRow(const Snapshot& snapshot) {
  return MakeListRow(snapshot, Assess(snapshot));
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
    row["looking_dead"] = each.looking_dead.size();
    row["looking_alive"] = each.looking_alive.size();
    row["outliers"] = each.outliers;
    row["quorum"] = each.quorum;
    row["votes"] = each.votes;
    row["missing"] = each.missing;
    if (!each.error.empty()) row["error"] = each.error;
    json.push_back(std::move(row));
  }
  return json;
}

namespace {

// "s2 looks dead", "12 shards look dead".
void NoteLooks(const std::vector<std::string>& shards, std::string_view what,
               std::vector<std::string>& notes) {
  constexpr std::size_t kNamed = 3;
  if (shards.empty()) return;
  notes.push_back((shards.size() > kNamed ? Counted(shards.size(), "shard") : Join(shards, ", ")) +
                  (shards.size() == 1 ? " looks " : " look ") + std::string(what));
}

bool LacksQuorum(const ListRow& row) {
  return static_cast<int>(row.votes) < row.quorum;
}

Cell NoteCell(const ListRow& row) {
  std::vector<std::string> notes;
  NoteLooks(row.looking_dead, "dead", notes);
  NoteLooks(row.looking_alive, "alive", notes);
  const bool disputed = !notes.empty();
  if (!row.looks_for.empty()) notes.back() += " (" + row.looks_for + ")";
  if (row.frozen) notes.emplace_back("frozen");
  if (row.paused) {
    notes.push_back("paused" + (row.paused_by.empty() ? "" : " by " + row.paused_by));
  }
  if (row.maintained > 0) notes.push_back(std::to_string(row.maintained) + " under maintenance");
  if (!row.flapping.empty()) notes.push_back("flapping: " + ShortList(row.flapping));
  if (!row.outliers.empty()) {
    notes.push_back(Join(row.outliers, ", ") +
                    (row.outliers.size() == 1 ? " disagrees" : " disagree"));
  }
  if (LacksQuorum(row)) {
    notes.push_back("no quorum: " + std::to_string(row.votes) + " of " +
                    std::to_string(row.quorum) + " votes");
  }
  if (!row.missing_text.empty()) notes.push_back(row.missing_text);
  const bool bad = row.frozen || !row.outliers.empty() || LacksQuorum(row);
  return Cell(Join(notes, "; "), disputed ? Color::kHeld : bad ? Color::kBad : Color::kDoubtful);
}

}  // namespace

std::string ListText(const std::vector<ListRow>& rows, const Terminal& to) {
  const auto disputed = [](const ListRow& row) {
    return !row.looking_dead.empty() || !row.looking_alive.empty();
  };
  std::vector<const ListRow*> order;
  for (const ListRow& row : rows) order.push_back(&row);
  std::stable_partition(order.begin(), order.end(), [&](const ListRow* row) {
    return disputed(*row) || LacksQuorum(*row) || !row->outliers.empty();
  });
  std::vector<std::vector<Cell>> lines;
  for (const ListRow* const each : order) {
    const ListRow& row = *each;
    if (!row.error.empty()) {
      lines.push_back({row.name, "-", "-", "-", "-", "-", Cell(row.error, Color::kDoubtful)});
      continue;
    }
    const Color paint = disputed(row) ? Color::kHeld : Color::kNone;
    lines.push_back({Cell(row.name, paint), std::to_string(row.version.value_or(0)),
                     std::to_string(row.shards), CountCell(row.alive, Color::kGood),
                     CountCell(row.dead, Color::kBad), CountCell(row.unknown, Color::kDoubtful),
                     NoteCell(row)});
  }
  return RenderTable({"NAME", "VERSION", "SHARDS", "ALIVE", "DEAD", "UNKNOWN", "NOTE"},
                     std::move(lines), to, {"VERSION"});
}

}  // namespace zkcluster::zkctl
