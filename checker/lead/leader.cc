#include "checker/lead/leader.h"

#include <algorithm>
#include <utility>

#include "codec/codec.h"
#include "model/servers.h"

namespace zkcluster {

namespace {

constexpr std::size_t kJournalLength = 1000;
constexpr int kCommitsBetweenTrims = 50;

// A wall clock may be set: look now and then rather than trust it for long.
// (Micros: centuries in them do not fit into a Duration.)
constexpr Micros kOrderLook = std::chrono::seconds(10);

}  // namespace

Leader::Leader(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths,
               Leadership leadership, const KnownLists& lists, SharedSpec spec, Callbacks callbacks)
    : loop_(loop),
      logger_(logger),
      client_(client),
      paths_(std::move(paths)),
      leadership_(std::move(leadership)),
      lists_(lists),
      spec_(std::move(spec)),
      callbacks_(std::move(callbacks)),
      store_(logger, client, paths_),
      log_(loop, logger, paths_.name(), leadership_.record.epoch),
      retry_(loop.NewTimer([this] { Changed(); })),
      order_end_(loop.NewTimer([this] { Changed(); })),
      pace_end_(loop.NewTimer([this] { Changed(); })),
      backoff_(std::chrono::milliseconds(50), std::chrono::seconds(5)) {
  vote_bell_ = std::make_unique<zk::NodeWatcher>(loop_, client_, paths_.votes(),
                                                 [this](const auto&) { OnVoteBell(); });
  voters_ = std::make_unique<zk::ChildrenWatcher>(loop_, client_, paths_.votes(),
                                                  [this](const auto& ids) { OnVoters(ids); });
  candidates_ = std::make_unique<zk::ChildrenWatcher>(
      loop_, client_, paths_.election(), [this](const auto& nodes) { OnCandidates(nodes); });
  go_voters_ = std::make_unique<zk::ChildrenWatcher>(loop_, client_, paths_.go_voters(),
                                                     [this](const auto&) { Changed(); });
  go_bell_ = std::make_unique<zk::NodeWatcher>(loop_, client_, paths_.go_voters(),
                                               [this](const auto&) { Changed(); });
  head_watcher_ = std::make_unique<zk::NodeWatcher>(
      loop_, client_, paths_.head(), [this](const auto& node) { OnOwn(node, store_.head_slot); });
  mirror_watcher_ = std::make_unique<zk::NodeWatcher>(
      loop_, client_, paths_.mirror(),
      [this](const auto& node) { OnOwn(node, store_.mirror_slot); });
  ledger_watcher_ = std::make_unique<zk::NodeWatcher>(
      loop_, client_, paths_.ledger(),
      [this](const auto& node) { OnOwn(node, store_.ledger_slot); });
  token_watcher_ = std::make_unique<zk::NodeWatcher>(loop_, client_, paths_.leader(),
                                                     [this](const auto& node) { OnToken(node); });
  TrimJournal();
  Changed();
}

void Leader::OnOwn(const std::optional<zk::Node>& node, const StatusStore::Slot& slot) {
  // While a commit is under way its own write may be what we see; were it another's, it is refused,
  // though perhaps for a vote, which is checked before.
  if (!store_.loaded()) return;
  const auto version = node ? std::optional(node->stat.version) : std::nullopt;
  if (version == slot.version) return;
  if (committing_) {
    own_news_ = true;
    return;
  }
  store_.Forget();
  loading_ = false;
  Changed();
}

// The next commit would find out. But while nothing flips there is none, and whoever asks who leads
// would be told wrong, or nothing.
void Leader::OnToken(const std::optional<zk::Node>& node) {
  if (node && node->stat.version == leadership_.token) return;
  callbacks_.lost("the leader's record was written or removed by somebody else");
}

// A chunk that some hand spoilt would stand until its next flip, and whoever starts meanwhile would
// take its shards for unknown.
void Leader::WatchChunks() {
  while (chunk_watchers_.size() < store_.chunk_slots.size()) {
    const std::size_t k = chunk_watchers_.size();
    chunk_watchers_.push_back(std::make_unique<zk::NodeWatcher>(
        loop_, client_, paths_.chunk(k), [this, k](const auto& node) {
          if (k < store_.chunk_slots.size()) OnOwn(node, store_.chunk_slots[k]);
        }));
  }
}

Leader::~Leader() = default;

void Leader::SetSpec(SharedSpec spec) {
  spec_ = std::move(spec);
  Changed();
}

// Some ballot has begun. Of one that ended before that, a watch has told before the bell was read:
// what it was is forgotten, for its version may be that of the ballot which follows it.
void Leader::OnVoteBell() {
  std::erase_if(votes_, [](const auto& vote) { return vote.second.watcher->has_news(); });
  if (voters_->known()) OnVoters(voters_->names());
  Changed();
}

void Leader::OnVoters(const std::optional<std::vector<std::string>>& ids) {
  const std::set<std::string> present =
      ids ? std::set<std::string>(ids->begin(), ids->end()) : std::set<std::string>();
  std::erase_if(votes_, [&](const auto& vote) { return !present.contains(vote.first); });
  for (const auto& id : present) {
    if (votes_.contains(id)) continue;
    votes_[id].watcher = std::make_unique<zk::NodeWatcher>(
        loop_, client_, paths_.vote(id), [this, id](const auto& node) { OnVote(id, node); });
  }
  Changed();
}

void Leader::OnVote(const std::string& id, const std::optional<zk::Node>& node) {
  VoteState& vote = votes_[id];
  vote.known = true;
  vote.version.reset();
  vote.ballot.reset();
  if (node) {
    vote.version = node->stat.version;
    if (auto ballot = DecodeBallot(node->data)) {
      vote.ballot = *std::move(ballot);
    } else {
      logger_.Error("ballot.undecodable", {{"cluster", paths_.name()},
                                           {"voter", id},
                                           {"path", paths_.vote(id)},
                                           {"error", ballot.error().message}});
    }
  }
  Changed();
}

void Leader::OnCandidates(const std::optional<std::vector<std::string>>& nodes) {
  candidate_ids_.clear();
  if (nodes) {
    for (const auto& candidate : SortCandidates(*nodes)) candidate_ids_.insert(candidate.name.id);
  }
  Changed();
}

void Leader::Load() {
  store_.Load([this](Result<std::monostate> loaded) {
    if (loaded) return Changed();
    if (client_.state() != SessionState::kConnected) return;  // the Contender ends this leadership
    // A parent is missing: a new candidacy makes it again.
    if (loaded.error().code == ErrorCode::kNotFound) return callbacks_.lost(loaded.error().message);
    logger_.Warn("leader.load_failed",
                 {{"cluster", paths_.name()}, {"error", loaded.error().message}});
    loading_ = false;
    retry_->Arm(backoff_.Next(loop_.Random()));
  });
  loading_ = true;
}

void Leader::Changed() {
  if (scheduled_) return;
  scheduled_ = true;
  // A turn later: what changes together is counted together.
  loop_.Post(lifetime_.Guard([this] {
    scheduled_ = false;
    Reconsider();
  }));
}

bool Leader::Ready() const {
  if (client_.state() != SessionState::kConnected || committing_ || !store_.loaded()) return false;
  if (!vote_bell_->known() || !voters_->known() || !candidates_->known() || !go_voters_->known() ||
      !go_bell_->known())
    return false;
  return std::all_of(votes_.begin(), votes_.end(),
                     [](const auto& vote) { return vote.second.known; });
}

Ballots Leader::CountedBallots() const {
  Ballots ballots;
  for (const auto& [id, vote] : votes_) {
    if (vote.ballot && vote.ballot->spec == spec_->id()) ballots.emplace(id, *vote.ballot);
  }
  return ballots;
}

void Leader::Reconsider() {
  if (committing_) {
    news_while_committing_ = true;
    return;
  }
  if (!store_.loaded() && !loading_) return Load();
  if (store_.loaded()) loading_ = false;
  if (!Ready()) return;
  WatchChunks();
  if (const Duration wait = pace_.Wait(loop_.Now()); wait > Duration::zero()) {
    return pace_end_->Arm(wait);
  }

  const Hold hold = FindHold(Facts());
  const bool go_gone = hold != Hold::kGoCheckers && hold_ == Hold::kGoCheckers;
  hold_ = hold;
  log_.LookedAt(hold, store_.ledger());
  if (hold == Hold::kGoCheckers || hold == Hold::kBehindStatus) return;
  if (go_gone) return Load();  // Go checkers wrote the status meanwhile
  WaitForOrders(store_.ledger());

  std::set<std::string> ids = store_.ledger().electorate;
  std::vector<std::string> learned;
  const auto learn = [&](const std::string& id) {
    if (ids.insert(id).second) learned.push_back(id);
  };
  for (const auto& id : candidate_ids_) learn(id);
  for (const auto& [id, vote] : votes_) {
    if (vote.ballot) learn(id);  // any hand can make a znode there
  }

  const Ballots ballots = CountedBallots();
  const Electorate electorate = MakeElectorate(
      spec_->spec(), std::move(ids), store_.ledger().at_least, static_cast<int>(ballots.size()));
  const auto& [board, unmirrored, anew] = store_.BoardFor(*spec_->stored, lists_);
  // What nobody can read is decided anew, and not by a few.
  if (unmirrored > 0 && static_cast<int>(ballots.size()) < electorate.quorum) {
    NoteCount(electorate, ballots, {});
    return log_.Counted(electorate, ballots, spec_->spec().shards.size());
  }
  const auto& shards = spec_->spec().shards;
  const auto tallies =
      ServingTallies(shards, CountVotes(ballots, electorate, spec_->id(), ServerCount(shards)));
  NoteCount(electorate, ballots, tallies);
  // What is decided anew may not look older than what clients were told, whatever the clock says.
  const Micros wall = loop_.WallNow();
  const Micros now = anew ? std::max(wall, store_.NewestSince() + Micros(1)) : wall;
  Decision decision =
      Decide({&spec_->spec().shards, &board, &tallies, &store_.ledger(), hold, now,
              spec_->health.interval, MaxRequired(spec_->health.threshold, spec_->health.interval),
              spec_->spec().max_dead_fraction, now - wall});
  decision.ledger.electorate = electorate.ids;
  if (static_cast<int>(electorate.ids.size()) >= decision.ledger.at_least)
    decision.ledger.at_least = 0;
  log_.Counted(electorate, ballots, decision.without_quorum);
  log_.Decided(decision, store_.ledger(), wall);
  // Nothing may be decided, so nothing anew either.
  if (unmirrored > 0 && hold != Hold::kNone) return;

  CommitInput input{.paths = &paths_,
                    .leadership = &leadership_,
                    .spec = spec_->stored.get(),
                    .standing = spec_->standing,
                    .store = &store_,
                    .electorate = &electorate,
                    .decision = &decision,
                    .learned = learned,
                    .now = loop_.WallNow()};
  // Two refusals in a row because voters are busy: progress matters more than serialisable reads.
  if (vote_refusals_ < 2) {
    for (const auto& [id, ballot] : ballots) input.votes.emplace(id, *votes_.at(id).version);
    if (vote_bell_->node()) input.vote_bell = vote_bell_->node()->stat.version;
  }
  if (go_bell_->node()) input.go_bell = go_bell_->node()->stat.version;
  CommitPlan plan = PlanCommit(input);
  if (plan.empty) {
    vote_refusals_ = 0;
    return;
  }
  if (!learned.empty()) log_.Learned(learned, electorate);
  Submit(std::move(plan), std::move(decision));
}

void Leader::Submit(CommitPlan plan, Decision decision) {
  committing_ = true;
  own_news_ = false;
  news_while_committing_ = false;
  std::vector<zk::Op> ops = plan.ops;
  client_.Multi(std::move(ops),
                lifetime_.Guard([this, plan = std::move(plan), decision = std::move(decision)](
                                    Result<std::vector<zk::OpResult>> results) {
                  committing_ = false;
                  if (results) {
                    OnCommitted(plan, decision, *results);
                  } else {
                    OnRefused(plan, results.error());
                  }
                }));
}

void Leader::OnCommitted(const CommitPlan& plan, const Decision& decision,
                         const std::vector<zk::OpResult>& results) {
  std::size_t chunk = 0;
  for (std::size_t i = 0; i < plan.ops.size(); ++i) {
    StatusStore::Slot* slot = nullptr;
    switch (plan.roles[i]) {
      case OpRole::kChunk: {
        const std::size_t k = plan.chunks[chunk++];
        if (store_.chunk_slots.size() <= k) store_.chunk_slots.resize(k + 1);
        slot = &store_.chunk_slots[k];
        break;
      }
      case OpRole::kHead:
        slot = &store_.head_slot;
        break;
      case OpRole::kLedger:
        slot = &store_.ledger_slot;
        break;
      case OpRole::kMirror:
        slot = &store_.mirror_slot;
        break;
      default:
        continue;
    }
    if (const auto* set = std::get_if<zk::SetOp>(&plan.ops[i])) {
      *slot = {results[i].version, set->data};
    } else if (const auto* create = std::get_if<zk::CreateOp>(&plan.ops[i])) {
      *slot = {0, create->data};
    }
  }
  store_.Adopt(plan.head, decision.ledger, decision.board);
  // No check can tell that a znode is not there: a mirror that some hand made meanwhile would stay.
  if (own_news_ && !store_.mirror_slot.version && mirror_watcher_->node()) {
    store_.Forget();
    loading_ = false;
  }
  vote_refusals_ = 0;
  pace_.Wrote(loop_.Now(), decision.flips.size());
  backoff_.Reset();
  log_.Committed(decision, spec_->spec(), plan.head.quorum);
  callbacks_.committed(decision, plan.events);
  if (++commits_since_trim_ >= kCommitsBetweenTrims) TrimJournal();
  Changed();  // votes may have moved while the commit was under way
}

void Leader::OnRefused(const CommitPlan& plan, const Error& error) {
  if (std::exchange(own_news_, false)) {
    store_.Forget();
    loading_ = false;
    news_while_committing_ = true;
  }
  const bool by_guard = error.code == ErrorCode::kConflict || error.code == ErrorCode::kNotFound ||
                        error.code == ErrorCode::kExists;
  if (error.code == ErrorCode::kTooLarge || error.code == ErrorCode::kDenied ||
      error.code == ErrorCode::kInvalid) {
    logger_.Error("leader.commit_failed", {{"cluster", paths_.name()}, {"error", error.message}});
    return retry_->Arm(backoff_.Next(loop_.Random()));
  }
  const auto index = static_cast<std::size_t>(error.op_index);
  if (!by_guard || error.op_index < 0 || index >= plan.roles.size()) {
    // Unknown outcome, or the session is going: whatever happened is found by reading in
    // a new leadership.
    return callbacks_.lost(error.message);
  }
  const OpRole role = plan.roles[index];
  logger_.Debug(
      "leader.commit_refused",
      {{"cluster", paths_.name()}, {"role", static_cast<int>(role)}, {"error", error.message}});
  switch (role) {
    case OpRole::kFence:
      return callbacks_.lost("another leader took over, or our candidate is gone");
    case OpRole::kEvent:
      return callbacks_.lost("the journal is gone");
    case OpRole::kSpec:
      callbacks_.respec();
      break;
    case OpRole::kVote:
    case OpRole::kVoteBell:
      ++vote_refusals_;
      // The server we talk to may lag behind the one that refused.
      client_.Sync(paths_.votes(), [](Result<std::monostate>) {});
      if (role == OpRole::kVoteBell) {
        vote_bell_->Refresh();
      } else if (const auto vote = votes_.find(plan.VoterOf(index)); vote != votes_.end()) {
        vote->second.watcher->Refresh();
      }
      voters_->Refresh();
      break;
    case OpRole::kGoBell:
      go_voters_->Refresh();
      go_bell_->Refresh();
      break;
    case OpRole::kChunk:
    case OpRole::kHead:
    case OpRole::kLedger:
    case OpRole::kMirror:
      // Foreign hands, or an operator's `delete` under way.
      store_.Forget();
      loading_ = false;
      break;
  }
  // What stood in the way may be known already; else the watchers will tell, and the timer only
  // makes sure that nothing is forgotten.
  if (news_while_committing_) Changed();
  retry_->Arm(backoff_.Next(loop_.Random()));
}

void Leader::TrimJournal() {
  commits_since_trim_ = 0;
  client_.Children(
      paths_.events(), {}, lifetime_.Guard([this](Result<std::vector<std::string>> names) {
        if (!names || names->size() <= kJournalLength) return;
        std::vector<std::pair<std::int32_t, std::string>> entries;
        for (const auto& name : *names) {
          if (const auto sequence = ParseSequence(name)) entries.emplace_back(*sequence, name);
        }
        std::sort(entries.begin(), entries.end(),
                  [](const auto& a, const auto& b) { return SequenceBefore(a.first, b.first); });
        const std::size_t surplus =
            entries.size() > kJournalLength ? entries.size() - kJournalLength : 0;
        for (std::size_t i = 0; i < surplus; ++i) {
          client_.Delete(paths_.events() + "/" + entries[i].second, 0,
                         [](Result<std::monostate>) {});
        }
      }));
}

HoldFacts Leader::Facts() const {
  HoldFacts facts;
  if (go_voters_->names()) {
    for (const auto& name : *go_voters_->names()) {
      if (name.starts_with("n_")) facts.go_voters.push_back(name);
    }
  }
  facts.pause = store_.ledger().pause;
  facts.now = loop_.WallNow();
  facts.behind_status = !spec_->IsCurrent() && store_.head() &&
                        store_.head()->spec.shards_zxid > spec_->id().shards_zxid;
  return facts;
}

// Until the next of what operators have ordered for a time ends.
void Leader::WaitForOrders(const Ledger& ledger) {
  order_end_->Cancel();
  const Micros now = loop_.WallNow();
  Micros next = Micros::max();
  const auto wait = [&](const auto& order) {
    if (order.until != Micros(0) && !IsOver(order, now)) next = std::min(next, order.until);
  };
  if (ledger.pause) wait(*ledger.pause);
  for (const auto& [shard, maintenance] : ledger.maintenance) wait(maintenance);
  if (next == Micros::max()) return;
  order_end_->Arm(std::min(next - now, kOrderLook));
}

}  // namespace zkcluster
