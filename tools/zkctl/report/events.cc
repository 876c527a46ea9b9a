#include "tools/zkctl/report/events.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/join.h"
#include "base/overloaded.h"
#include "codec/raw_json.h"
#include "text/duration.h"
#include "tools/zkctl/report/report.h"

namespace zkcluster::zkctl {
namespace {

OrderedJson FlipJson(const Event::Flip& flip) {
  OrderedJson json;
  json["shard"] = flip.shard;
  json["addr"] = flip.addr;
  json["from"] = ShardStatusName(flip.from);
  json["to"] = ShardStatusName(flip.to);
  json["reason"] = ReasonJson(flip.reason);
  json["votes"] = CountsJson(flip.counts);
  return json;
}

// The members that the event's kind adds to its JSON.
OrderedJson OwnJson(const Event& event) {
  OrderedJson json = OrderedJson::object();
  const auto put_ids = [&](const std::vector<std::string>& ids) {
    if (!ids.empty()) json["ids"] = ids;
  };
  const auto put_dead = [&](int dead) {
    if (dead != 0) json["dead"] = dead;
  };
  const auto put_order = [&](const auto& order) {
    if (!order.note.empty()) json["note"] = order.note;
    if (order.until != Micros(0)) json["until"] = order.until.count();
    if (order.length != Micros(0)) json["for_us"] = order.length.count();
  };
  std::visit(Overloaded{
                 [&](const Event::Flips& e) {
                   json["flips"] = OrderedJson::array();
                   for (const Event::Flip& flip : e.flips) json["flips"].push_back(FlipJson(flip));
                   json["more_flips"] = e.more;
                 },
                 [&](const Event::Leader& e) { put_ids(e.deposed); },
                 [](const Event::Spec&) {},
                 [&](const Event::Electorate& e) { put_ids(e.ids); },
                 [&](const Event::Forget& e) { put_ids(e.ids); },
                 [&](const Event::Freeze& e) { put_dead(e.dead); },
                 [&](const Event::Unfreeze& e) {
                   if (e.accepted) json["note"] = "accepted";
                   put_dead(e.dead);
                 },
                 [&](const Event::Pause& e) { put_order(e); },
                 [](const Event::Resume&) {},
                 [&](const Event::Maintenance& e) {
                   put_ids(e.shards);
                   put_order(e);
                 },
                 [&](const Event::MaintenanceOver& e) { put_ids(e.shards); },
                 [&](const Event::KeysLost& e) { put_ids(e.keys); },
                 [](const Event::Redate&) {},
                 [&](const Event::Checker& e) {
                   json["ids"] = {e.id};
                   json["note"] = e.back ? "back" : "gone";
                   if (!e.rack.empty()) json["rack"] = e.rack;
                 },
                 [&](const Event::Quorum& e) {
                   put_ids(e.missing);
                   json["note"] = e.restored ? "restored" : "lost";
                   json["registered"] = e.registered;
                 },
                 [&](const Event::Update& e) {
                   if (!e.note.empty()) json["note"] = e.note;
                   json["changes"] = e.changes;
                 },
                 [&](const Event::Unknown& e) {
                   json["fields"] = OrderedJson::parse(e.json, nullptr, false);
                 },
             },
             event.what);
  return json;
}

}  // namespace

OrderedJson EventJson(std::string_view node, const Result<Event>& event) {
  OrderedJson json;
  json["event"] = node;
  if (!event) {
    json["error"] = event.error().message;
    return json;
  }
  json["at"] = event->at.count();
  json["kind"] = EventKindName(*event);
  json["leader"] = event->leader.empty() ? OrderedJson() : OrderedJson(event->leader);
  json["epoch"] = event->epoch;
  json["quorum"] = event->quorum;
  json["version"] = event->spec_version;
  OrderedJson own = OwnJson(*event);
  const auto take = [&](const char* key) {
    if (own.contains(key)) json[key] = std::move(own[key]);
  };
  for (const char* const key : {"flips", "more_flips", "ids"}) take(key);
  if (!event->by.empty()) json["by"] = event->by;
  for (const char* const key :
       {"note", "changes", "rack", "registered", "until", "for_us", "dead", "fields"}) {
    take(key);
  }
  return json;
}

namespace {

// More names would push the rest of a row away.
constexpr std::size_t kNamesShown = 10;
// `zkctl history` shows all.
constexpr std::size_t kChangesShown = 5;

// The flips of one event that are alike, on one row.
struct FlipGroup {
  const Event::Flip* first = nullptr;
  std::vector<std::string> shards;
};

std::vector<FlipGroup> GroupsOf(const Event::Flips& flips, const std::string& shard) {
  std::vector<FlipGroup> groups;
  for (const Event::Flip& flip : flips.flips) {
    if (!shard.empty() && flip.shard != shard && flip.addr != shard) continue;
    const auto alike = std::ranges::find_if(groups, [&](const FlipGroup& group) {
      return group.first->from == flip.from && group.first->to == flip.to &&
             group.first->reason == flip.reason && group.first->counts == flip.counts;
    });
    FlipGroup& group = alike == groups.end() ? groups.emplace_back() : *alike;
    if (group.first == nullptr) group.first = &flip;
    group.shards.push_back(flip.shard);
  }
  return groups;
}

// Those of the shard, by its name or by its address; of no shard: all. The words are DescribeDiff's.
std::vector<std::string> ChangesOf(const Event::Update& update, const std::string& shard) {
  std::vector<std::string> changes = update.changes;
  if (shard.empty()) return changes;
  std::erase_if(changes, [&](const std::string& change) {
    return !change.starts_with(shard + " ") && !change.ends_with("(" + shard + ")") &&
           !change.ends_with(" -> " + shard) &&
           change.find(" " + shard + " -> ") == std::string::npos;
  });
  return changes;
}

std::string GroupText(const FlipGroup& group, bool color) {
  const Event::Flip& flip = *group.first;
  std::string text = Printable(JoinFirst(group.shards, kNamesShown, " "));
  if (group.shards.size() > kNamesShown) {
    text += " and " + std::to_string(group.shards.size() - kNamesShown) + " more";
  }
  text += " " + std::string(ShardStatusName(flip.from)) + " -> " +
          Paint(ShardStatusName(flip.to), ColorOf(flip.to), color);
  if (flip.reason != Reason::kNone) text += " (" + std::string(ReasonName(flip.reason)) + ")";
  return text + ", votes " + VotesText(flip.counts);
}

// A row of the journal: its kind for people, who did it, and what.
struct Row {
  std::string kind;
  std::string by;
  std::string text;
};

// One row for each kind.
struct RowMaker {
  const Event& event;
  const std::string& shard;  // of the filter
  bool color;
  std::string by = event.by.empty() ? event.leader : event.by;

  [[nodiscard]] static std::string WouldBeDead(int dead) {
    return Counted(static_cast<std::size_t>(dead), "shard") + " would be dead";
  }
  [[nodiscard]] std::string Ordered(const auto& order) const {
    // Its end depends on ZooKeeper's stamp; the operator's clock says only about when that is.
    const std::string length = order.length != Micros(0) ? "for " + FormatDuration(order.length)
                                                         : LengthText(event.at, order.until);
    return ", " + length + ": \"" + Printable(order.note) + "\"";
  }
  [[nodiscard]] static std::string Listed(const std::vector<std::string>& ids) {
    return Printable(JoinSome(ids, kNamesShown));
  }

  Row operator()(const Event::Flips& e) const {
    std::vector<std::string> parts;
    for (const FlipGroup& group : GroupsOf(e, shard)) parts.push_back(GroupText(group, color));
    if (e.more > 0) parts.push_back(std::to_string(e.more) + " more");
    return {"flip", by, Join(parts, "; ") + ", quorum " + std::to_string(event.quorum)};
  }
  Row operator()(const Event::Leader& e) const {
    const std::string from =
        e.deposed.empty() ? "" : " from " + Listed(e.deposed) + ", which had not decided in time";
    return {"leader", by, "took over" + from + ", epoch " + std::to_string(event.epoch)};
  }
  Row operator()(const Event::Spec&) const {
    return {"spec", by, "decides by version " + std::to_string(event.spec_version)};
  }
  Row operator()(const Event::Electorate& e) const {
    return {"electorate", by,
            "learned " + Listed(e.ids) + "; quorum " + std::to_string(event.quorum)};
  }
  Row operator()(const Event::Forget& e) const {
    return {"electorate", by, "forgot " + Listed(e.ids)};
  }
  Row operator()(const Event::Freeze& e) const {
    return {"freeze", by, "began: " + WouldBeDead(e.dead)};
  }
  Row operator()(const Event::Unfreeze& e) const {
    if (event.by.empty()) return {"freeze", by, "over: " + WouldBeDead(e.dead)};
    return {"freeze", by, e.accepted ? "lifted, the deaths accepted" : "lifted"};
  }
  Row operator()(const Event::Pause& e) const { return {"pause", by, "began" + Ordered(e)}; }
  Row operator()(const Event::Resume&) const {
    return {"pause", by, event.by.empty() ? "over, its time has passed" : "ended"};
  }
  Row operator()(const Event::Maintenance& e) const {
    return {"maintenance", by, "of " + Listed(e.shards) + " began" + Ordered(e)};
  }
  Row operator()(const Event::MaintenanceOver& e) const {
    return {
        "maintenance", by,
        "of " + Listed(e.shards) +
            (event.by.empty() ? " is over, its time has passed or the shard is gone" : " ended")};
  }
  Row operator()(const Event::Redate&) const {
    return {"redate", by, "statuses that were dated ahead are dated again"};
  }
  Row operator()(const Event::KeysLost& e) const {
    return {"spec", by, "lost " + Listed(e.keys) + ", in force until zkctl writes it"};
  }
  Row operator()(const Event::Checker& e) const {
    return {"checker", by,
            Printable(e.id) + (e.rack.empty() ? "" : " (" + Printable(e.rack) + ")") +
                (e.back ? " is back" : " is gone")};
  }
  Row operator()(const Event::Quorum& e) const {
    return {"quorum", by,
            std::string(e.restored ? "restored: " : "lost: ") + std::to_string(e.registered) +
                " registered, quorum " + std::to_string(event.quorum) +
                (e.missing.empty() ? "" : "; not running: " + Listed(e.missing))};
  }
  Row operator()(const Event::Update& e) const {
    const std::string why = e.note.empty() ? "" : ": \"" + Printable(e.note) + "\"";
    return {"spec", by, Printable(JoinSome(ChangesOf(e, shard), kChangesShown)) + why};
  }
  Row operator()(const Event::Unknown& e) const {
    constexpr std::string_view kShown[] = {"Kind", "At", "Leader", "By"};
    return {Printable(e.kind), by,
            Printable(RawJson(e.json).Except(kShown)) + "; a kind of a newer zkcluster"};
  }
};

Row RowOf(const Event& event, const std::string& shard, bool color) {
  return std::visit(RowMaker{event, shard, color}, event.what);
}

// The shards that an event names.
bool Names(const Event& event, const std::string& shard) {
  const auto among = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, shard) != names.end();
  };
  if (const auto* const flips = event.As<Event::Flips>()) return !GroupsOf(*flips, shard).empty();
  if (const auto* const on = event.As<Event::Maintenance>()) return among(on->shards);
  if (const auto* const off = event.As<Event::MaintenanceOver>()) return among(off->shards);
  if (const auto* const update = event.As<Event::Update>())
    return !ChangesOf(*update, shard).empty();
  return false;
}

constexpr std::size_t kKindWidth = 11;  // "maintenance"

void Pad(std::string& text, std::size_t width) {
  const std::size_t now = DisplayWidth(text);
  text.append(std::max(width, now) - now + 2, ' ');
}

}  // namespace

std::vector<std::string_view> EventKindWords() {
  return {"flip",  "leader",      "spec",    "electorate", "freeze",
          "pause", "maintenance", "checker", "quorum"};
}

bool Matches(const JournalEntry& entry, const EventFilter& filter) {
  if (!entry.event) {
    return filter.kinds.empty() && filter.shard.empty() && entry.written >= filter.since;
  }
  const Event& event = *entry.event;
  if (event.at < filter.since) return false;
  if (!filter.shard.empty() && !Names(event, filter.shard)) return false;
  if (filter.kinds.empty()) return true;
  return std::ranges::find(filter.kinds, RowOf(event, {}, false).kind) != filter.kinds.end();
}

EventRows::EventRows(Terminal to, std::string shard, const std::vector<JournalEntry>& entries)
    : to_(to), shard_(std::move(shard)) {
  constexpr std::size_t kWidest = 24;
  for (const JournalEntry& entry : entries) {
    if (!entry.event) continue;
    const std::string& by = entry.event->by.empty() ? entry.event->leader : entry.event->by;
    by_width_ = std::max(by_width_, std::min(kWidest, DisplayWidth(Printable(by))));
  }
}

std::string EventRows::Next(const JournalEntry& entry) {
  if (!entry.event) {
    return Printable(entry.node) + "  cannot be decoded: " +
           WrapText(Printable(entry.event.error().message), 4, to_.columns);
  }
  const Event& event = *entry.event;
  const std::string time = FormatTime(event.at);
  std::string out;
  std::string start = time;
  // A program that reads the lines finds the day in each; a person needs it once.
  const std::size_t clock = time.find('T');
  if (to_.columns > 0 && clock != std::string::npos) {
    std::string day = time.substr(0, clock);
    if (day != day_) out = Paint(day, Color::kFaint, to_.color) + "\n";
    day_ = std::move(day);
    start = time.substr(clock + 1, time.size() - clock - 2);
  }
  const Row row = RowOf(event, shard_, to_.color);
  start += "  ";
  std::string kind = row.kind;
  Pad(kind, kKindWidth);
  std::string by = row.by.empty() ? "-" : Printable(row.by);
  Pad(by, by_width_);
  start += kind + by;
  return out + start + WrapText(row.text, DisplayWidth(start), to_.columns);
}

}  // namespace zkcluster::zkctl
