#include "model/duration.h"
#include "tools/zkctl/report.h"

namespace zkcluster::zkctl {
namespace {

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

Json EventJson(std::string_view node, const Result<Event>& event) {
  Json json;
  json["event"] = node;
  if (!event) {
    json["error"] = event.error().message;
    return json;
  }
  json["at"] = event->at.count();
  json["kind"] = EventKindName(event->kind);
  json["leader"] = event->leader.empty() ? Json() : Json(event->leader);
  json["epoch"] = event->epoch;
  json["quorum"] = event->quorum;
  json["version"] = event->spec_version;
  if (event->kind == Event::Kind::kFlips) {
    json["flips"] = Json::array();
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
    return "over: " + std::to_string(event.dead) + " shards would be dead; decided by " + leader;
  }
  return (event.note == "accepted" ? "lifted, the deaths accepted, by " : "lifted by ") +
         Printable(event.by);
}

}  // namespace

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
    case Event::Kind::kForget:
      return start + "electorate  forgot " + Printable(Join(event->ids)) + "; by " +
             Printable(event->by) + "\n";
    case Event::Kind::kFreeze:
      return start + "freeze      began: " + std::to_string(event->dead) +
             " shards would be dead; decided by " + by + "\n";
    case Event::Kind::kUnfreeze:
      return start + "freeze      " + UnfreezeText(*event, by) + "\n";
    case Event::Kind::kPause:
      return start + "pause       began" +
             (event->until == Micros(0) ? "" : ", until " + FormatTime(event->until)) + ": " +
             Printable(event->note) + "; by " + Printable(event->by) + "\n";
    case Event::Kind::kResume:
      return start + "pause       " +
             (event->by.empty() ? "over, its time has passed; seen by " + by
                                : "ended by " + Printable(event->by)) +
             "\n";
    case Event::Kind::kMaintenance:
      return start + "maintenance of " + Printable(Join(event->ids)) + " began" +
             (event->until == Micros(0) ? "" : ", until " + FormatTime(event->until)) + ": " +
             Printable(event->note) + "; by " + Printable(event->by) + "\n";
    case Event::Kind::kMaintenanceOver:
      return start + "maintenance of " + Printable(Join(event->ids)) + " " +
             (event->by.empty() ? "is over, by its time or with the shard; seen by " + by
                                : "ended by " + Printable(event->by)) +
             "\n";
  }
  return out;
}

}  // namespace zkcluster::zkctl
