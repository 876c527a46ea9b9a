#include "tools/zkctl/report.h"

#include <algorithm>

#include "model/duration.h"

namespace zkcluster::zkctl {
namespace {

Json OrNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string ReasonText(Reason reason) {
  return reason == Reason::kNone ? "-" : std::string(ReasonName(reason));
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

Json FlipJson(const Event::Flip& flip) {
  Json json;
  json["shard"] = flip.shard;
  json["addr"] = flip.addr;
  json["from"] = ShardStatusName(flip.from);
  json["to"] = ShardStatusName(flip.to);
  json["reason"] = ReasonJson(flip.reason);
  json["votes"] = CountsJson(flip.counts);
  return json;
}

std::string FlipText(const Event::Flip& flip, bool color) {
  std::string text = Printable(flip.shard) + " (" + Printable(flip.addr) + ") " +
                     std::string(ShardStatusName(flip.from)) + " -> " +
                     Paint(ShardStatusName(flip.to), ColorOf(flip.to), color);
  if (flip.reason != Reason::kNone) text += ", " + std::string(ReasonName(flip.reason));
  return text + "; votes " + std::to_string(flip.counts.alive) + " alive, " +
         std::to_string(flip.counts.dead) + " dead, " + std::to_string(flip.counts.unknown) +
         " unknown";
}

}  // namespace

Json ReasonJson(Reason reason) {
  return reason == Reason::kNone ? Json() : Json(ReasonName(reason));
}

Json CountsJson(const VoteCounts& counts) {
  Json json;
  json["alive"] = counts.alive;
  json["dead"] = counts.dead;
  json["unknown"] = counts.unknown;
  return json;
}

Json HeldJson(const Assessment& assessment) {
  return assessment.hold == Hold::kNone ? Json() : Json(HoldName(assessment.hold));
}

std::string NotesText(const Assessment& assessment, bool color) {
  std::string out;
  for (const std::string& note : assessment.notes) {
    out +=
        (out.empty() ? "\n" : "") + Paint("! ", Color::kDoubtful, color) + Printable(note) + "\n";
  }
  return out;
}

// --- status ---

Json StatusJson(const Snapshot& snapshot, const Assessment& assessment) {
  const ClusterSpec& spec = snapshot.spec.spec;
  Json json;
  json["cluster"] = spec.name;
  json["version"] = spec.version;
  json["leader"] = assessment.leader ? Json(*assessment.leader) : Json();
  json["epoch"] = assessment.epoch;
  json["quorum"] = assessment.electorate.quorum;
  json["electorate"] = assessment.electorate.ids;
  json["electorate_size"] = assessment.electorate.size;
  json["missing"] = assessment.missing;
  json["frozen"] = false;  // nothing freezes decisions yet
  json["held"] = HeldJson(assessment);
  json["notes"] = assessment.notes;
  json["shards"] = Json::array();
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    const ShardState& state = snapshot.board.shards[i];
    Json row;
    row["name"] = spec.shards[i].name;
    row["addr"] = spec.shards[i].addr;
    row["status"] = ShardStatusName(state.status);
    row["since"] = state.since.count();
    row["reason"] = ReasonJson(state.reason);
    row["votes"] = CountsJson(assessment.tallies[i].counts);
    json["shards"].push_back(std::move(row));
  }
  return json;
}

std::string StatusText(const Snapshot& snapshot, const Assessment& assessment, Micros now,
                       bool color) {
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
  out += "electorate  " + OrDash(Join(ids)) + "\n" + NotesText(assessment, color) + "\n";
  std::vector<std::vector<Cell>> rows;
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    const ShardState& state = snapshot.board.shards[i];
    rows.push_back({spec.shards[i].name, spec.shards[i].addr,
                    Cell(std::string(ShardStatusName(state.status)), ColorOf(state.status)),
                    RenderSince(state.since, now), ReasonText(state.reason),
                    VotesText(assessment.tallies[i].counts)});
  }
  return out +
         RenderTable({"SHARD", "ADDR", "STATUS", "SINCE", "REASON", "VOTES A/D/U"}, rows, color);
}

// --- checkers ---

Json CheckersJson(const Snapshot& snapshot, const Assessment& assessment) {
  Json json = Json::array();
  for (const auto& candidate : snapshot.candidates) {
    const Registration& registration = candidate.registration;
    const CheckerView* view = FindView(assessment, candidate.name.id);
    // A second registration of one id waits for the first to go: neither ballot nor leadership is
    // its.
    const bool first = view && view->candidate == &candidate;
    Json row;
    row["id"] = candidate.name.id;
    row["host"] = registration.host;
    row["rack"] = registration.rack;
    row["pid"] = registration.pid;
    row["version"] = registration.version;
    row["ballot"] = BallotStateName(first ? view->state : BallotState::kNone);
    row["leader"] = first && view->leads;
    row["since"] = registration.since.count();
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
  return row;
}

Json ListJson(const std::vector<ListRow>& rows) {
  Json json = Json::array();
  for (const ListRow& each : rows) {
    Json row;
    row["name"] = each.name;
    row["version"] = each.version ? Json(*each.version) : Json();
    row["shards"] = each.shards;
    row["alive"] = each.alive;
    row["dead"] = each.dead;
    row["unknown"] = each.unknown;
    if (!each.error.empty()) row["error"] = each.error;
    json.push_back(std::move(row));
  }
  return json;
}

std::string ListText(const std::vector<ListRow>& rows, bool color) {
  std::vector<std::vector<Cell>> lines;
  for (const ListRow& row : rows) {
    if (!row.error.empty()) {
      lines.push_back({row.name, "-", "-", "-", "-", "-", Cell(row.error, Color::kDoubtful)});
      continue;
    }
    lines.push_back({row.name, std::to_string(row.version.value_or(0)), std::to_string(row.shards),
                     CountCell(row.alive, Color::kGood), CountCell(row.dead, Color::kBad),
                     CountCell(row.unknown, Color::kDoubtful), ""});
  }
  return RenderTable({"NAME", "VERSION", "SHARDS", "ALIVE", "DEAD", "UNKNOWN", ""}, lines, color);
}

// --- locate ---

Json LocateJson(const std::vector<LocateRow>& rows) {
  Json json = Json::array();
  for (const LocateRow& each : rows) {
    const Location& location = each.location;
    Json row;
    row["key"] = each.key;
    row["owner"] = location.owner;
    row["serving"] = location.serving ? Json(*location.serving) : Json();
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

// --- diff ---

Json DiffJson(std::string_view cluster, const SpecDiff& diff) {
  const auto shards = [](const std::vector<ShardSpec>& list) {
    Json json = Json::array();
    for (const ShardSpec& shard : list) {
      Json row;
      row["name"] = shard.name;
      row["addr"] = shard.addr;
      json.push_back(std::move(row));
    }
    return json;
  };
  Json json;
  json["cluster"] = cluster;
  json["equal"] = diff.empty();
  json["added"] = shards(diff.added);
  json["removed"] = shards(diff.removed);
  json["moved"] = Json::array();
  for (const auto& moved : diff.moved) {
    Json row;
    row["name"] = moved.name;
    row["from"] = moved.from;
    row["to"] = moved.to;
    json["moved"].push_back(std::move(row));
  }
  json["reordered"] = diff.reordered;
  json["settings"] = Json::array();
  for (const auto& setting : diff.settings) {
    Json row;
    row["key"] = setting.key;
    row["from"] = setting.from == "-" ? Json() : Json(setting.from);
    row["to"] = setting.to == "-" ? Json() : Json(setting.to);
    json["settings"].push_back(std::move(row));
  }
  return json;
}

std::string DiffText(const SpecDiff& diff, bool color) {
  std::string out;
  const auto line = [&](char mark, Color paint, const std::string& text) {
    out += Paint(std::string(1, mark) + " " + Printable(text), paint, color) + "\n";
  };
  for (const auto& setting : diff.settings) {
    line('~', Color::kDoubtful, setting.key + ": " + setting.from + " -> " + setting.to);
  }
  for (const ShardSpec& shard : diff.removed) {
    line('-', Color::kBad, "shard " + shard.name + " " + shard.addr);
  }
  for (const auto& moved : diff.moved) {
    line('~', Color::kDoubtful, "shard " + moved.name + ": " + moved.from + " -> " + moved.to);
  }
  for (const ShardSpec& shard : diff.added) {
    line('+', Color::kGood, "shard " + shard.name + " " + shard.addr);
  }
  if (diff.reordered) line('~', Color::kDoubtful, "the shards are in another order");
  return out;
}

// --- events ---

Json EventJson(std::string_view node, const Result<Event>& event) {
  Json json;
  json["event"] = node;
  if (!event) {
    json["error"] = event.error().message;
    return json;
  }
  json["at"] = event->at.count();
  json["kind"] = EventKindName(event->kind);
  json["leader"] = OrNull(event->leader);
  json["epoch"] = event->epoch;
  json["quorum"] = event->quorum;
  json["version"] = event->spec_version;
  if (event->kind == Event::Kind::kFlips) {
    json["flips"] = Json::array();
    for (const Event::Flip& flip : event->flips) json["flips"].push_back(FlipJson(flip));
    json["more_flips"] = event->more_flips;
  }
  if (event->kind == Event::Kind::kElectorate) json["ids"] = event->ids;
  return json;
}

std::string EventText(std::string_view node, const Result<Event>& event, bool color) {
  if (!event)
    return Printable(node) + "  cannot be decoded: " + Printable(event.error().message) + "\n";
  const std::string start = FormatTime(event->at) + "  ";
  const std::string by = Printable(event->leader) + " (epoch " + std::to_string(event->epoch) + ")";
  std::string out;
  switch (event->kind) {
    case Event::Kind::kFlips:
      for (const Event::Flip& flip : event->flips) {
        out += start + "flip        " + FlipText(flip, color) + "; quorum " +
               std::to_string(event->quorum) + "; decided by " + by + "\n";
      }
      if (event->more_flips > 0) {
        out += start + "flip        and " + std::to_string(event->more_flips) + " more\n";
      }
      return out;
    case Event::Kind::kLeader:
      return start + "leader      " + by + " took over\n";
    case Event::Kind::kSpec:
      return start + "spec        version " + std::to_string(event->spec_version) + ", seen by " +
             by + "\n";
    case Event::Kind::kElectorate:
      return start + "electorate  learned " + Printable(Join(event->ids)) + "; quorum " +
             std::to_string(event->quorum) + "; by " + by + "\n";
  }
  return out;
}

}  // namespace zkcluster::zkctl
