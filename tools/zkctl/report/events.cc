#include <algorithm>
#include <nlohmann/json.hpp>

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

namespace {

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
  for (const char* const key : {"note", "until", "for_us", "dead", "fields"}) take(key);
  return json;
}

namespace {

// The text of an event other than flips, which follows its time and its kind.
struct Sentence {
  std::string kind;
  std::string text;
};

// One sentence for each kind. `by` is the leader, `who` the operator.
struct SentenceOf {
  const Event& event;
  std::string by = Printable(event.leader) + " (epoch " + std::to_string(event.epoch) + ")";
  std::string who = Printable(event.by);

  [[nodiscard]] std::string Listed(const std::vector<std::string>& ids) const {
    return Printable(Join(ids, ", "));
  }
  [[nodiscard]] std::string WouldBeDead(int dead) const {
    return Counted(static_cast<std::size_t>(dead), "shard") + " would be dead; decided by " + by;
  }
  [[nodiscard]] std::string Ordered(const auto& order) const {
    // Its end depends on ZooKeeper's stamp; the operator's clock says only about when that is.
    const std::string end = order.length != Micros(0)  ? ", for " + FormatDuration(order.length)
                            : order.until != Micros(0) ? ", until " + FormatTime(order.until)
                                                       : "";
    return end + ": " + Printable(order.note) + "; by " + who;
  }

  Sentence operator()(const Event::Flips&) const { return {}; }  // EventText prints a line for each
  Sentence operator()(const Event::Leader& e) const {
    if (e.deposed.empty()) return {"leader", by + " took over"};
    return {"leader", by + " took over from " + Listed(e.deposed) + ", which owed a decision"};
  }
  Sentence operator()(const Event::Spec&) const {
    return {"spec", "version " + std::to_string(event.spec_version) + ", seen by " + by};
  }
  Sentence operator()(const Event::Electorate& e) const {
    return {"electorate",
            "learned " + Listed(e.ids) + "; quorum " + std::to_string(event.quorum) + "; by " + by};
  }
  Sentence operator()(const Event::Forget& e) const {
    return {"electorate", "forgot " + Listed(e.ids) + "; by " + who};
  }
  Sentence operator()(const Event::Freeze& e) const {
    return {"freeze", "began: " + WouldBeDead(e.dead)};
  }
  Sentence operator()(const Event::Unfreeze& e) const {
    if (event.by.empty()) return {"freeze", "over: " + WouldBeDead(e.dead)};
    return {"freeze", (e.accepted ? "lifted, the deaths accepted, by " : "lifted by ") + who};
  }
  Sentence operator()(const Event::Pause& e) const { return {"pause", "began" + Ordered(e)}; }
  Sentence operator()(const Event::Resume&) const {
    return {"pause",
            event.by.empty() ? "over, its time has passed; seen by " + by : "ended by " + who};
  }
  Sentence operator()(const Event::Maintenance& e) const {
    return {"maintenance", "of " + Listed(e.shards) + " began" + Ordered(e)};
  }
  Sentence operator()(const Event::MaintenanceOver& e) const {
    return {
        "maintenance",
        "of " + Listed(e.shards) + " " +
            (event.by.empty() ? "is over, its time has passed or the shard is gone; seen by " + by
                              : "ended by " + who)};
  }
  Sentence operator()(const Event::Redate&) const {
    return {"redate", "statuses that were dated ahead are dated again; by " + who};
  }
  Sentence operator()(const Event::KeysLost& e) const {
    return {"spec", "lost " + Listed(e.keys) + ", in force until zkctl writes it; seen by " + by};
  }
  Sentence operator()(const Event::Unknown& e) const {
    constexpr std::string_view kShown[] = {"Kind", "At"};
    return {Printable(e.kind),
            Printable(RawJson(e.json).Except(kShown)) + "; a kind of a newer zkcluster"};
  }
};

// On a terminal the text is wrapped to its width; elsewhere an event is one line.
std::string EventLine(Micros at, std::string_view kind, const std::string& text, bool color) {
  constexpr std::size_t kKindWidth = 11;
  std::string start = FormatTime(at) + "  " + std::string(kind);
  start.append(kKindWidth - std::min(kKindWidth, kind.size()) + 2, ' ');
  return start + (color ? WrapText(text, start.size()) : text + "\n");
}

}  // namespace

std::string EventText(std::string_view node, const Result<Event>& event, bool color) {
  if (!event)
    return Printable(node) + "  cannot be decoded: " + Printable(event.error().message) + "\n";
  const auto* const flips = event->As<Event::Flips>();
  if (flips == nullptr) {
    const Sentence sentence = std::visit(SentenceOf{*event}, event->what);
    return EventLine(event->at, sentence.kind, sentence.text, color);
  }
  const std::string by = "; quorum " + std::to_string(event->quorum) + "; decided by " +
                         Printable(event->leader) + " (epoch " + std::to_string(event->epoch) + ")";
  std::string out;
  for (const Event::Flip& flip : flips->flips) {
    out += EventLine(event->at, "flip", FlipText(flip, color) + by, color);
  }
  if (flips->more > 0) {
    out += EventLine(event->at, "flip", "and " + std::to_string(flips->more) + " more", color);
  }
  return out;
}

}  // namespace zkcluster::zkctl
