#include "tests/history/describe.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "codec/codec.h"
#include "model/paths.h"
#include "tests/history/spot.h"

namespace zkcluster::history {
namespace {

constexpr std::size_t kShown = 60;  // characters of a long text

std::string FlipText(const Event::Flip& flip) {
  std::string text = fmt::format("{} {}->{} ({}/{}/{})", flip.shard, ShardStatusName(flip.from),
                                 ShardStatusName(flip.to), flip.counts.alive, flip.counts.dead,
                                 flip.counts.unknown);
  if (flip.reason != Reason::kNone) text += fmt::format(" {}", ReasonName(flip.reason));
  return text;
}

// The ids of checkers, or the names of shards.
std::vector<std::string> NamesIn(const Event& event) {
  if (const auto* const kind = event.As<Event::Electorate>()) return kind->ids;
  if (const auto* const kind = event.As<Event::Forget>()) return kind->ids;
  if (const auto* const kind = event.As<Event::Maintenance>()) return kind->shards;
  if (const auto* const kind = event.As<Event::MaintenanceOver>()) return kind->shards;
  if (const auto* const kind = event.As<Event::KeysLost>()) return kind->keys;
  return {};
}

std::string Text(const Event& event) {
  if (const auto* const flips = event.As<Event::Flips>()) {
    std::vector<std::string> parts;
    for (const auto& flip : flips->flips) parts.push_back(FlipText(flip));
    if (flips->more > 0) parts.push_back(fmt::format("{} more", flips->more));
    return fmt::format("{}", fmt::join(parts, ", "));
  }
  std::string text(EventKindName(event));
  const auto ids = NamesIn(event);
  if (!ids.empty()) text += fmt::format(" {}", fmt::join(ids, " "));
  if (!event.by.empty()) text += fmt::format(" by {}", event.by);
  return text;
}

std::string Text(const Ballot& ballot) {
  std::string letters;
  for (std::size_t i = 0; i < ballot.votes.size() && i < kShown; ++i) {
    letters += ".AD?"[static_cast<std::size_t>(ballot.votes[i].opinion)];
  }
  if (ballot.votes.size() > kShown) letters += "...";
  return fmt::format("ballot {} on spec {} of {:#x}: {}", ballot.writes, ballot.spec.version,
                     ballot.spec.shards_zxid, letters);
}

class Describer {
 public:
  explicit Describer(const sim::Transaction& transaction) : transaction_(transaction) {
    for (const auto& op : transaction.ops) Sort(op);
  }

  std::string Line() {
    if (who_.empty()) {
      who_ = transaction_.session_id == 0 ? "outsider"
                                          : fmt::format("session {:#x}", transaction_.session_id);
    }
    std::string line = cluster_.empty() ? who_ : cluster_ + " " + who_;
    line += ": ";
    line += transaction_.ends_session ? "session ends" : "";
    std::vector<std::string> parts;
    if (head_) {
      parts.push_back(fmt::format("commit epoch {} seq {} quorum {} of {} spec {} of {:#x}",
                                  head_->epoch, head_->sequence, head_->quorum, head_->electorate,
                                  head_->spec.version, head_->spec.shards_zxid));
    }
    parts.insert(parts.end(), parts_.begin(), parts_.end());
    if (spec_parts_ > 0) parts.push_back("writes the spec" + version_);
    if (removed_ > 0) parts.push_back(fmt::format("removes {} znodes", removed_));
    if (!parts.empty()) {
      line += fmt::format("{}{}", transaction_.ends_session ? ": " : "", fmt::join(parts, "; "));
    }
    return line + Checks();
  }

 private:
  void Sort(const zk::Op& op) {
    const Spot spot = GuessSpot(zk::PathOf(op));
    if (cluster_.empty()) cluster_ = spot.cluster;
    if (std::holds_alternative<zk::CheckOp>(op)) return Check(spot);
    if (const auto* create = std::get_if<zk::CreateOp>(&op)) {
      Write(spot, create->path, create->data, "creates");
    } else if (const auto* set = std::get_if<zk::SetOp>(&op)) {
      Write(spot, set->path, set->data, "sets");
    } else {
      Remove(spot);
    }
  }

  void Check(const Spot& spot) {
    switch (spot.place) {
      case Place::kCandidate:
        if (const auto name = ParseCandidateName(spot.name)) who_ = name->id;
        return Checked("candidate");
      case Place::kLeader:
        return Checked("leader");
      case Place::kBase:
      case Place::kShards:
      case Place::kOptions:
        return Checked("spec");
      case Place::kGoSignal:
        return Checked("go signal");
      case Place::kVoteSignal:
        return Checked("vote signal");
      case Place::kChunk:
        return Checked("chunk");
      case Place::kLedger:
        return Checked("ledger");
      case Place::kVote:
        votes_ += fmt::format(" {}", spot.name);
        return;
      default:
        return Checked("others");
    }
  }
  void Checked(const std::string& what) { ++checks_[what]; }

  void Write(const Spot& spot, const std::string& path, const std::string& data,
             std::string_view verb) {
    switch (spot.place) {
      case Place::kHead:
        if (auto head = DecodeHead(data)) {
          head_ = *std::move(head);
        } else {
          parts_.push_back(fmt::format("{} an undecodable head", verb));
        }
        return;
      case Place::kVoteSignal:  // a ballot begins
      case Place::kChunk:
      case Place::kMirror:
        return;  // the head and its event show the same
      case Place::kEvent:
        if (const auto event = DecodeEvent(data)) {
          if (event->As<Event::Leader>() == nullptr) parts_.push_back(Text(*event));
        } else {
          parts_.emplace_back("an undecodable event");
        }
        return;
      case Place::kLeader: {
        const auto leader = DecodeLeader(data);
        parts_.push_back(
            leader ? fmt::format("takes over as {} in epoch {}", leader->id, leader->epoch)
                   : fmt::format("{} an undecodable leader", verb));
        return;
      }
      case Place::kLedger: {
        const auto ledger = DecodeLedger(data);
        parts_.push_back(ledger ? fmt::format("ledger of [{}]{}{}{}",
                                              fmt::join(ledger->electorate, " "),
                                              ledger->freeze.frozen ? " frozen" : "",
                                              ledger->pause ? " paused" : "",
                                              ledger->maintenance.empty() ? "" : " maintenance")
                                : fmt::format("{} an undecodable ledger", verb));
        return;
      }
      case Place::kVote: {
        if (who_.empty() && transaction_.session_id != 0) who_ = spot.name;
        const auto ballot = DecodeBallot(data);
        parts_.push_back(
            fmt::format("{} {}", verb, ballot ? Text(*ballot) : "an undecodable ballot"));
        return;
      }
      case Place::kCandidate:
        if (const auto name = ParseCandidateName(spot.name)) who_ = name->id;
        parts_.push_back(fmt::format("{} candidate {} (session {:#x})", verb, spot.name,
                                     transaction_.session_id));
        return;
      case Place::kBase:
        version_ = " " + data.substr(0, kShown);
        ++spec_parts_;
        return;
      case Place::kShards:
      case Place::kOptions:
        ++spec_parts_;
        return;
      default:
        parts_.push_back(fmt::format("{} {} ({} bytes)", verb, path, data.size()));
    }
  }

  void Remove(const Spot& spot) {
    if (spot.place == Place::kCandidate) {
      parts_.push_back(fmt::format("removes candidate {}", spot.name));
    } else if (spot.place == Place::kVote) {
      parts_.push_back(fmt::format("removes the ballot of {}", spot.name));
    } else {
      ++removed_;
    }
  }

  [[nodiscard]] std::string Checks() const {
    std::vector<std::string> parts;
    for (const auto& [what, times] : checks_) {
      parts.push_back(times == 1 ? what : fmt::format("{} x{}", what, times));
    }
    if (!votes_.empty()) parts.push_back("votes" + votes_);
    return parts.empty() ? "" : fmt::format(" [checks: {}]", fmt::join(parts, ", "));
  }

  const sim::Transaction& transaction_;
  std::string cluster_;
  std::string who_;
  std::optional<Head> head_;
  std::vector<std::string> parts_;
  std::string version_;
  int spec_parts_ = 0;
  std::size_t removed_ = 0;
  std::map<std::string, int> checks_;
  std::string votes_;
};

}  // namespace

std::string DescribeTransaction(const sim::Transaction& transaction, TimePoint origin) {
  const auto seconds = std::chrono::duration<double>(transaction.time - origin).count();
  return fmt::format("zxid {:#x} +{:.3f} s {}", transaction.zxid, seconds,
                     Describer(transaction).Line());
}

}  // namespace zkcluster::history
