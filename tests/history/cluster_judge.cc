#include "tests/history/cluster_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/codec.h"
#include "tests/history/commit_judge.h"
#include "tests/history/ledger_judge.h"

namespace zkcluster::history {

ClusterJudge::ClusterJudge(HistoryJudge& judge, std::string name)
    : judge_(judge), name_(std::move(name)) {
  records_.push_back(std::make_unique<IncarnationRecord>());
}

void ClusterJudge::Report(const char* invariant, std::string text) {
  judge_.verdicts_.Add(invariant, name_, transaction_->zxid, std::move(text));
}

bool ClusterJudge::IsOutsider(std::int64_t session_id) const {
  return session_id == 0 || session_id == sim::kOutsiderSession ||
         (judge_.options_.is_outsider && judge_.options_.is_outsider(session_id));
}

void ClusterJudge::BeginIncarnation(std::int64_t zxid) {
  // A znode outside of any cluster may have opened the first one.
  if (records_.back()->czxid != 0) records_.push_back(std::make_unique<IncarnationRecord>());
  records_.back()->czxid = zxid;
  ++judge_.counters_.incarnations;
  replica_ = Replica();
  mirror_by_checker_ = false;
  mirror_by_go_ = false;
  in_force_ = false;
  leadership_.reset();
  led_.clear();
  sequence_ = 0;
  sequence_by_outsider_ = false;
  sequence_forgiven_ = 0;
  greatest_epoch_ = 0;
  epoch_forgiven_ = 0;
  seen_.clear();
  pauses_.clear();
  past_votes_.clear();
  owed_since_.reset();
  owed_first_.reset();
  depositions_.clear();
  refusals_ = 0;
}

void ClusterJudge::Judge(const sim::Transaction& transaction) {
  transaction_ = &transaction;
  Facts facts;
  facts.mirror_was_by_go = mirror_by_go_;
  facts.go_decided = GoDecided();
  std::vector<const std::string*> events;
  for (const Touch& touch : touches_) {
    const bool changes = !std::holds_alternative<zk::CheckOp>(*touch.op);
    const bool creates = std::holds_alternative<zk::CreateOp>(*touch.op);
    if (touch.spot.place == Place::kBase && creates) BeginIncarnation(transaction.zxid);
    if (touch.spot.place == Place::kVote && changes) {
      if (!facts.touches_votes) ++votes_touched_;
      facts.touches_votes = true;
      JudgeBallot(touch);
      RememberVote(touch);
    }
    if (std::string problem = replica_.Apply(touch, transaction, facts.before); !problem.empty()) {
      Report("history", std::move(problem));
    }
    if (touch.spot.place == Place::kEvent && creates) events.push_back(zk::DataOf(*touch.op));
    Note(touch, facts);
  }
  if (facts.operator_removes) Excused(Excuse::kOperatorRemoved);
  if (facts.writes_spec) ReadSpec(transaction.zxid);
  if (facts.writes_leader || facts.writes_status || facts.writes_ledger || facts.writes_mirror) {
    for (const std::string* data : events) {
      if (auto event = DecodeEvent(*data)) {
        facts.events.push_back(*std::move(event));
      } else {
        facts.event_undecodable = true;
      }
    }
    JudgeWrites(facts);
    if (const auto& ledger = replica_.ledger.value; ledger && ledger->pause && !Paused(*ledger)) {
      pauses_.push_back(*ledger->pause);
    }
  } else if (!events.empty() && IsChecker(transaction.session_id) &&
             !IsOutsider(transaction.session_id)) {
    // Only the leader reports checkers and the quorum.
    (void)MayCommit();
  }
  if (facts.before.head) MoveSequence();
  if (!facts.before.chunks.empty() || facts.before.head) RecordHead(facts);
  if (facts.touches_votes) ForgetVotes();
  WatchOwed(facts);
  touches_.clear();
  transaction_ = nullptr;
}

void ClusterJudge::Note(const Touch& touch, Facts& facts) {
  if (std::holds_alternative<zk::CheckOp>(*touch.op)) {
    if (touch.spot.place == Place::kVote) facts.votes_checked.push_back(touch.spot.name);
    return;
  }
  const std::int64_t session_id = transaction_->session_id;
  // An operator removes whole clusters. No checker removes what leaders write.
  const bool removal = std::holds_alternative<zk::DeleteOp>(*touch.op) && !IsChecker(session_id);
  const Place place = touch.spot.place;
  facts.operator_removes |= removal && !transaction_->ends_session && !IsOutsider(session_id) &&
                            (place == Place::kHead || place == Place::kChunk ||
                             place == Place::kLedger || place == Place::kVote);
  switch (place) {
    case Place::kBase:
    case Place::kShards:
    case Place::kOptions:
      facts.writes_spec = true;
      if (IsChecker(session_id)) Report("spec", "a checker's session writes the spec");
      break;
    case Place::kLeader:
      facts.writes_leader = true;
      break;
    case Place::kHead:
      // A head that an outsider writes is newer than what Go checkers have decided: it counts.
      if (IsOutsider(session_id)) mirror_by_go_ = false;
      [[fallthrough]];
    case Place::kChunk:
      facts.writes_status |= !removal;
      break;
    case Place::kLedger:
      facts.writes_ledger |= !removal;
      break;
    case Place::kMirror:
      mirror_by_checker_ = IsChecker(session_id);
      mirror_by_go_ = !mirror_by_checker_ && !IsOutsider(session_id);
      NoteGo();
      facts.writes_mirror |= mirror_by_checker_;
      break;
    case Place::kGoVoter:
      NoteGo();
      break;
    case Place::kCandidate:
      // Its own it removes when it leaves.
      facts.deposed += std::holds_alternative<zk::DeleteOp>(*touch.op) ? 1 : 0;
      if (const auto found = replica_.candidates.find(touch.spot.name);
          found != replica_.candidates.end() && found->second.name) {
        if (found->second.owner == 0) break;  // a ghost is nobody
        seen_.insert(found->second.name->id);
        candidacies_[found->second.owner].insert(found->second.name->id);
        makers_[found->first] = found->second.owner;
      }
      break;
    case Place::kVote:
      if (const auto found = replica_.votes.find(touch.spot.name);
          found != replica_.votes.end() && found->second.counts()) {
        seen_.insert(found->first);
        ballot_makers_[found->first] = found->second.owner;
        ++judge_.counters_.ballots;
        if (!IsOutsider(session_id)) JudgeVotes(found->first, found->second);
      }
      break;
    case Place::kEvent:
      // With the journal and the two records removed, nobody knows the earlier epochs.
      if (std::holds_alternative<zk::DeleteOp>(*touch.op) && IsOutsider(session_id)) {
        epoch_forgiven_ = std::max(epoch_forgiven_, greatest_epoch_);
        greatest_epoch_ = 0;
      }
      break;
    case Place::kGoSignal:
      if (std::holds_alternative<zk::CreateOp>(*touch.op)) go_signal_since_ = transaction_->time;
      break;
    default:
      break;
  }
}

void ClusterJudge::SessionEnded(std::int64_t session_id) {
  candidacies_.erase(session_id);
  known_probed_.erase(session_id);
}

// --- the spec ---

void ClusterJudge::ReadSpec(std::int64_t zxid) {
  in_force_ = false;
  if (!replica_.base.exists || !replica_.shards.exists || !replica_.options.exists) return;
  auto spec = DecodeSpec(name_, {replica_.base.data, replica_.shards.data, replica_.options.data});
  if (!spec) return;
  in_force_ = true;
  const bool from_one_write =
      replica_.base.mzxid == replica_.shards.mzxid && replica_.base.mzxid == replica_.options.mzxid;
  const SpecId id{spec->version, replica_.shards.mzxid};
  auto& specs = records_.back()->specs;
  // A version may be written again, by single writes: a leader may have read either.
  if (!specs.empty() && specs.back().id == id && *specs.back().spec == *spec &&
      specs.back().from_one_write == from_one_write) {
    return;
  }
  specs.push_back(
      {id, std::make_shared<const ClusterSpec>(*std::move(spec)), zxid, from_one_write});
}

// --- leaders ---

void ClusterJudge::JudgeWrites(const Facts& facts) {
  const std::int64_t session_id = transaction_->session_id;
  const bool outsider = transaction_->ends_session || IsOutsider(session_id);
  if (facts.writes_leader) {
    if (outsider || !replica_.leader.exists) {
      leadership_.reset();
    } else {
      JudgeTakeOver(facts);
    }
  }
  const bool checker = IsChecker(session_id);
  if (outsider) {
    // An outsider's writes are not judged.
  } else if (checker && facts.before.head && facts.before.head->exists && !replica_.head.exists) {
    if (MayCommit()) JudgeYield(facts);
  } else if (checker && facts.writes_ledger && !facts.writes_status && !facts.writes_mirror) {
    if (MayCommit()) JudgeRestore(facts);
  } else if (facts.writes_status || (checker && (facts.writes_ledger || facts.writes_mirror))) {
    if (MayCommit()) JudgeCommit(facts);
  } else if (facts.writes_ledger) {
    const bool ordered = std::any_of(facts.events.begin(), facts.events.end(), [](const Event& e) {
      return e.As<Event::Forget>() || e.As<Event::Pause>() || e.As<Event::Resume>() ||
             e.As<Event::Unfreeze>() || e.As<Event::Maintenance>() ||
             e.As<Event::MaintenanceOver>() || e.As<Event::Redate>();
    });
    if (!ordered) {
      Report("one_leader", "the ledger is written by neither a checker nor an operator's order");
    } else {
      JudgeOperator(
          facts.before.ledger->value, replica_.ledger.value, facts.events,
          [this](const char* invariant, std::string text) { Report(invariant, std::move(text)); });
    }
  }
}

// Notes the sequence that the next head must exceed.
void ClusterJudge::MoveSequence() {
  const auto& head = replica_.head;
  if (!head.exists) {
    sequence_ = 0;
    sequence_by_outsider_ = false;
    sequence_forgiven_ = 0;
  } else if (head.value) {
    sequence_ = head.value->sequence;
    sequence_forgiven_ = 0;
    sequence_by_outsider_ |= IsOutsider(transaction_->session_id);
  } else if (sequence_by_outsider_) {
    // The product knows how often the head was written, but not the outsider's number.
    sequence_forgiven_ = std::max(sequence_forgiven_, sequence_);
    sequence_ = 0;
  }
}

// A check compares a name and a version, and a ghost may have both.
bool ClusterJudge::IsGhostOf(std::string_view node, std::int64_t session_id) const {
  const auto maker = makers_.find(node);
  const auto candidate = replica_.candidates.find(node);
  return maker != makers_.end() && maker->second == session_id &&
         candidate != replica_.candidates.end() && candidate->second.owner == 0;
}

void ClusterJudge::JudgeTakeOver(const Facts& facts) {
  ++judge_.counters_.take_overs;
  const std::int64_t session_id = transaction_->session_id;
  const CandidateSlot* own = nullptr;
  std::string node;
  for (const auto& [name, candidate] : replica_.candidates) {
    if (candidate.owner != session_id || !candidate.name) continue;
    // If the session owns several, take the one that the transaction checks.
    const bool checked =
        std::any_of(touches_.begin(), touches_.end(), [&, &n = name](const auto& t) {
          return t.spot.place == Place::kCandidate && t.spot.name == n;
        });
    if (own == nullptr || checked) {
      own = &candidate;
      node = name;
    }
  }
  leadership_ = Leadership{session_id, node};
  led_.insert(session_id);
  refusals_ = 0;
  const bool ghost = std::ranges::any_of(touches_, [&](const Touch& touch) {
    return touch.spot.place == Place::kCandidate && IsGhostOf(touch.spot.name, session_id);
  });
  if (own == nullptr && ghost) return Excused(Excuse::kGhostOfOwn);
  if (own == nullptr) {
    return Report("takeover", fmt::format("by session {:#x}, which has no candidate", session_id));
  }
  for (const auto& [name, candidate] : replica_.candidates) {
    if (name == node || !candidate.name || candidate.owner == 0) continue;
    if (!SequenceBefore(candidate.name->sequence, own->name->sequence)) continue;
    // After sequence numbers have wrapped, a later candidate may have the smaller number.
    if (candidate.czxid > own->czxid) {
      Excused(Excuse::kSequenceEnded);
      continue;
    }
    Report("takeover", fmt::format("by {}, and {} is before it", node, name));
    break;
  }
  const auto& record = replica_.leader.value;
  if (!record) return Report("epoch", "a take-over leaves `leader` undecodable");
  if (record->id != own->name->id) {
    Report("takeover", fmt::format("by {} in the name of {}", node, record->id));
  }
  const auto& before = facts.before.leader->value;
  const auto& head = replica_.head.value;
  const std::int64_t least =
      std::max({before ? before->epoch : 0, head ? head->epoch : std::int64_t{0}, greatest_epoch_});
  if (record->epoch <= least) {
    Report("epoch", fmt::format("a take-over with epoch {}, after {}", record->epoch, least));
  } else if (record->epoch <= epoch_forgiven_) {
    Excused(Excuse::kJournalRemoved);
  }
  greatest_epoch_ = record->epoch;
  if (facts.deposed > 0) JudgePatience(facts);
  const bool reported =
      std::any_of(facts.events.begin(), facts.events.end(), [&](const Event& event) {
        return event.As<Event::Leader>() != nullptr && event.epoch == record->epoch &&
               event.leader == record->id;
      });
  if (!reported) Report("journal", fmt::format("does not record epoch {}", record->epoch));
}

bool ClusterJudge::MayCommit() {
  const std::int64_t session_id = transaction_->session_id;
  if (!leadership_ || leadership_->session_id != session_id) {
    const bool led = led_.contains(session_id);
    Report(led ? "deposed" : "one_leader",
           fmt::format("session {:#x} writes, {}; {}", session_id,
                       led ? "which led before" : "which has never taken over",
                       leadership_ ? fmt::format("{:#x} leads", leadership_->session_id)
                                   : std::string("nobody leads")));
    return false;
  }
  const auto candidate = replica_.candidates.find(leadership_->candidate);
  const bool ghost = candidate != replica_.candidates.end() && candidate->second.owner == 0;
  if (ghost) {
    // A check compares a name and a version, and a ghost may have both.
    Excused(Excuse::kGhostOfOwn);
  } else if (candidate == replica_.candidates.end() || candidate->second.owner != session_id) {
    Report("deposed", fmt::format("session {:#x} writes, and its candidate {} is gone", session_id,
                                  leadership_->candidate));
    return false;
  }
  return true;
}

// Nobody could end the orders of a ledger that nobody can read. What its leader remembers of it was
// written there before.
void ClusterJudge::JudgeRestore(const Facts& facts) {
  if (facts.before.ledger->value) {
    Report("ledger", "a leader writes it without a head, and it was readable");
  }
  const auto& now = replica_.ledger.value;
  if (!now || !now->pause) {
    return Report("ledger", "a leader writes it without a head and without a pause");
  }
  if (!facts.events.empty()) Report("journal", "records something where nothing was decided");
  if (!Paused(*now)) Report("pause", "a leader restores a pause that was never there");
}

// Who reads an order dates it by another clock; the rest stays as it was written.
bool ClusterJudge::Paused(const Ledger& ledger) const {
  const Pause& pause = *ledger.pause;
  return std::ranges::any_of(pauses_, [&](const Pause& was) {
    return was.by == pause.by && was.reason == pause.reason &&
           (was.until == Micros{0}) == (pause.until == Micros{0});
  });
}

void ClusterJudge::JudgeCommit(const Facts& facts) {
  ++judge_.counters_.commits;
  const auto& before = facts.before;
  if (!before.head) return Report("spec", "a commit without a head");
  if (!replica_.head.value) return Report("spec", "a commit leaves the head undecodable");
  const Head& head = *replica_.head.value;

  const LeaderRecord leader = replica_.leader.value.value_or(LeaderRecord{});
  if (head.epoch != leader.epoch || head.leader != leader.id) {
    Report("epoch", fmt::format("a head of {} in epoch {}, the leader is {} in epoch {}",
                                head.leader, head.epoch, leader.id, leader.epoch));
  }
  // A leader recreates the head if it cannot continue from the last one.
  const bool recreated = replica_.head.czxid == transaction_->zxid;
  if (head.sequence <= sequence_ && !recreated) {
    Report("epoch", fmt::format("sequence {} after {}", head.sequence, sequence_));
  } else if (head.sequence <= sequence_) {
    Excused(Excuse::kHeadRecreated);
  } else if (head.sequence <= sequence_forgiven_ && !recreated) {
    Excused(Excuse::kSequenceByOutsider);
  }

  const auto& specs = records_.back()->specs;
  const auto found = std::find_if(specs.rbegin(), specs.rend(),
                                  [&](const auto& spec) { return spec.id == head.spec; });
  if (found == specs.rend()) {
    return Report("spec", fmt::format("version {} of zxid {:#x} never was in force",
                                      head.spec.version, head.spec.shards_zxid));
  }
  if (!in_force_ && found != specs.rbegin()) Excused(Excuse::kSpecUndecodable);
  if (in_force_ && found != specs.rbegin()) {
    Report("spec", fmt::format("decided on version {} of zxid {:#x}, in force is {} of {:#x}",
                               head.spec.version, head.spec.shards_zxid, specs.back().id.version,
                               specs.back().id.shards_zxid));
  }
  if (facts.event_undecodable) Report("journal", "an event is undecodable");

  const Ledger ledger = replica_.ledger.value.value_or(Ledger{});
  const SpecRecord in_force = in_force_ ? InForce(*found, facts) : LastRead(*found, facts);
  const BallotBox box(VotersOf(facts), *in_force.spec, head.spec, ledger);
  const bool checked = !facts.votes_checked.empty() || box.present().most == 0;
  std::optional<BallotBox> box_now;
  if (!checked) box_now.emplace(VotersNow(), *in_force.spec, head.spec, ledger);
  const CommitFacts commit{replica_,
                           before,
                           head,
                           in_force,
                           specs,
                           box,
                           checked,
                           facts.events,
                           seen_,
                           GoVoterInTheWay(),
                           mirror_by_checker_,
                           facts.mirror_was_by_go,
                           facts.go_decided,
                           box_now ? &*box_now : nullptr,
                           judge_.excuses_,
                           transaction_->stamp};
  const ReportFunction report = [this](const char* invariant, std::string text) {
    Report(invariant, std::move(text));
  };
  const RowChanges changes = CommitJudge(commit, report).Judge();
  JudgeLedger(commit, changes, report);
  const auto flips = static_cast<std::uint64_t>(
      std::count_if(changes.begin(), changes.end(), [](const RowChange& change) {
        // A row without counts was taken from the mirror, not decided by votes.
        return change.flips() && change.to.counts != VoteCounts{};
      }));
  judge_.counters_.flips += flips;
  if (!checked) {
    ++judge_.counters_.commits_unchecked;
    // A leader that knows no ballot on this spec yet has none to check, and flips nothing.
    if (judge_.options_.refusals_reported && refusals_ < 2 && flips > 0) {
      Report("quorum", fmt::format("checks no ballot, after {} refusals", refusals_));
    } else if (flips > 0) {
      Excused(Excuse::kBallotsUnchecked);
    }
  }
  refusals_ = 0;
}

std::string ClusterJudge::GoVoterInTheWay() const {
  const Duration patience = judge_.options_.go_patience;
  // A leader that has not read `localstatus` yet does not check it.
  const bool signal_known =
      replica_.go_signal.exists && transaction_->time - go_signal_since_ > patience;
  for (const auto& [name, voter] : replica_.go_voters) {
    if (voter.owner == 0) continue;
    const bool noticed = signal_known && replica_.go_signal.mzxid > voter.czxid;
    if (noticed || transaction_->time - voter.since > patience) return name;
  }
  return {};
}

void ClusterJudge::RecordHead(const Facts& facts) {
  IncarnationRecord& record = *records_.back();
  const auto& head = replica_.head;
  if (facts.before.head && facts.before.head->exists && !head.value)
    record.head_lost = transaction_->zxid;
  // When the head is a new znode, clients read every chunk again.
  if (head.exists && head.czxid == transaction_->zxid) record.lost_chunk = false;
  for (const auto& [k, chunk] : facts.before.chunks) {
    const bool exists = k < replica_.chunks.size() && replica_.chunks[k].exists;
    record.lost_chunk |= chunk.exists && !exists;
  }
  if (!head.value || !judge_.options_.keep_heads) return;
  HeadRecord entry{
      transaction_->zxid, head.value->spec, head.value->epoch, head.value->sequence, "", {},
      record.lost_chunk};
  for (std::size_t k = 0; k < head.value->chunks.size(); ++k) {
    // Clients wait for chunks of the versions that the head names.
    if (k >= replica_.chunks.size() || !replica_.chunks[k].exists ||
        replica_.chunks[k].version != head.value->chunks[k]) {
      return;
    }
    entry.damaged |= !replica_.chunks[k].value;
  }
  entry.statuses.reserve(head.value->shards);
  for (std::size_t i = 0; i < head.value->shards; ++i) {
    const ShardState row = replica_.RowOf(i);
    entry.statuses += RowLetter(row);
    entry.since.push_back(row.since);
  }
  record.heads.push_back(std::move(entry));
}

void ClusterJudge::ObserveRefusal(std::int64_t session_id, Place place) {
  if (place == Place::kVote && leadership_ && leadership_->session_id == session_id) ++refusals_;
}

}  // namespace zkcluster::history
