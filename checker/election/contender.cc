#include "checker/election/contender.h"

#include <algorithm>

#include "codec/codec.h"

namespace zkcluster {

namespace {

// A ghost's session ends within its timeout; the server checks by ticks,
// and its clock may run slower.
Duration TwinPatience(Duration session_timeout) {
  return session_timeout * 3 / 2 + std::chrono::seconds(1);
}

}  // namespace

Contender::Contender(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths,
                     Identity identity, Callbacks callbacks)
    : loop_(loop),
      logger_(logger),
      client_(client),
      paths_(std::move(paths)),
      identity_(std::move(identity)),
      callbacks_(std::move(callbacks)),
      watch_(std::make_shared<zk::WatchFunction>([this](const zk::WatchEvent&) {
        if (phase_ == Phase::kFollowing || phase_ == Phase::kWaiting || phase_ == Phase::kLeading)
          Evaluate();
      })),
      retry_(loop.NewTimer([this] { Start(); })),
      patience_(loop.NewTimer([this] { Evaluate(); })),
      backoff_(std::chrono::milliseconds(100), std::chrono::seconds(5)),
      session_(client.OnSession([this](const zk::SessionEvent& event) { OnSession(event); })) {
  // Not from within the constructor: the owner still has to store us before callbacks come.
  if (client_.state() == SessionState::kConnected) retry_->Arm(Duration::zero());
}

Contender::~Contender() = default;

void Contender::OnSession(const zk::SessionEvent& event) {
  if (phase_ == Phase::kRefused || phase_ == Phase::kLeft) return;
  if (event.state == SessionState::kLost) own_node_.clear();
  GoAway();
  if (event.state == SessionState::kConnected) Start();
}

void Contender::GoAway() {
  attempt_.Reset();
  retry_->Cancel();
  patience_->Cancel();
  // Whoever held our id may have been given its timeout anew by an ensemble that was away itself.
  waiting_for_.reset();
  phase_ = Phase::kAway;
  LoseLeadership();
  SetRegistered(false);
}

void Contender::Start() {
  if (phase_ == Phase::kRefused || phase_ == Phase::kLeft) return;
  attempt_.Reset();
  retry_->Cancel();
  phase_ = Phase::kRegistering;
  // Whether a candidate stands, and before whose, is to be seen: until then a ballot under our id
  // may be that of another daemon, and none of our business.
  SetRegistered(false);
  EnsureParents();
}

void Contender::StepDown(std::string_view why) {
  if (!leading_) return;
  logger_.Warn("election.step_down",
               {{"cluster", paths_.name()}, {"id", identity_.id}, {"why", why}});
  LoseLeadership();
  phase_ = Phase::kRegistering;
  attempt_.Reset();
  retry_->Arm(Duration::zero());
}

void Contender::Retry(const Error& error, std::string_view doing) {
  // Without a session the next one starts us again; asking before would only fail again.
  if (client_.state() != SessionState::kConnected) return;
  // One of these two is somebody being quicker; many in a row are something to look at.
  if (!zk::IsGuardFailure(error) || ++ordinary_in_a_row_ % 10 == 0) {
    logger_.Warn("election.error", {{"cluster", paths_.name()},
                                    {"doing", doing},
                                    {"code", ErrorCodeName(error.code)},
                                    {"error", error.message}});
  }
  attempt_.Reset();
  LoseLeadership();
  SetRegistered(false);
  phase_ = Phase::kRegistering;
  retry_->Arm(backoff_.Next(loop_.Random()));
}

// A cluster made by the Go manager has no quorum/ yet.
// Creating below a deleted cluster fails by itself.
void Contender::EnsureParents() {
  const std::vector<std::string> parents = {paths_.quorum(), paths_.election(), paths_.votes(),
                                            paths_.chunks(), paths_.events()};
  const auto pending = std::make_shared<std::size_t>(parents.size());
  const auto there = [this, pending] {
    if (--*pending == 0) LookForSelf();
  };
  for (const auto& path : parents) {
    client_.Exists(path, {}, Guard([this, path, there](Result<std::optional<zk::Stat>> stat) {
                     if (!stat) return Retry(stat.error(), "look for quorum/");
                     if (*stat) return there();
                     // Requests are served in order: the parent's create is ahead
                     // of its children's.
                     client_.Create(path, "", zk::CreateMode::kPersistent,
                                    Guard([this, there](Result<std::string> created) {
                                      if (!created && created.error().code != ErrorCode::kExists) {
                                        return Retry(created.error(), "create quorum/");
                                      }
                                      there();
                                    }));
                   }));
  }
}

// An earlier create may have succeeded although its answer was lost, and a former session of this
// process may have left a ghost: both carry our guid, and the ephemeral owner tells which is which.
void Contender::LookForSelf() {
  client_.Children(paths_.election(), {}, Guard([this](Result<std::vector<std::string>> nodes) {
                     if (!nodes) return Retry(nodes.error(), "list candidates");
                     std::vector<std::string> own;
                     for (const auto& candidate : SortCandidates(*nodes)) {
                       if (candidate.name.guid == identity_.guid) own.push_back(candidate.node);
                     }
                     own_node_.clear();
                     if (own.empty()) return CreateCandidate();
                     const auto pending = std::make_shared<std::size_t>(own.size());
                     for (const auto& node : own) {
                       client_.Exists(
                           paths_.candidate(node), {},
                           Guard([this, node, pending](Result<std::optional<zk::Stat>> stat) {
                             if (!stat) return Retry(stat.error(), "look for own candidate");
                             if (*stat) {
                               if (IsSound(**stat) && own_node_.empty()) {
                                 own_node_ = node;
                               } else {
                                 client_.Delete(paths_.candidate(node), (*stat)->version,
                                                [](Result<void>) {});
                               }
                             }
                             if (--*pending > 0) return;
                             if (own_node_.empty()) return CreateCandidate();
                             Evaluate();
                           }));
                     }
                   }));
}

// Whoever may have written into it: it carries our guid.
void Contender::RemoveGhost(const std::string& node) {
  const std::string path = paths_.candidate(node);
  client_.Exists(path, {}, Guard([this, path](Result<std::optional<zk::Stat>> stat) {
                   if (!stat || !*stat) return;
                   client_.Delete(path, (*stat)->version, [](Result<void>) {});
                 }));
}

// Every fence checks version 0. A candidate some hand has written into could never lead, and would
// stand in the way of all behind it for as long as its session lives.
bool Contender::IsSound(const zk::Stat& stat) const {
  return stat.ephemeral_owner == client_.session_id() && stat.version == 0;
}

void Contender::CreateCandidate() {
  Registration registration = identity_.registration;
  registration.id = identity_.id;
  registration.since = loop_.WallNow();
  registration.session_timeout = client_.session_timeout();
  client_.Create(paths_.election() + "/" + CandidatePrefix(identity_.id, identity_.guid),
                 EncodeRegistration(registration), zk::CreateMode::kEphemeralSequential,
                 Guard([this](Result<std::string> path) {
                   // kUnknownOutcome included: the next start looks for our guid before
                   // it creates again.
                   if (!path) return Retry(path.error(), "create candidate");
                   own_node_ = path->substr(path->rfind('/') + 1);
                   Evaluate();
                 }));
}

void Contender::Evaluate() {
  if (client_.state() != SessionState::kConnected || own_node_.empty()) return;
  client_.Children(paths_.election(), {}, Guard([this](Result<std::vector<std::string>> nodes) {
                     if (!nodes) return Retry(nodes.error(), "list candidates");
                     OnCandidates(*nodes);
                   }));
}

void Contender::OnCandidates(const std::vector<std::string>& nodes) {
  if (phase_ == Phase::kTakingOver) return;  // an earlier look has led here already
  const Standing standing =
      FindStanding(SortCandidates(nodes), identity_.id, identity_.guid, own_node_);
  for (const auto& ghost : standing.ghosts) RemoveGhost(ghost.node);
  if (!standing.registered) {
    logger_.Warn("election.candidate_gone", {{"cluster", paths_.name()}, {"node", own_node_}});
    own_node_.clear();
    LoseLeadership();
    SetRegistered(false);
    phase_ = Phase::kRegistering;
    return Retry({ErrorCode::kNotFound, "own candidate is gone"}, "stand for election");
  }
  if (standing.twin) return WaitForTwin(*standing.twin);
  waiting_for_.reset();
  patience_->Cancel();
  SetRegistered(true);
  if (leading_ && standing.first) {
    phase_ = Phase::kLeading;  // the fence of each commit keeps judging that
    return;
  }
  LoseLeadership();
  if (standing.first) return TakeOver();
  if (standing.predecessor) Follow(*standing.predecessor);
}

void Contender::WaitForTwin(const Candidate& twin) {
  phase_ = Phase::kWaiting;
  LoseLeadership();
  SetRegistered(false);
  client_.Get(paths_.candidate(twin.node), watch_, Guard([this, twin](Result<zk::Node> node) {
                if (!node && node.error().code == ErrorCode::kNotFound) return Evaluate();
                if (!node) return Retry(node.error(), "read the candidate that holds our id");
                Registration holder{twin.name.id, "", "", 0, "", Micros(0), Duration::zero()};
                if (auto decoded = DecodeRegistration(node->data)) holder = *std::move(decoded);
                OnTwin(twin, holder);
              }));
}

void Contender::OnTwin(const Candidate& twin, const Registration& holder) {
  const Duration patience =
      TwinPatience(std::max(client_.session_timeout(), holder.session_timeout));
  if (waiting_for_ != twin.node) {
    waiting_for_ = twin.node;
    waiting_since_ = loop_.Now();
    patience_->Arm(patience);
    logger_.Warn(
        "election.id_in_use",
        {{"cluster", paths_.name()},
         {"id", identity_.id},
         {"held_by", twin.node},
         {"wait_ms", std::chrono::duration_cast<std::chrono::milliseconds>(patience).count()}});
  }
  if (loop_.Now() - waiting_since_ < patience) return;
  phase_ = Phase::kRefused;
  attempt_.Reset();
  client_.Delete(paths_.candidate(own_node_), 0, [](Result<void>) {});
  callbacks_.refused(holder);
}

void Contender::Follow(const Candidate& predecessor) {
  if (phase_ != Phase::kFollowing) {
    logger_.Info(
        "election.following",
        {{"cluster", paths_.name()}, {"id", identity_.id}, {"predecessor", predecessor.node}});
  }
  phase_ = Phase::kFollowing;
  backoff_.Reset();
  ordinary_in_a_row_ = 0;
  // Our own znode is watched as well: an operator, or a hand-made cleanup, may remove it.
  client_.Exists(paths_.candidate(own_node_), watch_,
                 Guard([this](Result<std::optional<zk::Stat>> stat) {
                   if (!stat) return Retry(stat.error(), "watch own candidate");
                   if (!*stat) Evaluate();
                 }));
  client_.Exists(paths_.candidate(predecessor.node), watch_,
                 Guard([this](Result<std::optional<zk::Stat>> stat) {
                   if (!stat) return Retry(stat.error(), "watch predecessor");
                   if (!*stat) Evaluate();
                 }));
}

// First by number is not enough: the candidate must be of this very session, and only the committed
// write of `leader` makes a leader.
void Contender::TakeOver() {
  phase_ = Phase::kTakingOver;
  client_.Exists(
      paths_.candidate(own_node_), watch_, Guard([this](Result<std::optional<zk::Stat>> stat) {
        if (!stat) return Retry(stat.error(), "confirm own candidate");
        if (!*stat || !IsSound(**stat)) return Start();
        client_.Get(paths_.leader(), {}, Guard([this](Result<zk::Node> node) {
                      if (!node && node.error().code != ErrorCode::kNotFound) {
                        return Retry(node.error(), "read leader");
                      }
                      LeaderRecord record{identity_.id, 1, loop_.WallNow()};
                      if (!node) return FindEpoch(record, std::nullopt);
                      if (auto last = DecodeLeader(node->data)) {
                        record.epoch = last->epoch + 1;
                        return CommitTakeOver(record, node->stat.version);
                      }
                      logger_.Error("election.bad_leader_record",
                                    {{"cluster", paths_.name()}, {"path", paths_.leader()}});
                      // It is written once per epoch.
                      record.epoch = std::int64_t{node->stat.version} + 2;
                      FindEpoch(record, node->stat.version);
                    }));
      }));
}

// `leader` is undecodable, or gone (or never was): epochs must not fall all the same, or clients
// would take what we decide for old news. The head holds the last epoch that decided.
void Contender::FindEpoch(LeaderRecord record, std::optional<zk::Version> expected) {
  client_.Get(paths_.head(), {}, Guard([this, record, expected](Result<zk::Node> head) mutable {
                if (!head && head.error().code != ErrorCode::kNotFound) {
                  return Retry(head.error(), "read the last epoch");
                }
                const auto decoded = head ? DecodeHead(head->data) : Result<Head>();
                if (decoded) record.epoch = std::max(record.epoch, decoded->epoch + 1);
                // Each decision wrote the head once, and no epoch began without one take-over.
                if (!decoded) record.epoch += std::int64_t{head->stat.version} + 1;
                FindEpochInJournal(record, expected);
              }));
}

// Not every epoch has decided something. But each take-over wrote an event,
// and the newest are kept.
void Contender::FindEpochInJournal(LeaderRecord record, std::optional<zk::Version> expected) {
  client_.Children(paths_.events(), {},
                   Guard([this, record, expected](Result<std::vector<std::string>> names) {
                     if (!names && names.error().code != ErrorCode::kNotFound) {
                       return Retry(names.error(), "read the journal for the last epoch");
                     }
                     auto newest = std::make_shared<std::vector<std::string>>();
                     if (names) *newest = *std::move(names);
                     std::sort(newest->begin(), newest->end());
                     ReadJournal(record, expected, newest);
                   }));
}

// From the newest event, the last of `names`, to the first that tells of an epoch. (Numbers past
// 2^31 - 1 sort before: then an older event is read, and the versions above still count.)
void Contender::ReadJournal(LeaderRecord record, std::optional<zk::Version> expected,
                            const std::shared_ptr<std::vector<std::string>>& names) {
  if (names->empty()) return CommitTakeOver(record, expected);
  const std::string path = paths_.events() + "/" + names->back();
  names->pop_back();
  client_.Get(path, {}, Guard([this, record, expected, names](Result<zk::Node> node) mutable {
                if (!node && node.error().code != ErrorCode::kNotFound) {
                  return Retry(node.error(), "read the journal for the last epoch");
                }
                const auto event = node ? DecodeEvent(node->data) : Result<Event>(Event());
                if (!event || event->epoch == 0) return ReadJournal(record, expected, names);
                record.epoch = std::max(record.epoch, event->epoch + 1);
                CommitTakeOver(record, expected);
              }));
}

void Contender::CommitTakeOver(const LeaderRecord& record, std::optional<zk::Version> expected) {
  Event event;
  event.kind = Event::Kind::kLeader;
  event.at = record.since;
  event.leader = record.id;
  event.epoch = record.epoch;
  std::vector<zk::Op> ops;
  ops.push_back(zk::CheckOp{paths_.candidate(own_node_), 0});
  if (expected) {
    ops.push_back(zk::SetOp{paths_.leader(), EncodeLeader(record), *expected});
  } else {
    ops.push_back(zk::CreateOp{paths_.leader(), EncodeLeader(record)});
  }
  ops.push_back(zk::CreateOp{paths_.event_prefix(), EncodeEvent(event),
                             zk::CreateMode::kPersistentSequential});
  client_.Multi(std::move(ops),
                Guard([this, record, expected](Result<std::vector<zk::OpResult>> results) {
                  // A lost answer needs no guess: the reconnect starts over and
                  // reads `leader` again.
                  if (!results) return Retry(results.error(), "take over");
                  Lead(record, expected ? (*results)[1].version : 0);
                }));
}

void Contender::Lead(const LeaderRecord& record, zk::Version token) {
  phase_ = Phase::kLeading;
  leading_ = true;
  retry_->Cancel();
  backoff_.Reset();
  ordinary_in_a_row_ = 0;
  logger_.Info("election.leading", {{"cluster", paths_.name()},
                                    {"id", identity_.id},
                                    {"epoch", record.epoch},
                                    {"token", token}});
  callbacks_.elected({paths_.candidate(own_node_), token, record});
}

void Contender::LoseLeadership() {
  if (!leading_) return;
  leading_ = false;
  logger_.Info("election.deposed", {{"cluster", paths_.name()}, {"id", identity_.id}});
  callbacks_.deposed();
}

void Contender::SetRegistered(bool registered) {
  if (registered_ == registered) return;
  registered_ = registered;
  if (registered) {
    logger_.Info("election.registered",
                 {{"cluster", paths_.name()}, {"id", identity_.id}, {"node", own_node_}});
    callbacks_.registered(paths_.candidate(own_node_));
  } else {
    callbacks_.unregistered();
  }
}

void Contender::Leave(std::vector<zk::Op> also, std::function<void()> done) {
  LoseLeadership();
  phase_ = Phase::kLeft;
  attempt_.Reset();
  retry_->Cancel();
  patience_->Cancel();
  if (own_node_.empty() || client_.state() != SessionState::kConnected) return done();
  const std::string path = paths_.candidate(own_node_);
  also.push_back(zk::DeleteOp{path, 0});
  client_.Multi(std::move(also),
                Guard([this, path, done](Result<std::vector<zk::OpResult>> results) {
                  if (results) return done();
                  // The ballot may have changed or gone meanwhile;
                  // the candidate still has to go at once.
                  client_.Delete(path, 0, Guard([done](Result<void>) { done(); }));
                }));
}

}  // namespace zkcluster
