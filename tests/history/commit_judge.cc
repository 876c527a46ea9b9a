#include "tests/history/commit_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace zkcluster::history {
namespace {

std::string Text(const VoteCounts& counts) {
  return fmt::format("{}/{}/{}", counts.alive, counts.dead, counts.unknown);
}

std::string Text(const ShardState& state) {
  return fmt::format("{} since {}", ShardStatusName(state.status), state.since.count());
}

std::string Text(const Event::Flip& flip) {
  return fmt::format("{} ({}) {} -> {} by {} {}", flip.shard, flip.addr, ShardStatusName(flip.from),
                     ShardStatusName(flip.to), Text(flip.counts), ReasonName(flip.reason));
}

std::string Text(const SpecId& id) {
  return fmt::format("version {} of zxid {:#x}", id.version, id.shards_zxid);
}

std::string Text(const Range& range) {
  return range.least == range.most ? fmt::format("{}", range.least)
                                   : fmt::format("{} to {}", range.least, range.most);
}

}  // namespace

CommitJudge::CommitJudge(const CommitFacts& facts, ReportFunction report)
    : facts_(facts), report_(std::move(report)), shards_(facts.spec.spec->shards) {}

void CommitJudge::Problems::Add(Problems other) {
  list.insert(list.end(), std::make_move_iterator(other.list.begin()),
              std::make_move_iterator(other.list.end()));
  history::Add(excuses, other.excuses);
}

RowChanges CommitJudge::Judge() {
  JudgeShape();
  JudgeNumbers();
  const ClusterSpec* const list = ListBefore();
  RowChanges changes = list != nullptr ? AgainstBoard(*list, Lost::kAsLastRead) : AgainstMirror();
  // Without a list before, rows that are missing in the mirror as well may be lost.
  Problems problems = list != nullptr ? JudgeChanges(changes) : JudgeWithLostRows(changes);
  if (list == nullptr && problems.empty() && !JudgeWithLostRows(AgainstNothing()).empty()) {
    problems.Excuse(Excuse::kNoListByMirror);
  }
  const bool same_list =
      list != nullptr && facts_.HeadBefore()->spec.shards_zxid == facts_.head.spec.shards_zxid;
  // The commit may be right by the mirror, or if nothing was known of the rows that nobody could
  // read. Then the only question is whether it was allowed to forget.
  const auto allow = [&](Excuse excuse, RowChanges other) {
    if (problems.empty()) return;
    Problems others = JudgeWithLostRows(other);
    if (!others.empty()) return;
    problems = JudgeForgetting(changes);
    problems.Add(std::move(others));
    problems.Excuse(excuse);
    changes = std::move(other);
  };
  if (list != nullptr && LostRows()) {
    allow(Excuse::kRowsByMirror, AgainstBoard(*list, Lost::kByMirror));
    allow(Excuse::kRowsAsUnknown, AgainstBoard(*list, Lost::kUnknown));
  }
  if (list != nullptr && !same_list) allow(Excuse::kListByMirror, AgainstMirror());
  for (const Lost lost : {Lost::kAsLastRead, Lost::kByMirror}) {
    if (list == nullptr || !facts_.go_decided || problems.empty()) break;
    RowChanges since_go = AgainstGo(*list, lost);
    if (Problems others = JudgeWithLostRows(since_go); others.empty()) {
      problems = std::move(others);
      problems.Excuse(Excuse::kRowsByGo);
      changes = std::move(since_go);
    }
  }
  if (problems.empty()) Add(facts_.excuses, problems.excuses);
  for (auto& [invariant, text] : problems.list) report_(invariant, std::move(text));
  JudgeMirror(!same_list || !changes.empty());
  JudgeMirrorFlips();
  return changes;
}

// The list that the head before refers to. Null: no such head, or a list that never existed.
const ClusterSpec* CommitJudge::ListBefore() const {
  const auto& head = facts_.HeadBefore();
  if (!head) return nullptr;
  const auto found =
      std::find_if(facts_.specs.rbegin(), facts_.specs.rend(),
                   [&](const auto& spec) { return spec.id.shards_zxid == head->spec.shards_zxid; });
  if (found == facts_.specs.rend() || found->spec->shards.size() != head->shards) return nullptr;
  return found->spec.get();
}

ShardState CommitJudge::RowBefore(std::size_t row, std::string_view addr, Lost lost) const {
  const std::size_t k = row / kChunkShards;
  const auto at = [n = row % kChunkShards](const Rows& rows) {
    return n < rows.size() ? rows[n] : ShardState{};
  };
  const auto found = facts_.before.chunks.find(k);
  if (found == facts_.before.chunks.end()) return facts_.after.RowOf(row);
  if (found->second.value) return at(*found->second.value);
  if (lost == Lost::kUnknown) return ShardState{};
  if (lost == Lost::kByMirror) return InMirror(addr);
  const auto last = facts_.before.readable.find(k);
  return last == facts_.before.readable.end() ? ShardState{} : at(last->second);
}

bool CommitJudge::LostRows() const {
  const auto& head = facts_.HeadBefore();
  return head && std::any_of(facts_.before.chunks.begin(), facts_.before.chunks.end(),
                             [&](const auto& chunk) {
                               return !chunk.second.value && chunk.first < ChunkCount(head->shards);
                             });
}

void CommitJudge::JudgeShape() {
  const Head& head = facts_.head;
  const auto& was = facts_.HeadBefore();
  const auto wrong = [&](std::string text) { report_("spec", std::move(text)); };
  // A leader starts from the head directly before its commit.
  const bool respecced = was && (was->spec != head.spec || was->shards != head.shards);
  if (respecced != (facts_.FindEvent<Event::Spec>() != nullptr)) {
    report_("journal", respecced ? "does not record a change of the spec"
                                 : "records a change of the spec, and there is none");
  }
  // A head that an outsider invented is not compared.
  const bool known =
      was && std::any_of(facts_.specs.begin(), facts_.specs.end(),
                         [&](const auto& s) { return s.id.shards_zxid == was->spec.shards_zxid; });
  const bool falls = was && head.spec.shards_zxid < was->spec.shards_zxid;
  if (falls && !known) ++facts_.excuses[Excuse::kHeadInvented];
  if (falls && known) {
    wrong(fmt::format("decided on {}, after a decision on {}", Text(head.spec), Text(was->spec)));
  }
  if (head.shards != shards_.size()) {
    return wrong(fmt::format("the head has {} shards, its spec {}", head.shards, shards_.size()));
  }
  const auto& chunks = facts_.after.chunks;
  for (std::size_t k = 0; k < std::max(chunks.size(), head.chunks.size()); ++k) {
    const bool exists = k < chunks.size() && chunks[k].exists;
    if (k < head.chunks.size() && (!exists || chunks[k].version != head.chunks[k])) {
      wrong(fmt::format("the head names version {} of chunk {}, which has {}", head.chunks[k], k,
                        exists ? std::to_string(chunks[k].version) : "nothing"));
    }
    if (!exists) continue;
    const std::size_t first = std::min(k * kChunkShards, shards_.size());
    const std::size_t wanted = std::min(kChunkShards, shards_.size() - first);
    if (!chunks[k].value) {
      wrong(fmt::format("chunk {} is undecodable", k));
    } else if (chunks[k].value->size() != wanted) {
      wrong(fmt::format("chunk {} has {} rows, not {}", k, chunks[k].value->size(), wanted));
    }
  }
}

void CommitJudge::JudgeNumbers() {
  const Head& head = facts_.head;
  const Range electorate = facts_.box.electorate();
  const auto& asked = facts_.spec.spec->quorum;
  const int quorum = asked.value_or(head.electorate / 2 + 1);
  if (!electorate.Holds(head.electorate)) {
    report_(
        "head_numbers",
        fmt::format("electorate {}, computed {}: {} ballots, {} ids in the ledger", head.electorate,
                    Text(electorate), Text(facts_.box.present()),
                    facts_.after.ledger.value ? facts_.after.ledger.value->electorate.size() : 0));
  } else if (head.quorum != quorum) {
    report_("head_numbers", fmt::format("quorum {} of an electorate of {}, computed {}",
                                        head.quorum, head.electorate, quorum));
  } else if (facts_.box_now != nullptr && !facts_.box_now->electorate().Holds(head.electorate)) {
    ++facts_.excuses[Excuse::kLookback];
  }
}

// The mirror has exactly the decided shards of the board, or is empty above the limit.
void CommitJudge::JudgeMirror(bool rows_changed) {
  const TextSlot& mirror = facts_.after.mirror;
  StatusBoard board;
  for (std::size_t i = 0; i < shards_.size(); ++i) board.shards.push_back(facts_.after.RowOf(i));
  const std::string wanted = EncodeMirror(shards_, board);
  const std::size_t limit = facts_.spec.spec->mirror_limit.value_or(65536);
  const bool fits = wanted.size() <= limit;
  const bool right =
      fits ? mirror.exists && mirror.data == wanted : !mirror.exists || mirror.data == "{}";
  if (right) return;
  // A leader repairs an outsider's mirror when it notices it, or with the next change.
  if (!rows_changed && (!facts_.mirror_is_ours || !mirror.exists)) {
    ++facts_.excuses[Excuse::kMirrorLeft];
  } else if (mirror.exists && !facts_.mirror_is_ours) {
    ++facts_.excuses[Excuse::kMirrorByOutsider];
  } else if (!fits) {
    report_("spec", fmt::format("the mirror would need {} bytes of {}, and holds {}", wanted.size(),
                                limit, mirror.data.size()));
  } else {
    report_("spec", fmt::format("the mirror is {}, not {}",
                                mirror.exists ? mirror.data.substr(0, 300) : "absent",
                                wanted.substr(0, 300)));
  }
}

RowChanges CommitJudge::AgainstBoard(const ClusterSpec& list, Lost lost) const {
  RowChanges changes;
  const auto compare = [&](std::size_t shard, const ShardState& from) {
    const ShardState to = facts_.after.RowOf(shard);
    if (from != to) changes.push_back({shard, from, to});
  };
  if (facts_.HeadBefore()->spec.shards_zxid == facts_.head.spec.shards_zxid) {
    for (const auto& [k, chunk] : facts_.before.chunks) {
      const std::size_t first = k * kChunkShards;
      const std::size_t end = std::min(first + kChunkShards, shards_.size());
      for (std::size_t shard = first; shard < end; ++shard)
        compare(shard, RowBefore(shard, shards_[shard].addr, lost));
    }
    return changes;
  }
  std::unordered_map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < list.shards.size(); ++i) place.emplace(list.shards[i].name, i);
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    const auto found = place.find(shards_[shard].name);
    const bool kept =
        found != place.end() && list.shards[found->second].addr == shards_[shard].addr;
    compare(shard, kept ? RowBefore(found->second, shards_[shard].addr, lost) : ShardState{});
  }
  return changes;
}

const CommitJudge::Mirror& CommitJudge::MirrorBefore() const {
  if (!mirror_before_) {
    const TextSlot& mirror = facts_.before.mirror ? *facts_.before.mirror : facts_.after.mirror;
    mirror_before_ = mirror.exists ? DecodeMirror(mirror.data).value_or(Mirror{}) : Mirror{};
  }
  return *mirror_before_;
}

ShardState CommitJudge::InMirror(std::string_view addr) const {
  const auto& mirror = MirrorBefore();
  const auto entry = mirror.find(std::string(addr));
  if (entry == mirror.end()) return {};
  return {entry->second.alive ? ShardStatus::kAlive : ShardStatus::kDead, entry->second.since};
}

// The changes as if there had been neither a head nor a mirror.
RowChanges CommitJudge::AgainstNothing() const {
  RowChanges changes;
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    const ShardState to = facts_.after.RowOf(shard);
    if (to != ShardState{}) changes.push_back({shard, {}, to});
  }
  return changes;
}

RowChanges CommitJudge::AgainstMirror() const {
  RowChanges changes;
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    const ShardState from = InMirror(shards_[shard].addr);
    const ShardState to = facts_.after.RowOf(shard);
    if (from != to) changes.push_back({shard, from, to});
  }
  return changes;
}

// Like JudgeChanges, but some of the rows before were lost.
CommitJudge::Problems CommitJudge::JudgeWithLostRows(const RowChanges& changes) const {
  RowChanges others;
  Problems lost;
  for (const RowChange& change : changes) {
    if (change.from == ShardState{} && change.to.lost()) {
      JudgeLost(change, lost);
    } else {
      others.push_back(change);
    }
  }
  Problems problems = JudgeChanges(others);
  problems.Add(std::move(lost));
  return problems;
}

// A row may stay lost only while it cannot be decided.
void CommitJudge::JudgeLost(const RowChange& change, Problems& problems) const {
  const auto count = facts_.box.CountOf(change.shard);
  const auto& ledger = facts_.after.ledger.value;
  const bool frozen = ledger && ledger->freeze.frozen;
  const bool lives = facts_.box.Covers(count, ShardStatus::kAlive);
  const bool dies = facts_.box.Covers(count, ShardStatus::kDead) && !frozen;
  const bool held = ledger && (ledger->pause.has_value() ||
                               ledger->maintenance.contains(shards_[change.shard].name));
  if (!facts_.votes_checked && (lives || dies)) {
    problems.Excuse(Excuse::kLostUnchecked);
  } else if (held && (lives || dies)) {
    problems.Excuse(Excuse::kLostHeld);
  } else if (lives || dies) {
    problems.Add("quorum",
                 fmt::format("{} is left lost with {} and a quorum of {}", Name(change.shard),
                             Describe(count), Text(facts_.box.quorum())));
  }
  if (change.to.since == Micros(0)) {
    problems.Add("since", fmt::format("{} is lost without a time", Name(change.shard)));
  }
}

CommitJudge::Problems CommitJudge::JudgeChanges(const RowChanges& changes) const {
  Problems problems;
  bool any = false;
  for (const RowChange& change : changes) {
    if (change.flips()) {
      any = true;
      JudgeFlip(change, problems);
    } else if (!Redated(change)) {
      problems.Add("since",
                   fmt::format("{} did not flip, and went from {} by {} to {} by {}",
                               Name(change.shard), Text(change.from), Text(change.from.counts),
                               Text(change.to), Text(change.to.counts)));
    }
  }
  if (any && !facts_.go_voter.empty()) {
    problems.Add("go_hold", fmt::format("{} flips while Go checker {} is registered",
                                        changes.size(), facts_.go_voter));
  }
  if (any && facts_.go_voter.empty() && !facts_.after.go_voters.empty()) {
    problems.Excuse(Excuse::kGoVoterUnknown);
  }
  JudgeJournal(changes, problems);
  const auto& ledger = facts_.LedgerBefore();
  if (any && ledger && ledger->pause) {
    const Micros until = ledger->pause->until;
    if (!facts_.WasOver(*ledger->pause)) {
      problems.Add("pause", fmt::format("flips at {}, paused until {}", facts_.stamp.count(),
                                        until == Micros(0) ? "an operator ends it"
                                                           : std::to_string(until.count())));
    }
  }
  for (const RowChange& change : changes) JudgeMaintenance(change, problems);
  return problems;
}

// A shard under maintenance does not flip before the order ends, by the ensemble's clock.
void CommitJudge::JudgeMaintenance(const RowChange& change, Problems& problems) const {
  const auto& ledger = facts_.LedgerBefore();
  if (!ledger || !change.flips()) return;
  const auto order = ledger->maintenance.find(shards_[change.shard].name);
  if (order == ledger->maintenance.end()) return;
  if (facts_.WasOver(order->second)) return;
  problems.Add("maintenance", fmt::format("{} flips to {} at {}, under maintenance until {}",
                                          Name(change.shard), ShardStatusName(change.to.status),
                                          facts_.stamp.count(), order->second.until.count()));
}

// An operator has ordered it, and the date was ahead of the ensemble's clock.
bool CommitJudge::Redated(const RowChange& change) const {
  const auto& was = facts_.LedgerBefore();
  const auto& now = facts_.after.ledger.value;
  if (!was || !was->redate || !now || now->redate) return false;
  const Micros stamp = facts_.stamp + std::chrono::milliseconds(1);
  ShardState same = change.to;
  same.since = change.from.since;
  return change.from.since > change.to.since && change.to.since <= stamp &&
         (change.flips() || same == change.from);
}

// What the ballots do not cover of a flip; nothing: they cover all of it.
std::optional<std::string> CommitJudge::WhyUncovered(const RowChange& change,
                                                     bool undecided) const {
  const ShardState& to = change.to;
  const auto count = facts_.box.CountOf(change.shard, undecided);
  const auto because = [&](std::string_view why) {
    return fmt::format("{}; {} with a quorum of {}", why, Describe(count),
                       Text(facts_.box.quorum()));
  };
  if (!facts_.box.Covers(count, to.status)) return because("not covered by the ballots");
  const bool counts_fit = count.alive.Holds(to.counts.alive) && count.dead.Holds(to.counts.dead) &&
                          count.unknown.Holds(to.counts.unknown);
  if (!counts_fit) return because("its row says " + Text(to.counts));
  const Reason one = count.reasons.size() == 1 ? *count.reasons.begin() : Reason::kMixed;
  const Reason reason = to.status == ShardStatus::kDead ? one : Reason::kNone;
  if (to.reason == reason || !facts_.votes_checked) return std::nullopt;
  return because(fmt::format("its row says {}", ReasonName(to.reason)));
}

void CommitJudge::JudgeFlip(const RowChange& change, Problems& problems) const {
  const auto& [shard, from, to] = change;
  const std::string what = fmt::format("{} {} -> {}", Name(shard), ShardStatusName(from.status),
                                       ShardStatusName(to.status));
  if (to.since <= from.since && !Redated({shard, from, to})) {
    problems.Add("since", fmt::format("{}, and Since went from {} to {}", what, from.since.count(),
                                      to.since.count()));
  }
  // For a leader that could not read the row it is lost, and may have had a status.
  const bool maybe_undecided = from.status == ShardStatus::kUnknown && !from.lost();
  bool undecided = false;
  auto uncovered = WhyUncovered(change, undecided);
  if (uncovered && !WhyUncovered(change, true)) {
    undecided = true;
    if (maybe_undecided) uncovered.reset();
  }
  if (uncovered) {
    return problems.Add(undecided ? "hasty_death" : "quorum", what + ": " + *uncovered);
  }
  if (facts_.box_now == nullptr) return;
  const auto now = facts_.box_now->CountOf(shard, undecided);
  const bool same = now.alive.Holds(to.counts.alive) && now.dead.Holds(to.counts.dead) &&
                    now.unknown.Holds(to.counts.unknown);
  if (!same || !facts_.box_now->Covers(now, to.status)) {
    problems.Excuse(Excuse::kLookback);
  } else if (to.status == ShardStatus::kDead &&
             to.reason != (now.reasons.size() == 1 ? *now.reasons.begin() : Reason::kMixed)) {
    problems.Excuse(Excuse::kReasonUnchecked);
  }
}

void CommitJudge::JudgeJournal(const RowChanges& changes, Problems& problems) const {
  std::vector<Event::Flip> flips;
  for (const auto& [shard, from, to] : changes) {
    if (!RowChange{shard, from, to}.flips()) continue;
    flips.push_back(
        {shards_[shard].name, shards_[shard].addr, from.status, to.status, to.reason, to.counts});
  }
  const Event::Flips* const event = facts_.Find<Event::Flips>();
  if (flips.empty()) {
    if (event != nullptr && !event->flips.empty()) {
      problems.Add("journal", "records " + Text(event->flips.front()) + ", which did not happen");
    }
    return;
  }
  if (event == nullptr) {
    problems.Add("journal", "does not record " + Text(flips.front()));
    return;
  }
  const std::size_t listed = std::min(flips.size(), kMaxEventFlips);
  const std::size_t more = flips.size() - listed;
  for (std::size_t i = 0; i < std::max(listed, event->flips.size()); ++i) {
    if (i < listed && i < event->flips.size() && flips[i] == event->flips[i]) continue;
    problems.Add("journal", fmt::format("flip {}: {}, not {}", i,
                                        i < event->flips.size() ? Text(event->flips[i]) : "nothing",
                                        i < listed ? Text(flips[i]) : "nothing"));
    break;
  }
  if (event->more != more) {
    problems.Add("journal", fmt::format("records {} more flips, not {}", event->more, more));
  }
}

// A leader that did not know the list before may decide everything again when a quorum has voted.
// Its decisions must not be older than what clients had read before.
CommitJudge::Problems CommitJudge::JudgeForgetting(const RowChanges& against_board) const {
  Problems problems;
  const bool too_few = facts_.box.present().most < facts_.box.quorum().least;
  if (too_few && !MirrorBefore().empty()) problems.Excuse(Excuse::kForgotWithMirror);
  if (too_few && MirrorBefore().empty()) {
    problems.Add("since", fmt::format("everything was forgotten, with {} ballots of {}",
                                      Text(facts_.box.present()), Text(facts_.box.quorum())));
  }
  const auto& before = facts_.LedgerBefore();
  const auto& after = facts_.after.ledger.value;
  for (const RowChange& change : against_board) {
    const bool known = change.to.status != ShardStatus::kUnknown || change.to.lost();
    // (The Since of a lost row is the time of its loss; the mirror may have the earlier flip.)
    const bool falls = known && change.to.since < change.from.since;
    if (falls && change.from.lost()) problems.Excuse(Excuse::kSinceOfLost);
    if (falls && !change.from.lost()) {
      problems.Add("since", fmt::format("{} went from {} to {}", Name(change.shard),
                                        Text(change.from), Text(change.to)));
    }
    const bool differs = change.from.status != change.to.status;
    const bool revived = change.from.status == ShardStatus::kDead && differs;
    const bool forgotten = change.to.status == ShardStatus::kUnknown && !change.to.lost();
    if (revived && forgotten && after && after->freeze.frozen) {
      problems.Add("freeze", fmt::format("{} went from {} to {}, and cannot go back",
                                         Name(change.shard), Text(change.from), Text(change.to)));
    }
    // The mirror may know a row that nobody could read, or nobody knows it. The mirror may also be
    // what Go checkers decided, and an outsider has put an older head back: a leader that does not
    // know the old list reads the mirror.
    const ShardState mirrored = InMirror(shards_[change.shard].addr);
    const bool from_mirror =
        mirrored.status == change.to.status && mirrored.since == change.to.since;
    const bool nowhere = change.to.lost() && mirrored == ShardState{};
    const bool found = change.to.counts == VoteCounts{} &&
                       (change.from.status == ShardStatus::kUnknown || from_mirror || nowhere);
    const bool paused = before && before->pause && after && after->pause;
    if (differs && paused && found) problems.Excuse(Excuse::kPausedByMirror);
    if (differs && paused && !found) {
      problems.Add("pause", fmt::format("{} went from {} to {}", Name(change.shard),
                                        Text(change.from), Text(change.to)));
    }
  }
  return problems;
}

std::string CommitJudge::Name(std::size_t shard) const {
  return fmt::format("{} ({})", shards_[shard].name, shards_[shard].addr);
}

}  // namespace zkcluster::history
