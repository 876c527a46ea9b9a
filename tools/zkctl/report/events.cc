#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/join.h"
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

OrderedJson EventJson(std::string_view node, const Result<Event>& event) {
  OrderedJson json;
  json["event"] = node;
  if (!event) {
    json["error"] = event.error().message;
    return json;
  }
  json["at"] = event->at.count();
  json["kind"] = EventKindName(event->kind);
  json["leader"] = event->leader.empty() ? OrderedJson() : OrderedJson(event->leader);
  json["epoch"] = event->epoch;
  json["quorum"] = event->quorum;
  json["version"] = event->spec_version;
  if (event->kind == Event::Kind::kFlips) {
    json["flips"] = OrderedJson::array();
    for (const Event::Flip& flip : event->flips) json["flips"].push_back(FlipJson(flip));
    json["more_flips"] = event->more_flips;
  }
  if (!event->ids.empty()) json["ids"] = event->ids;
  if (!event->by.empty()) json["by"] = event->by;
  if (!event->note.empty()) json["note"] = event->note;
  if (event->until != Micros(0)) json["until"] = event->until.count();
  if (event->dead != 0) json["dead"] = event->dead;
  return json;
}

namespace {

std::string UnfreezeText(const Event& event, const std::string& leader) {
  if (event.by.empty()) {
    return "over: " + Counted(static_cast<std::size_t>(event.dead), "shard") +
           " would be dead; decided by " + leader;
  }
  return (event.note == "accepted" ? "lifted, the deaths accepted, by " : "lifted by ") +
         Printable(event.by);
}

std::string Until(const Event& event) {
  return event.until == Micros(0) ? "" : ", until " + FormatTime(event.until);
}

// What an event other than flips says, after its time; the kind comes first.
struct Told {
  std::string_view kind;
  std::string text;
};

Told TellEvent(const Event& event) {
  const std::string by = Printable(event.leader) + " (epoch " + std::to_string(event.epoch) + ")";
  const std::string ids = Printable(Join(event.ids, ", "));
  const std::string order =
      Until(event) + ": " + Printable(event.note) + "; by " + Printable(event.by);
  switch (event.kind) {
    case Event::Kind::kFlips:
      break;
    case Event::Kind::kLeader:
      return {"leader", by + " took over"};
    case Event::Kind::kSpec:
      return {"spec", "version " + std::to_string(event.spec_version) + ", seen by " + by};
    case Event::Kind::kElectorate:
      return {"electorate",
              "learned " + ids + "; quorum " + std::to_string(event.quorum) + "; by " + by};
    case Event::Kind::kForget:
      return {"electorate", "forgot " + ids + "; by " + Printable(event.by)};
    case Event::Kind::kFreeze:
      return {"freeze", "began: " + Counted(static_cast<std::size_t>(event.dead), "shard") +
                            " would be dead; decided by " + by};
    case Event::Kind::kUnfreeze:
      return {"freeze", UnfreezeText(event, by)};
    case Event::Kind::kPause:
      return {"pause", "began" + order};
    case Event::Kind::kResume:
      return {"pause", event.by.empty() ? "over, its time has passed; seen by " + by
                                        : "ended by " + Printable(event.by)};
    case Event::Kind::kMaintenance:
      return {"maintenance", "of " + ids + " began" + order};
    case Event::Kind::kMaintenanceOver:
      return {"maintenance", "of " + ids + " " +
                                 (event.by.empty() ? "is over, its time has passed or the shard is "
                                                     "gone; seen by " +
                                                         by
                                                   : "ended by " + Printable(event.by))};
  }
  return {};
}

// On a terminal in lines that fit it, below each other; elsewhere an event is a line.
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
  if (event->kind != Event::Kind::kFlips) {
    const Told told = TellEvent(*event);
    return EventLine(event->at, told.kind, told.text, color);
  }
  const std::string by = "; quorum " + std::to_string(event->quorum) + "; decided by " +
                         Printable(event->leader) + " (epoch " + std::to_string(event->epoch) + ")";
  std::string out;
  for (const Event::Flip& flip : event->flips) {
    out += EventLine(event->at, "flip", FlipText(flip, color) + by, color);
  }
  if (event->more_flips > 0) {
    out +=
        EventLine(event->at, "flip", "and " + std::to_string(event->more_flips) + " more", color);
  }
  return out;
}

}  // namespace zkcluster::zkctl
