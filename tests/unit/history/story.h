// Writes histories for the tests of the judge: sessions, ballots, take-overs and commits that are
// right unless a test corrupts them. Each transaction is applied to a real tree and judged. One
// cluster "c"; a transaction every 10 ms. Not thread-safe.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.h"
#include "model/paths.h"
#include "tests/fakes/znode_tree.h"
#include "tests/history/history_judge.h"

namespace zkcluster::history {

inline constexpr std::int64_t kOperator = 0x900;
inline constexpr std::int64_t kOutsider = 0;

class Story {
 public:
  // A commit before it is sent.
  struct Draft {
    Head head;
    StatusBoard board;
    Ledger ledger;
    std::vector<Event> events;
    std::vector<std::string> checked;   // ids whose ballots are checked
    std::optional<std::string> mirror;  // nothing: the mirror of the board
    bool writes_ledger = true;
    bool writes_mirror = true;
    void AddEvent(Event::What what) { events.emplace_back().what = std::move(what); }
  };

  explicit Story(HistoryJudge::Options options = {}) : judge(std::move(options)) {
    Send(kOutsider, {zk::CreateOp{"/goreclusters", ""}});
  }

  // --- the operator ---
  using Edit = std::function<void(ClusterSpec&)>;
  // Shards s1 .. sN at 10.0.0.1:1 .. N, `checkers: 3`.
  void Create(int shards, const Edit& edit = nullptr) {
    spec = ClusterSpec();
    spec.name = "c";
    spec.checkers = 3;
    for (int i = 1; i <= shards; ++i) {
      spec.shards.push_back({"s" + std::to_string(i), "10.0.0.1:" + std::to_string(i)});
    }
    if (edit) edit(spec);
    spec.version = ++versions_;
    const auto payloads = EncodeSpec(spec);
    Send(kOperator, {zk::CreateOp{paths.base(), payloads.version},
                     zk::CreateOp{paths.shards(), payloads.shards},
                     zk::CreateOp{paths.options(), payloads.options},
                     zk::CreateOp{paths.go_voters(), "c"}, zk::CreateOp{paths.quorum(), "c"},
                     zk::CreateOp{paths.election(), "c"}, zk::CreateOp{paths.votes(), "c"},
                     zk::CreateOp{paths.chunks(), "c"}, zk::CreateOp{paths.events(), "c"}});
  }
  void Update(const Edit& edit) {
    edit(spec);
    spec.version = ++versions_;
    const auto payloads = EncodeSpec(spec);
    Send(kOperator, {Set(paths.base(), payloads.version), Set(paths.shards(), payloads.shards),
                     Set(paths.options(), payloads.options)});
  }
  void Delete() {
    std::vector<zk::Op> ops;
    const std::function<void(const std::string&)> remove = [&](const std::string& path) {
      for (const auto& name : Children(path)) remove(path + "/" + name);
      ops.emplace_back(zk::DeleteOp{path, zk::kAnyVersion});
    };
    remove(paths.base());
    Send(kOperator, ops);
    candidates_.clear();
    board = {};
    epoch_ = 0;
  }
  void Order(Event::What what, const std::function<void(Ledger&)>& edit) {
    Ledger ledger = *DecodeLedger(tree.Get(paths.ledger())->data);
    edit(ledger);
    Event event;
    event.what = std::move(what);
    event.at = Wall();
    Send(kOperator, {Set(paths.ledger(), EncodeLedger(ledger)), NewEvent(event)});
  }

  // --- checkers ---
  std::int64_t SessionOf(const std::string& id) const { return sessions_.at(id); }
  std::string CandidateOf(const std::string& id) const { return candidates_.at(id); }
  // Begins a new session with a candidate. The session before, if any, stays alive.
  void Join(const std::string& id) {
    sessions_[id] = ++last_session_;
    const std::string guid(32, static_cast<char>('a' + last_session_ % 6));
    const auto results =
        Send(sessions_[id], {zk::CreateOp{paths.election() + "/" + CandidatePrefix(id, guid), "",
                                          zk::CreateMode::kEphemeralSequential}});
    candidates_[id] = results[0].created_path;
  }
  void End(const std::string& id) { EndSession(sessions_.at(id)); }
  void EndSession(std::int64_t session) {
    auto applied = tree.EndSession(session, Wall());
    Judge(std::move(applied.transaction));
  }
  // One letter a shard: A, D, ? (unknown), . (not probed), F (a first failure).
  Ballot BallotOf(std::string_view letters, std::string rack = "") const {
    Ballot ballot{Id(), 1, {}, std::move(rack)};
    for (const char letter : letters) {
      const bool first = letter == 'F';
      const auto opinion =
          first ? Opinion::kUnknown : static_cast<Opinion>(std::string_view(".AD?").find(letter));
      const bool reasoned = opinion == Opinion::kDead || opinion == Opinion::kUnknown;
      ballot.votes.push_back({opinion, reasoned ? Reason::kTimeout : Reason::kNone, first});
    }
    return ballot;
  }
  void Vote(const std::string& id, std::string_view letters, std::string rack = "") {
    Write(sessions_.at(id), paths.vote(id), EncodeBallot(BallotOf(letters, std::move(rack))),
          zk::CreateMode::kEphemeral);
  }
  // `deposed`: ids before it, whose candidacy it ends.
  void TakeOver(const std::string& id, std::optional<std::int64_t> epoch = {},
                const std::vector<std::string>& deposed = {}) {
    epoch_ = epoch.value_or(epoch_ + 1);
    leader_ = id;
    Event event;
    event.what = Event::Leader{};
    event.leader = id;
    event.epoch = epoch_;
    std::vector<zk::Op> ops;
    if (tree.Get(candidates_.at(id))) ops.push_back(zk::CheckOp{candidates_.at(id), 0});
    LeaderRecord record{id, epoch_, Wall(), deposed, {}};
    const auto last = tree.Get(paths.leader());
    if (const auto before =
            last ? DecodeLeader(last->data) : Result<LeaderRecord>(LeaderRecord{})) {
      record.depositions = before->depositions;
      if (!before->deposed.empty()) record.depositions.push_back(last->stat.modified);
    }
    ops.push_back(Put(paths.leader(), EncodeLeader(record)));
    for (const std::string& other : deposed) {
      ops.push_back(zk::DeleteOp{candidates_.at(other), 0});
    }
    ops.push_back(NewEvent(event));
    Send(sessions_.at(id), ops);
  }

  // The leader's next commit, without flips.
  Draft Decide() const {
    Draft draft;
    draft.board = board;
    if (const auto node = tree.Get(paths.ledger())) {
      draft.ledger = DecodeLedger(node->data).value_or(Ledger());
    }
    std::vector<std::string> learned;
    for (const auto& [id, candidate] : candidates_) {
      if (draft.ledger.electorate.insert(id).second) learned.push_back(id);
    }
    for (const auto& id : Children(paths.votes())) {
      const auto ballot = DecodeBallot(tree.Get(paths.vote(id))->data);
      if (ballot && ballot->spec == Id()) draft.checked.push_back(id);
    }
    const auto last = LastHead();
    const int known = static_cast<int>(draft.ledger.electorate.size());
    draft.head.spec = Id();
    draft.head.epoch = epoch_;
    draft.head.sequence = last ? last->sequence + 1 : 1;
    draft.head.leader = leader_;
    draft.head.electorate =
        std::max(spec.checkers.value_or(known), static_cast<int>(draft.checked.size()));
    draft.head.quorum = spec.quorum.value_or(draft.head.electorate / 2 + 1);
    draft.head.shards = spec.shards.size();
    if (last && last->spec.shards_zxid != Id().shards_zxid) {
      draft.board = CarryOver(board, list_, spec.shards);
    }
    draft.board.shards.resize(spec.shards.size());
    if (!learned.empty()) draft.AddEvent(Event::Electorate{learned});
    const auto node = tree.Get(paths.head());
    const bool decodable = node && DecodeHead(node->data);
    if (decodable && (last->spec != Id() || last->shards != spec.shards.size())) {
      draft.AddEvent(Event::Spec{});
    }
    return draft;
  }
  // The leader's next commit, which flips shards to what `letters` say ('-': no flip), with the
  // counts of the checked ballots.
  Draft Decide(std::string_view letters) const {
    Draft draft = Decide();
    Event event;
    event.at = Wall();
    event.epoch = epoch_;
    Event::Flips& flips = event.what.emplace<Event::Flips>();
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (letters[i] == '-') continue;
      ShardState& state = draft.board.shards[i];
      const auto to = letters[i] == 'A' ? ShardStatus::kAlive : ShardStatus::kDead;
      VoteCounts counts;
      for (const auto& id : draft.checked) {
        auto vote = DecodeBallot(tree.Get(paths.vote(id))->data)->votes[i];
        const bool undecided = state.status == ShardStatus::kUnknown && !state.lost();
        if (vote.first && undecided) vote.opinion = Opinion::kDead;
        counts.alive += vote.opinion == Opinion::kAlive ? 1 : 0;
        counts.dead += vote.opinion == Opinion::kDead ? 1 : 0;
        counts.unknown += vote.opinion == Opinion::kUnknown ? 1 : 0;
      }
      if (state.status == ShardStatus::kDead && to == ShardStatus::kAlive) {
        draft.ledger.penalties.try_emplace(spec.shards[i].name, Penalty{1, Wall()});
      }
      const Reason reason = to == ShardStatus::kDead ? Reason::kTimeout : Reason::kNone;
      flips.flips.push_back(
          {spec.shards[i].name, spec.shards[i].addr, state.status, to, reason, counts});
      state = {to, std::max(Wall(), state.since + Micros(1)), reason, counts};
    }
    if (!flips.flips.empty()) draft.events.push_back(event);
    return draft;
  }
  void Commit(const Draft& draft) { CommitBy(sessions_.at(leader_), draft); }
  void CommitBy(std::int64_t session, Draft draft) {
    std::vector<zk::Op> ops;
    const std::string& candidate = candidates_.at(leader_);
    if (tree.Get(candidate)) ops.push_back(zk::CheckOp{candidate, 0});
    for (const auto& id : draft.checked) {
      ops.push_back(zk::CheckOp{paths.vote(id), tree.Get(paths.vote(id))->stat.version});
    }
    const std::size_t needed = ChunkCount(spec.shards.size());
    const std::size_t existing = Children(paths.chunks()).size();
    draft.head.chunks.clear();
    for (std::size_t k = 0; k < std::max(needed, existing); ++k) {
      const auto node = tree.Get(paths.chunk(k));
      const std::string data = EncodeChunk(draft.board, k);
      const bool same = node && node->data == data;
      if (!same) ops.push_back(Put(paths.chunk(k), data));
      if (k >= needed) continue;
      draft.head.chunks.push_back(!node ? 0 : same ? node->stat.version : node->stat.version + 1);
    }
    if (draft.writes_ledger) ops.push_back(Put(paths.ledger(), EncodeLedger(draft.ledger)));
    const auto mirror = draft.mirror.value_or(EncodeMirror(spec.shards, draft.board));
    if (draft.writes_mirror) ops.push_back(Put(paths.mirror(), mirror));
    ops.push_back(Put(paths.head(), EncodeHead(draft.head)));
    for (const auto& event : draft.events) ops.push_back(NewEvent(event));
    Send(session, ops);
    board = draft.board;
    list_ = spec.shards;
  }

  // --- any session ---
  std::vector<zk::OpResult> Send(std::int64_t session, const std::vector<zk::Op>& ops) {
    auto applied = tree.Apply(ops, session, Wall());
    REQUIRE_MESSAGE(applied.has_value(), applied.error().message);
    auto results = applied->transaction.results;
    Judge(std::move(applied->transaction));
    return results;
  }
  void Write(std::int64_t session, const std::string& path, const std::string& data,
             zk::CreateMode mode = zk::CreateMode::kPersistent) {
    Send(session, {tree.Get(path) ? Set(path, data) : zk::Op(zk::CreateOp{path, data, mode})});
  }
  void Remove(std::int64_t session, const std::string& path) {
    Send(session, {zk::DeleteOp{path, zk::kAnyVersion}});
  }
  void Wait(Duration duration) { now += duration; }

  [[nodiscard]] std::vector<std::string> Children(const std::string& path) const {
    return tree.Children(path).value_or(std::vector<std::string>());
  }
  [[nodiscard]] zk::Op Set(const std::string& path, const std::string& data) const {
    return zk::SetOp{path, data, tree.Get(path)->stat.version};
  }
  [[nodiscard]] zk::Op Put(const std::string& path, const std::string& data) const {
    return tree.Get(path) ? Set(path, data) : zk::Op(zk::CreateOp{path, data});
  }
  [[nodiscard]] zk::Op NewEvent(const Event& event) const {
    return zk::CreateOp{paths.event_prefix(), EncodeEvent(event),
                        zk::CreateMode::kPersistentSequential};
  }
  [[nodiscard]] SpecId Id() const { return {spec.version, tree.Get(paths.shards())->stat.mzxid}; }
  [[nodiscard]] std::optional<Head> LastHead() const {
    const auto node = tree.Get(paths.head());
    if (!node) return std::nullopt;
    return DecodeHead(node->data).value_or(Head());
  }
  [[nodiscard]] Micros Wall() const {
    return std::chrono::duration_cast<Micros>(now.time_since_epoch()) + Micros(1'000'000'000);
  }
  // The invariants that were broken, "quorum,since"; empty: none.
  [[nodiscard]] std::string Broken() const {
    std::set<std::string> names;
    for (const auto& violation : judge.violations()) names.insert(violation.invariant);
    std::string joined;
    for (const auto& name : names) joined += (joined.empty() ? "" : ",") + name;
    return joined;
  }
  [[nodiscard]] std::string Violations() const {
    std::string text;
    for (const auto& violation : judge.violations()) text += Describe(violation) + "\n";
    return text;
  }

  const ClusterPaths paths{"/goreclusters", "c"};
  sim::ZnodeTree tree;
  HistoryJudge judge;
  ClusterSpec spec;
  StatusBoard board;
  TimePoint now{std::chrono::seconds(1)};
  std::vector<sim::Transaction> history;

 private:
  void Judge(sim::Transaction transaction) {
    now += std::chrono::milliseconds(10);
    transaction.time = now;
    judge.Observe(transaction);
    history.push_back(std::move(transaction));
  }

  std::uint64_t versions_ = 0;
  std::int64_t last_session_ = 0x100;
  std::map<std::string, std::int64_t> sessions_;
  std::map<std::string, std::string> candidates_;  // paths
  std::int64_t epoch_ = 0;
  std::string leader_;
  std::vector<ShardSpec> list_;
};

// Three checkers, two shards, c1 leads in epoch 1. All three vote alive, so both shards are alive.
struct SettledStory : Story {
  explicit SettledStory(const Edit& edit = nullptr, HistoryJudge::Options options = {})
      : Story(std::move(options)) {
    Create(2, edit);
    for (const char* id : {"c1", "c2", "c3"}) Join(id);
    for (const char* id : {"c1", "c2", "c3"}) Vote(id, "AA");
    TakeOver("c1");
    Commit(Decide("AA"));
  }
};

}  // namespace zkcluster::history
