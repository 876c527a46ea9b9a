#!/usr/bin/env python3
"""Deliberate faults: proof that the swarm can fail.

usage: mutants.py TOP OUTPUT_FOLDER [--whole]    writes mutated copies of the production sources, and mutant_list.cc
       mutants.py TOP --sources [--whole]        the names of the files it copies, one a line, folder by folder

--whole copies also the other sources of each folder: where a folder is compiled as one object (unity), the linker
cannot take a part of it from the copy and the rest from the original.


Each mutant replaces one piece of a production source by a piece that asks at run time whether the mutant is on. All
mutants are in one build and are switched on by name (`mutants --only NAME`); production sources stay free of them. A
piece that is not found exactly once is an error, and so is a replacement that does not contain the piece, token by
token. So a mutant cannot silently become out of date, and while it is off, the production code runs.
"""
import os
import re
import sys

LEADER = "checker/lead/leader.cc"
COMMIT = "checker/lead/commit.cc"
INPUTS = "checker/lead/leader_inputs.cc"
OWNED = "checker/lead/owned_children.cc"
OUTLIER = "checker/rules/outlier.cc"
ROUND = "checker/rules/round.cc"
CONTENDER = "checker/election/contender.cc"
EPOCHS = "checker/election/epoch_finder.cc"
SHADOW = "checker/lead/shadow.cc"
SUCCESSION = "checker/rules/succession.cc"
DECIDE = "checker/rules/decide.cc"
TALLY = "checker/rules/tally.cc"
GUARD = "checker/rules/hold.cc"
FREEZE = "checker/rules/freeze.cc"
VOTER = "checker/vote/voter.cc"
PARTICIPANT = "checker/cluster/participant.cc"
BOARD_WATCHER = "libzkcluster/follow/board_watcher.cc"
STORE = "checker/lead/status_store.cc"
FORMAT = "checker/lead/common_format.cc"
WORKER = "checker/probe/worker.cc"
HEALTH = "checker/probe/server_health.cc"
EDITOR = "libzkcluster/admin/admin_call.cc"
WATCHER = "libzkcluster/zk/watcher.cc"
TRACKER = "libzkcluster/zk/session_tracker.cc"
BOARD = "libzkcluster/model/board.cc"
ORDERS = "libzkcluster/model/ledger.cc"
READER = "libzkcluster/codec/board_reader.cc"
TABLE = "libzkcluster/ring/routing_table.cc"
OPTIONS = "libzkcluster/codec/codec_go.cc"
LEDGER = "libzkcluster/codec/codec_ledger.cc"
NAME_BOOK = "libzkcluster/names/name_book.cc"
SAFEGUARDS = "libzkcluster/model/safeguards.cc"

# name, what is wrong, file, the piece (white space does not matter), the piece with the fault. $ON: this mutant is on.
MUTANTS = [
    # --- the fencing multi, check by check ---
    ("no_candidate_check", "the commit does not check the own candidate", COMMIT,
     "Add(OpRole::kFence, zk::CheckOp{in_.leadership.candidate, 0});",
     "if (!$ON) Add(OpRole::kFence, zk::CheckOp{in_.leadership.candidate, 0});"),
    ("no_token_check", "the commit does not check the token in `leader`", COMMIT,
     "Add(OpRole::kFence, zk::CheckOp{paths.leader(), in_.leadership.token});",
     "if (!$ON) Add(OpRole::kFence, zk::CheckOp{paths.leader(), in_.leadership.token});"),
    ("no_base_check", "the commit does not check the cluster's own znode", COMMIT,
     "spec(paths.base(), in_.spec.standing.base);", "if (!$ON) spec(paths.base(), in_.spec.standing.base);"),
    ("no_shards_check", "the commit does not check the list of shards", COMMIT,
     "spec(paths.shards(), in_.spec.standing.shards);",
     "if (!$ON) spec(paths.shards(), in_.spec.standing.shards);"),
    ("no_options_check", "the commit does not check the options", COMMIT,
     "spec(paths.options(), in_.spec.standing.options);",
     "if (!$ON) spec(paths.options(), in_.spec.standing.options);"),
    ("no_spec_checks", "the commit checks none of the spec's znodes", COMMIT,
     "if (version) Add(OpRole::kSpec, zk::CheckOp{path, *version});",
     "if (version && !$ON) Add(OpRole::kSpec, zk::CheckOp{path, *version});"),
    ("no_go_signal_check", "the commit does not check that no Go checker came", COMMIT,
     "if (in_.go_signal) Add(", "if (in_.go_signal && !$ON) Add("),
    ("no_vote_checks", "the commit does not check the ballots it counted", LEADER,
     "if (round.checks_votes) {", "if (round.checks_votes && !$ON) {"),
    ("no_vote_signal_check", "the commit does not check that none of the ballots it counted has begun again", COMMIT,
     "if (!in_.votes.empty()) Add(OpRole::kVoteSignal", "if (!in_.votes.empty() && !$ON) Add(OpRole::kVoteSignal"),
    ("any_version", "the commit overwrites any version", COMMIT,
     "Add(role, zk::SetOp{std::move(path), std::move(data), *slot.version}, id);",
     "Add(role, zk::SetOp{std::move(path), std::move(data), $ON ? zk::kAnyVersion : *slot.version}, id);"),
    ("no_ledger_check", "the commit does not check the ledger it leaves as it is", COMMIT,
     "Add(OpRole::kLedger, zk::CheckOp{in_.paths.ledger(), *slot.version}, kId);",
     "if (!$ON) Add(OpRole::kLedger, zk::CheckOp{in_.paths.ledger(), *slot.version}, kId);"),
    ("no_chunk_check", "the commit does not check the chunks it leaves as they are", COMMIT,
     "Add(OpRole::kChunk, zk::CheckOp{", "if (!$ON) Add(OpRole::kChunk, zk::CheckOp{"),
    ("lost_rows_are_unknown", "rows that cannot be read are taken for unknown, quorum or not", READER,
     "StatusBoard board{std::vector<ShardState>(head_->shards, kLostRow)};",
     "StatusBoard board{std::vector<ShardState>(head_->shards, $ON ? ShardState{} : kLostRow)};"),
    ("lost_rows_forgotten", "a client forgets the status of a lost row", BOARD_WATCHER,
     "if ((*rows)[row].lost() && state.status != ShardStatus::kUnknown) {",
     "if (!$ON && (*rows)[row].lost() && state.status != ShardStatus::kUnknown) {"),
    ("epoch_only_from_head", "a lost `leader` record: the next epoch comes only from the head", EPOCHS,
     "ListJournal(found); }));", "if ($ON) return done_(found); ListJournal(found); }));"),
    ("go_status_overwritten", "a leader's old board is written over what Go checkers decided without any of ours", STORE,
     "return go_ && IsDecidedByGo({", "return !$ON && go_ && IsDecidedByGo({"),
    ("keys_lost_forgotten", "safeguards that a Go manager dropped are no longer in force", SAFEGUARDS,
     "if (from_one_write || !remembered ||", "if ($ON || from_one_write || !remembered ||"),
    # --- election ---
    ("takeover_not_committed", "the first candidate leads without writing `leader`", CONTENDER,
     "LeaderRecord record{self_.id, found.epoch, scope_.loop.WallNow(), {}, found.depositions};",
     "if ($ON && found.leader)"
     " return Lead({self_.id, found.epoch - 1, scope_.loop.WallNow(), {}, {}}, *found.leader);"
     " LeaderRecord record{self_.id, found.epoch, scope_.loop.WallNow(), {}, found.depositions};"),
    ("takeover_unfenced", "the take-over does not check the own candidate", CONTENDER,
     "ops.push_back(zk::CheckOp{own_path(), 0});",
     "if (!$ON) ops.push_back(zk::CheckOp{own_path(), 0});"),
    ("epoch_not_raised", "a new leader keeps the epoch of the last", EPOCHS,
     "return done_({last->epoch + 1, node.stat.version, ", "return done_({last->epoch + ($ON ? 0 : 1), node.stat.version, "),
    ("leader_not_confirmed", "a registered checker takes over even if it is not first", CONTENDER,
     "if (standing.first) return TakeOver(std::nullopt);",
     "if (standing.first || $ON) return TakeOver(std::nullopt);"),
    ("owner_not_confirmed", "a candidate of a former session is taken for the current one", CONTENDER,
     "return stat.ephemeral_owner == scope_.client.session_id() && stat.version == 0;",
     "return (stat.ephemeral_owner == scope_.client.session_id() || $ON) && stat.version == 0;"),
    ("twin_not_awaited", "an id is used although another checker holds it", CONTENDER,
     "if (standing.twin) return WaitForTwin(*standing.twin);",
     "if (standing.twin && !$ON) return WaitForTwin(*standing.twin);"),
    ("suspended_leads_on", "a suspended leader goes on", CONTENDER,
     "Enter(Away{}); if (event.state == SessionState::kConnected) Start();",
     "if ($ON && leading()) return; Enter(Away{}); if (event.state == SessionState::kConnected) Start();"),
    ("unknown_outcome_is_failure", "a change whose answer was lost is taken for one that failed", EDITOR,
     "lost_ = lost_ || zk::IsOutcomeUnknown(result.error());", "lost_ = !$ON && (lost_ || zk::IsOutcomeUnknown(result.error()));"),
    ("no_local_expiry", "a session is trusted until the ensemble says otherwise", TRACKER,
     "if (now >= last_sent_ + timeout_ + LossMargin(timeout_)) return SessionState::kLost;"
     " if (phase_ == Phase::kBroken || now >= last_sent_ + timeout_ * 2 / 3)",
     "if (!$ON && now >= last_sent_ + timeout_ + LossMargin(timeout_)) return SessionState::kLost;"
     " if (!$ON && (phase_ == Phase::kBroken || now >= last_sent_ + timeout_ * 2 / 3))"),
    # --- ghosts ---
    ("ghost_is_followed", "a candidate without a session is waited for", CONTENDER,
     "if (!stat.has_owner()) return Ignore(node);", "if (!stat.has_owner() && !$ON) return Ignore(node);"),
    ("ghost_is_a_twin", "a candidate without a session holds its id", CONTENDER,
     "if (!(*stat)->has_owner()) return Ignore(twin.node);",
     "if (!(*stat)->has_owner() && !$ON) return Ignore(twin.node);"),
    ("ghost_votes_count", "a ballot without a session is counted", INPUTS,
     "vote.ghost = node && !node->stat.has_owner();", "vote.ghost = node && !node->stat.has_owner() && !$ON;"),
    ("ghost_is_learned", "a candidate without a session belongs to the electorate", OWNED,
     "if (stat->has_owner()) {", "if (stat->has_owner() || $ON) {"),
    ("ghosts_stay", "nobody removes ghosts", LEADER,
     "sweeper_.Sweep(inputs_.ghosts());", "if (!$ON) sweeper_.Sweep(inputs_.ghosts());"),
    # --- time ---
    ("order_by_operators_clock", "an order ends when its operator's clock says so", ORDERS,
     "if (!undated || undated->ledger != version) return;",
     "if (!undated || undated->ledger != version || $ON) return;"),
    ("order_by_leaders_clock", "an order ends when the leader's clock says so", LEADER,
     "return scope_.client.server_time().value_or(scope_.loop.WallNow());",
     "if ($ON) return scope_.loop.WallNow();"
     " return scope_.client.server_time().value_or(scope_.loop.WallNow());"),
    # --- a leader that fails at its job ---
    ("deposes_unchecked", "a shadow deposes without a check of its own candidate", CONTENDER,
     "ops.push_back(zk::CheckOp{own_path(), 0});",
     "if ($ON && ahead_of_turn) ops.push_back(zk::CheckOp{scope_.paths.election(), zk::kAnyVersion});"
     " else ops.push_back(zk::CheckOp{own_path(), 0});"),
    ("old_candidate_left", "a shadow takes over, and leaves the candidates before it", CONTENDER,
     "ops.push_back(zk::DeleteOp{scope_.paths.candidate(candidate.node), zk::kAnyVersion});",
     "if (!$ON) ops.push_back(zk::DeleteOp{scope_.paths.candidate(candidate.node), zk::kAnyVersion});"),
    ("patience_ignored", "a shadow deposes as soon as a decision is owed", SUCCESSION,
     "if (left > Duration::zero()) return {Step::kWait, left};",
     "if (left > Duration::zero() && !$ON) return {Step::kWait, left};"),
    ("shadow_writes", "a shadow writes the status that it expects", SHADOW,
     "case Vigil::Step::kWait: return wait_->Arm(next.wait);",
     "case Vigil::Step::kWait:"
     " if ($ON && status_.head()) scope_.client.Set(scope_.paths.head(), EncodeHead(*status_.head()),"
     " status_.head_stat()->version, [](const Result<zk::Stat>&) {});"
     " return wait_->Arm(next.wait);"),
    # --- counting ---
    ("quorum_of_present", "the quorum is a majority of the checkers that are present", TALLY,
     "electorate.quorum = spec.quorum.value_or(electorate.size / 2 + 1);",
     "if ($ON) electorate.size = present;"
     " electorate.quorum = spec.quorum.value_or(electorate.size / 2 + 1);"),
    ("tie_decides", "alive and dead both reach the quorum: dead", TALLY,
     "if (alive == dead) return Outcome::kNoQuorum;",
     "if (alive == dead) return alive && $ON ? Outcome::kDead : Outcome::kNoQuorum;"),
    ("half_is_a_majority", "half of the electorate decides", TALLY,
     "electorate.quorum = spec.quorum.value_or(electorate.size / 2 + 1);",
     "electorate.quorum = spec.quorum.value_or($ON ? (electorate.size + 1) / 2 : electorate.size / 2 + 1);"),
    ("old_list_counts", "a ballot on another list of shards counts", TALLY,
     "return ballot.spec == spec && ballot.votes.size() == servers;",
     "return (ballot.spec == spec || $ON) && ballot.votes.size() == servers;"),
    ("old_list_counts", "a ballot on another list of shards counts", ROUND,
     "if (ballot.spec == input.spec_id)", "if (ballot.spec == input.spec_id || $ON)"),
    ("racks_ignored", "dead votes of one rack are enough, and min_racks is ignored", TALLY,
     "tally.dead_racks >= electorate.min_racks;", "(tally.dead_racks >= electorate.min_racks || $ON);"),
    ("outlier_shrinks_quorum", "a ballot that is left out leaves the electorate, too", ROUND,
     "round.left_out = FindOutliers(input.ballots, round.electorate, input.spec_id, servers);",
     "round.left_out = FindOutliers(input.ballots, round.electorate, input.spec_id, servers);"
     " if ($ON && !round.left_out.empty()) { round.electorate.size -= static_cast<int>(round.left_out.size());"
     " round.electorate.quorum = input.spec.quorum.value_or(round.electorate.size / 2 + 1); }"),
    ("outlier_disputed", "a ballot is left out although the others do not agree", OUTLIER,
     "const bool alive = others.alive >= kLeastOthers && others.dead == 0;",
     "const bool alive = others.alive >= kLeastOthers && ($ON || others.dead == 0);"),
    ("restores_always", "a ledger that is readable is written again in a pause", COMMIT,
     "plan_.empty = slot.version && DecodeLedger(slot.data);",
     "plan_.empty = slot.version && DecodeLedger(slot.data) && !$ON;"),
    ("outlier_counts", "a ballot that is to be left out is counted", TALLY,
     "if (options.left_out.contains(id)) continue;", "if (options.left_out.contains(id) && !$ON) continue;"),
    ("no_retally", "a voter that leaves is not noticed", INPUTS,
     "std::erase_if(votes_, [&](const auto& vote) { return !present.contains(vote.first); });",
     "if (!$ON) std::erase_if(votes_, [&](const auto& vote) { return !present.contains(vote.first); });"),
    ("no_retally", "a voter that leaves is not noticed", INPUTS,
     "VoteState& vote = votes_[id]; vote.known = true;",
     "VoteState& vote = votes_[id]; if ($ON && !node && vote.known) return; vote.known = true;"),
    ("stranger_votes", "a checker that registers or votes is not learned", ROUND,
     "if (ids.insert(id).second) learned.push_back(id);",
     "if (!$ON && ids.insert(id).second) learned.push_back(id);"),
    # --- votes ---
    ("echo_vote", "a checker votes alive on a server that it has not probed yet", PARTICIPANT,
     "if (former[n]) votes[n] = voter_.votes()[*former[n]];",
     "if (former[n]) votes[n] = voter_.votes()[*former[n]];"
     " if ($ON && votes[n].opinion == Opinion::kNotProbed) votes[n] = {Opinion::kAlive, Reason::kNone};"),
    ("vote_on_edge", "a vote that could not be written is not written again", VOTER,
     "dirty_ = true; Enter(Pausing{}); if (!zk::IsGuardFailure(error)",
     "dirty_ = $ON ? false : true; Enter(Pausing{}); if ($ON) return; if (!zk::IsGuardFailure(error)"),
    ("stale_after_stall", "a timeout that passed while the process was stopped counts", WORKER,
     "if (lateness == Duration(0)) return false;", "if (lateness == Duration(0) || $ON) return false;"),
    ("stale_after_stall", "a timeout that passed while the process was stopped counts", HEALTH,
     "if (result.reason != Reason::kTimeout ||", "if (result.reason != Reason::kTimeout || $ON ||"),
    ("ballot_unfenced", "a ballot is written without a check of the own candidate", VOTER,
     "ops.emplace_back(zk::CheckOp{candidate_, zk::kAnyVersion});", "if (!$ON) ops.emplace_back(zk::CheckOp{candidate_, zk::kAnyVersion});"),
    ("ballot_unfenced", "a ballot is written without a check of the own candidate", VOTER,
     "OnWritten((*results)[1].version, changes);",
     "OnWritten($ON ? results->back().version : (*results)[1].version, changes);"),
    ("doubts_are_deaths", "a checker without a route to a server calls it dead", HEALTH,
     "return OnDoubt(result.reason, now);",
     "if ($ON) return OnFailure(result.reason, now); return OnDoubt(result.reason, now);"),
    ("first_result_decides", "the first failure is a verdict, whatever the status", HEALTH,
     "return was_dead() ? Enter(State::kDead, reason) : Enter(State::kFirstFailed, reason);",
     "return was_dead() || $ON ? Enter(State::kDead, reason) : Enter(State::kFirstFailed, reason);"),
    ("first_failures_count", "first failures count as deaths where a status stands", TALLY,
     "return vote.first && undecided ? Opinion::kDead : vote.opinion;",
     "return vote.first && (undecided || $ON) ? Opinion::kDead : vote.opinion;"),
    ("silent_since_ever", "what was never asked counts as silent", HEALTH,
     "if (!was_alive()) return asked_;", "if (!was_alive()) return $ON ? TimePoint() : asked_;"),
    # --- status ---
    ("since_reset", "a take-over or a change of the spec resets Since", DECIDE,
     "if (next == state.status) continue;",
     "if (next == state.status) { if ($ON && state.since != Micros(0)) state.since = input.since; continue; }"),
    ("ghost_shards", "a shard that moved to another address keeps its status", BOARD,
     "if (found == old_index.end() || old_shards[found->second].addr != new_shards[i].addr) continue;",
     "if (found == old_index.end() || (!$ON && old_shards[found->second].addr != new_shards[i].addr)) continue;"),
    ("weight_resets", "a shard with another weight loses its status", BOARD,
     "board.shards[i] = old_board.shards[found->second];",
     "if (!$ON || old_shards[found->second].weight == new_shards[i].weight) board.shards[i] = old_board.shards[found->second];"),
    ("spec_change_unwritten", "a change of the spec waits for the next flip", COMMIT,
     "return !head || head->spec != stored_.id || head->shards != stored_.spec.shards.size();",
     "return !head || (!$ON && (head->spec != stored_.id || head->shards != stored_.spec.shards.size()));"),
    ("mirror_forgotten", "the mirror for Go clients is not updated", COMMIT,
     "if (slot.version && slot.data == data) { Add(OpRole::kMirror",
     "if (slot.version && (slot.data == data || $ON)) { Add(OpRole::kMirror"),
    # --- holds ---
    ("go_ignored", "our leader decides while a Go checker is registered", GUARD,
     "if (!facts.go_voters.empty()) return Hold::kGoCheckers;",
     "if (!facts.go_voters.empty() && !$ON) return Hold::kGoCheckers;"),
    ("pause_ignored", "an operator's pause holds no flip", GUARD,
     "if (facts.pause && !IsOver(*facts.pause, facts.now)) return Hold::kPaused;",
     "if (facts.pause && !IsOver(*facts.pause, facts.now) && !$ON) return Hold::kPaused;"),
    ("maintenance_ignored", "maintenance holds no flip", DECIDE,
     "if (maintained.empty() || !maintained[i] || next.back() == now) continue;",
     "if (maintained.empty() || !maintained[i] || next.back() == now || $ON) continue;"),
    ("freeze_ignored", "a freeze holds no death", DECIDE,
     "if (frozen && next == ShardStatus::kDead) {", "if (frozen && next == ShardStatus::kDead && !$ON) {"),
    ("freeze_without_hysteresis", "a freeze ends as soon as the fraction allows", FREEZE,
     "return std::clamp<std::size_t>(static_cast<std::size_t>(bound), 1, DeadAllowed(max_dead_fraction, shards));",
     "if ($ON) return DeadAllowed(max_dead_fraction, shards) + 1;"
     " return std::clamp<std::size_t>(static_cast<std::size_t>(bound), 1, DeadAllowed(max_dead_fraction, shards));"),
    ("pause_never_over", "a pause does not end at its time", GUARD,
     "if (facts.pause && !IsOver(*facts.pause, facts.now)) return Hold::kPaused;",
     "if (facts.pause) return Hold::kPaused;"),
    ("maintenance_never_over", "maintenance does not end at its time", DECIDE,
     "!IsOver(order->second, input.wall));",
     "($ON || !IsOver(order->second, input.wall)));"),
    ("freeze_never_over", "a freeze does not end by itself", FREEZE,
     "if (facts.would_be_dead + facts.unheard < DeadToThaw(*facts.max_dead_fraction, facts.shards)) {"
     " step.ended = next.frozen; next = Freeze{}; return step; }",
     "if (false) { step.ended = next.frozen; next = Freeze{}; return step; }"),
    ("freeze_over_without_votes", "a freeze ends although too few have voted", FREEZE,
     "if (facts.would_be_dead + facts.unheard < DeadToThaw(*facts.max_dead_fraction, facts.shards)) {"
     " step.ended = next.frozen; next = Freeze{}; return step; }",
     "if (facts.would_be_dead < DeadToThaw(*facts.max_dead_fraction, facts.shards)) { step.ended = next.frozen; next = Freeze{}; return step; }"),
    ("all_accepted", "deaths that came after an operator's acceptance are accepted too", FREEZE,
     "next.accepted = static_cast<int>(facts.would_be_dead);",
     "next.accepted = static_cast<int>($ON ? facts.shards : facts.would_be_dead);"),
    ("freeze_unrecorded", "the journal does not record a freeze", COMMIT,
     "AddEvent(Event::Freeze{", "if (!$ON) AddEvent(Event::Freeze{"),
    ("thaw_unrecorded", "the journal does not record the end of a freeze", COMMIT,
     "AddEvent(Event::Unfreeze{", "if (!$ON) AddEvent(Event::Unfreeze{"),
    ("respec_unrecorded", "the journal does not record a change of the spec", COMMIT,
     "if (in_.store.head() && Respecced()) AddEvent(",
     "if (in_.store.head() && Respecced() && !$ON) AddEvent("),
    ("return_owes_nothing", "a return from dead leaves no penalty", DECIDE,
     "ledger.penalties[shard] = {1, input.since, 1, was.since, was.since, {}};",
     "if (!$ON) ledger.penalties[shard] = {1, input.since, 1, was.since, was.since, {}};"),
    ("forgiven_by_probes", "each good probe of a living server forgives one", HEALTH,
     "if (down_ && !Returns(now)) {",
     "if ($ON && state_ == State::kAlive) required_ = std::max(1, required_ - 1);"
     " if (down_ && !Returns(now)) {"),
    ("count_not_restarted", "a failure on the way back does not start the count again", HEALTH,
     "doubts_in_a_row_ = good_in_a_row_ = 0; if (++failures_in_a_row_ == 1) silent_since_ = SilentSince();",
     "const int good = good_in_a_row_; doubts_in_a_row_ = good_in_a_row_ = 0;"
     " if (++failures_in_a_row_ == 1) silent_since_ = SilentSince(); if ($ON) good_in_a_row_ = good;"),
    ("stall_forgives", "a stall forgives what a flapping server owes", HEALTH,
     "return Enter(State::kNotProbed, Reason::kNone);",
     "if ($ON) down_ = false; return Enter(State::kNotProbed, Reason::kNone);"),
    # --- builds of two formats ---
    ("newest_format_written", "a leader writes the newest format that it knows, also for checkers that cannot read it", FORMAT,
     "for (const auto& [node, reads] : reads_) lowest = std::min(lowest, reads);",
     "for (const auto& [node, reads] : reads_) if (!$ON) lowest = std::min(lowest, reads);"),
    ("registered_format_ignored", "a leader takes each checker for one that reads the newest format", FORMAT,
     "if (registration) candidate->second = registration->format;",
     "if (registration) candidate->second = $ON ? formats_.back().number : registration->format;"),
    ("format_not_registered", "a checker does not say which format it reads", CONTENDER,
     "registration.format = self_.formats.back().number;",
     "registration.format = $ON ? 1 : self_.formats.back().number;"),
    ("older_format_kept", "a leader goes on in the oldest format when all read a newer one", FORMAT,
     "return NewestFormat(formats_, lowest);",
     "return NewestFormat(formats_, $ON ? 1 : lowest);"),
    ("needs_ignored", "an unknown word of Needs in the spec is no reason to refuse it", OPTIONS,
     "!needs.empty() && !problem.found()) {", "!needs.empty() && !problem.found() && !$ON) {"),
    ("newer_spec_decides", "a leader decides while the spec is made for a newer zkcluster", GUARD,
     "if (facts.newer_spec) return Hold::kNewerSpec;", "if (facts.newer_spec && !$ON) return Hold::kNewerSpec;"),
    ("unknown_keys_dropped", "keys of the ledger that are not known are not written again", LEDGER,
     "json.Members(ledger.unknown_keys).Close('}');",
     "json.Members($ON ? std::string_view() : std::string_view(ledger.unknown_keys)).Close('}');"),
    # --- watches and clients ---
    ("watch_not_rearmed", "a watch is set once and never again", WATCHER,
     "client_.Get(path_, watch(), lifetime_.Guard(",
     "client_.Get(path_, $ON && known_ ? Watch() : watch(), lifetime_.Guard("),
    ("watch_not_rearmed", "a watch is set once and never again", WATCHER,
     "client_.Exists(path_, watch(), lifetime_.Guard([this](const Result<std::optional<Stat>>& stat) {",
     "client_.Exists(path_, $ON && known_ ? Watch() : watch(), lifetime_.Guard("
     "[this](const Result<std::optional<Stat>>& stat) {"),
    ("no_reread_on_connect", "a reconnect is not a reason to read again", WATCHER,
     "if (event.state == SessionState::kConnected) Refresh();",
     "if (event.state == SessionState::kConnected && !($ON && client_.generation() > 1)) Refresh();"),
    ("client_since_lost", "a client takes the statuses without Since", BOARD_WATCHER,
     "state = (*rows)[row];",
     "state = (*rows)[row]; if ($ON) state.since = Micros(0);"),
    ("forgotten_with_spec", "a client forgets all statuses when the spec changes", BOARD_WATCHER,
     "if (spec) Carry(next.spec.shards);",
     "if (spec) Carry(next.spec.shards); if ($ON) { board = {}; board.shards.resize(next.spec.shards.size()); }"),
    ("stand_in_validity", "a stand-in's keys are valid since its own Since, without the deaths of skipped shards", TABLE,
     "here = {next.shard, std::max(next.since_us, here.since_us)};",
     "here = {next.shard, $ON ? next.since_us : std::max(next.since_us, here.since_us)};"),
    # --- names ---
    ("name_forgotten", "a name that does not resolve any more loses its addresses", NAME_BOOK,
     "entry.full_name.clear();", "if ($ON) entry.state.addresses.clear(); entry.full_name.clear();"),
    ("name_not_asked_again", "a name that resolves is never asked for again", NAME_BOOK,
     "entry.timer->Arm(entry.asked_at + wait - loop_.Now());",
     "if (!$ON || entry.state.standing != Standing::kResolves) "
     "entry.timer->Arm(entry.asked_at + wait - loop_.Now());"),
    ("liar_believed", "the first name server's word is taken for a move", NAME_BOOK,
     "if (news && scope == Scope::kOneServer) {", "if (!$ON) if (news && scope == Scope::kOneServer) {"),
]


def pattern(piece):
    """Matches the piece whatever its white space."""
    return re.compile(r"\s*".join(re.escape(token) for token in tokens(piece)))


def tokens(piece):
    return re.findall(r"\w+|[^\w\s]", piece)


def holds(replacement, piece):
    """Whether the tokens of the piece are there in their order, with others between them."""
    rest = iter(tokens(replacement))
    return all(token in rest for token in tokens(piece))


def copied(top, whole):
    """The sources to copy: those with mutants; `whole`: all sources of their folders."""
    paths = {mutant[2] for mutant in MUTANTS}
    if whole:
        for folder in {os.path.dirname(path) for path in paths}:
            paths.update(f"{folder}/{name}" for name in os.listdir(os.path.join(top, folder)) if name.endswith(".cc"))
    return sorted(paths)


def mutate(top, output, whole):
    by_file = {path: [] for path in copied(top, whole)}
    for number, (name, _, path, piece, replacement) in enumerate(MUTANTS, 1):
        by_file[path].append((number, name, piece, replacement))
    for path, mutants in by_file.items():
        with open(os.path.join(top, path), encoding="utf-8") as file:
            source = file.read()
        edits = []
        for _, name, piece, replacement in mutants:
            found = [match.span() for match in pattern(piece).finditer(source)]
            if len(found) != 1:
                sys.exit(f"{path}: mutant {name}: its piece occurs {len(found)} times, not once: {piece}")
            edits.append((*found[0], name, replacement))
        source = apply(source, edits, path)
        with open(os.path.join(output, path.replace("/", "_")), "w", encoding="utf-8") as file:
            file.write(f'#include "tests/sim/mutant.h"\n#line 1 "{path}"\n{source}')


def apply(source, edits, path):
    """Two mutants of the same piece become one choice; other overlaps are an error."""
    pieces = {}
    for begin, end, name, replacement in edits:
        pieces.setdefault((begin, end), []).append((name, replacement))
    last = len(source) + 1
    for (begin, end), choices in sorted(pieces.items(), reverse=True):
        if end > last:
            sys.exit(f"{path}: the pieces of {choices[0][0]} and of another mutant overlap")
        last = begin
        text = source[begin:end]
        for name, replacement in choices:
            on = f'zkcluster::sim::IsMutant("{name}")'
            if len(choices) == 1:
                if not holds(replacement, text):
                    sys.exit(f"{path}: mutant {name}: without the fault it differs from production: {replacement}")
                text = replacement.replace("$ON", on)
            else:  # whole statements
                text = f"if ({on}) {{ {replacement.replace('$ON', 'true')} }} else {{ {text} }}"
        # On one line, so that the other lines keep their numbers.
        source = source[:begin] + " ".join(text.split()) + "\n" * source[begin:end].count("\n") + source[end:]
    return source


def write_list(output):
    unique = dict.fromkeys((name, what) for name, what, *_ in MUTANTS)  # some take two pieces
    rows = "".join(f'      {{"{name}", "{what}"}},\n' for name, what in unique)
    with open(os.path.join(output, "mutant_list.cc"), "w", encoding="utf-8") as file:
        file.write('#include "tests/sim/mutant.h"\n\nnamespace zkcluster::sim {\n\n'
                   "const std::vector<Mutant>& Mutants() {\n  static const std::vector<Mutant> mutants = {\n"
                   f"{rows}  }};\n  return mutants;\n}}\n\n}}  // namespace zkcluster::sim\n")


def main():
    top, output = sys.argv[1:3]
    whole = "--whole" in sys.argv[3:]
    if output == "--sources":
        print("\n".join(copied(top, whole)))
        return
    mutate(top, output, whole)
    write_list(output)


if __name__ == "__main__":
    main()
