#include "tools/zkctl/report/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "text/duration.h"

namespace zkcluster::zkctl {
namespace {

OrderedJson OrNull(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string BallotText(const CheckerView& checker, Micros now) {
  if (!checker.voter) return "none";
  const std::string age = FormatAge(std::max(Micros::zero(), now - checker.voter->written));
  std::string state(BallotStateName(checker.state));
  std::ranges::replace(state, '_', ' ');
  return state + ", " + age + " old";
}

}  // namespace

std::string VotesText(const VoteCounts& counts) {
  return std::to_string(counts.alive) + "/" + std::to_string(counts.dead) + "/" +
         std::to_string(counts.unknown);
}

Cell CountCell(std::size_t count, Color paint) {
  return Cell(std::to_string(count), count > 0 ? paint : Color::kNone);
}

const CheckerView* FindView(const Assessment& assessment, const std::string& id) {
  const auto found = std::find_if(assessment.checkers.begin(), assessment.checkers.end(),
                                  [&](const CheckerView& view) { return view.id == id; });
  return found == assessment.checkers.end() ? nullptr : &*found;
}

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

std::string NotesText(const Assessment& assessment, const Terminal& to, std::string_view repeated) {
  std::string out;
  for (const std::string& note : assessment.notes) {
    if (!repeated.empty() && note.starts_with(repeated)) continue;
    out += (out.empty() ? "\n" : "") + Paint("! ", Color::kDoubtful, to.color) +
           WrapText(Printable(note), 2, to.columns);
  }
  return out;
}

Absences FindAbsences(const std::vector<JournalEntry>& journal) {
  Absences absences;
  for (const JournalEntry& entry : journal) {
    const auto* const checker = entry.event ? entry.event->As<Event::Checker>() : nullptr;
    if (checker == nullptr) continue;
    if (checker->back) {
      absences.erase(checker->id);
    } else {
      absences[checker->id] = {entry.event->at, checker->rack};
    }
  }
  return absences;
}

std::optional<Micros> TimeOfVersion(std::uint64_t version, Micros now) {
  constexpr Micros kFirst = std::chrono::hours(24 * 365 * 40);  // about 2010
  const auto time = static_cast<std::int64_t>(version);
  if (time < kFirst.count() || time > (now + std::chrono::hours(1)).count()) return std::nullopt;
  return Micros(time);
}

// --- checkers ---

namespace {

OrderedJson ProfileJson(const std::optional<BallotProfile>& profile) {
  if (!profile) return {};
  OrderedJson json;
  json["alive"] = profile->votes[Opinion::kAlive];
  json["dead"] = profile->votes[Opinion::kDead];
  json["unknown"] = profile->votes[Opinion::kUnknown];
  json["not_probed"] = profile->votes[Opinion::kNotProbed];
  json["alone"] = profile->alone.Sum();
  json["blind"] = profile->blind();
  return json;
}

// ALIVE, DEAD, UNKNOWN, ALONE.
void AddProfile(const std::optional<BallotProfile>& profile, std::vector<Cell>& row) {
  if (!profile) {
    row.insert(row.end(), 4, Cell("-"));
    return;
  }
  const bool odd = profile->blind() || profile->stale();
  row.push_back(CountCell(profile->votes[Opinion::kAlive], Color::kGood));
  row.push_back(CountCell(profile->votes[Opinion::kDead], Color::kBad));
  row.push_back(CountCell(profile->votes[Opinion::kUnknown], Color::kDoubtful));
  row.push_back(CountCell(profile->alone.Sum(), odd ? Color::kBad : Color::kDoubtful));
}

}  // namespace

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
    row["votes"] = ProfileJson(first ? view->profile : std::nullopt);
    json.push_back(std::move(row));
  }
  return json;
}

std::string CheckersText(const Snapshot& snapshot, const Assessment& assessment, Micros now,
                         const Terminal& to, const Absences& absences) {
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
    AddProfile(first ? view->profile : std::nullopt, rows.back());
  }
  for (const CheckerView& view : assessment.checkers) {
    if (view.candidate) continue;
    const auto last = absences.find(view.id);
    const bool dated = last != absences.end();
    const std::string ballot =
        view.voter ? BallotText(view, now)
        : dated    ? "gone for " + FormatAge(std::max(Micros::zero(), now - last->second.gone))
                   : "not running";
    rows.push_back({Cell(view.id, Color::kDoubtful), "-", dated ? OrDash(last->second.rack) : "-",
                    "-", "-", Cell(ballot, Color::kDoubtful), "-", "-"});
    AddProfile(view.profile, rows.back());
  }
  return RenderTable({"ID", "HOST", "RACK", "PID", "VERSION", "BALLOT", "LEADER", "SINCE", "ALIVE",
                      "DEAD", "UNKNOWN", "ALONE"},
                     std::move(rows), to, {"PID", "VERSION", "SINCE", "HOST", "RACK"}) +
         NotesText(assessment, to);
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

std::string LocateText(const std::vector<LocateRow>& rows, Micros now, const Terminal& to) {
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
  return RenderTable({"KEY", "OWNER", "SERVING", "ADDR", "VALID SINCE"}, std::move(lines), to);
}

}  // namespace zkcluster::zkctl
