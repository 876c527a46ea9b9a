#include "checker/election/contender.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/join.h"
#include "checker/rules/succession.h"
#include "codec/codec.h"
#include "zk/errors.h"

namespace zkcluster {

namespace {

constexpr std::size_t kWatched = kShadows + 1;

// A ghost's session ends within its timeout. The server checks only at its ticks, and its clock
// may be slower.
Duration TwinPatience(Duration session_timeout) {
  return session_timeout * 3 / 2 + std::chrono::seconds(1);
}

}  // namespace

Contender::Contender(ClusterScope scope, Registrant self, Callbacks callbacks)
    : scope_(std::move(scope)),
      self_(std::move(self)),
      callbacks_(std::move(callbacks)),
      epochs_(scope_),
      watch_(std::make_shared<zk::WatchFunction>(
          [this](const zk::WatchEvent& event) { OnWatch(event); })),
      retry_(scope_.loop.NewTimer([this] { Start(); })),
      patience_(scope_.loop.NewTimer([this] { Evaluate(); })),
      late_create_(scope_.loop.NewTimer([this] {
        if (registered()) Evaluate();
      })),
      backoff_(std::chrono::milliseconds(100), std::chrono::seconds(5)),
      session_(
          scope_.client.OnSession([this](const zk::SessionEvent& event) { OnSession(event); })) {
  // Not from within the constructor: the owner still has to store us before callbacks come.
  if (scope_.client.state() == SessionState::kConnected) retry_->Arm(Duration::zero());
}

Contender::~Contender() = default;

std::string_view Contender::NameOf(const State& state) {
  constexpr std::array<std::string_view, std::variant_size_v<State>> kNames = {
      "away", "registering", "waiting", "following", "taking_over", "leading", "refused", "left"};
  return kNames[state.index()];
}

std::string Contender::own_node() const {
  return std::visit(
      [](const auto& state) {
        if constexpr (requires { state.node; }) return state.node;
        return std::string();
      },
      state_);
}

void Contender::Enter(State next) {
  const bool was_registered = registered();
  const bool was_leading = leading();
  const bool was_following = In<Following>();
  const State before = std::exchange(state_, std::move(next));
  if (before.index() != state_.index()) {
    scope_.logger.Debug("election.state", {{"cluster", scope_.paths.name()},
                                           {"id", self_.id},
                                           {"from", NameOf(before)},
                                           {"to", NameOf(state_)}});
  }
  // These four begin or end an attempt.
  if (In<Away>() || In<Registering>() || over()) {
    attempt_.Reset();
    listing_ = Listing::kNone;
  }
  retry_->Cancel();
  if (!In<Waiting>()) patience_->Cancel();
  Announce(was_registered, was_leading);
  if (was_following && !In<Following>() && callbacks_.following) callbacks_.following({});
}

void Contender::Announce(bool was_registered, bool was_leading) {
  const bool registers = registered() && !was_registered;
  if (registers) {
    scope_.logger.Info("election.registered",
                       {{"cluster", scope_.paths.name()}, {"id", self_.id}, {"node", own_node()}});
    callbacks_.registered(own_path());
  }
  if (was_leading && !leading()) {
    scope_.logger.Info("election.deposed", {{"cluster", scope_.paths.name()}, {"id", self_.id}});
    callbacks_.deposed();
  }
  if (was_registered && !registered()) callbacks_.unregistered();
}

void Contender::OnWatch(const zk::WatchEvent& event) {
  // Another candidate may have this name soon: numbers may repeat.
  const bool ghost = std::erase_if(ghosts_, [&](const std::string& one) {
                       return scope_.paths.candidate(one) == event.path;
                     }) > 0;
  // That a ghost goes changes nothing for anybody, and a leader removes hundreds of them at once.
  if (ghost && event.kind == zk::WatchKind::kDeleted) return;
  if (In<Following>() || In<Waiting>() || In<Leading>()) Evaluate();
}

void Contender::OnSession(const zk::SessionEvent& event) {
  if (over()) return;
  // The wait for a twin ends here, too: an ensemble that comes back gives every session its full
  // timeout again, the twin's included.
  Enter(Away{});
  if (event.state == SessionState::kConnected) Start();
}

// It is not known yet whether our candidate exists and where it is in the order. Until then a
// ballot under our id may be another daemon's, and must not be touched.
void Contender::Start() {
  if (over()) return;
  ghosts_.clear();  // a new session has none of the watches on them
  // It may be served after the list that FindOwnCandidates reads: then there are two of ours.
  if (std::exchange(creating_, false)) late_create_->Arm(scope_.client.session_timeout());
  Enter(Registering{own_node()});
  EnsureParents();
}

void Contender::StepDown(std::string_view why) {
  if (!leading()) return;
  scope_.logger.Warn("election.step_down",
                     {{"cluster", scope_.paths.name()}, {"id", self_.id}, {"why", why}});
  Enter(Registering{own_node()});
  retry_->Arm(Duration::zero());
}

void Contender::Retry(const Error& error, std::string_view doing) {
  // Without a session wait for the next one, which starts us again: a request now would only fail.
  if (scope_.client.state() != SessionState::kConnected) return;
  // Each of these two errors means that another was quicker. Only many in a row are logged.
  if (!zk::IsGuardFailure(error) || ++ordinary_in_a_row_ % 10 == 0) {
    scope_.logger.Warn("election.error", {{"cluster", scope_.paths.name()},
                                          {"doing", doing},
                                          {"code", ErrorCodeName(error.code)},
                                          {"error", error.message}});
  }
  Enter(Registering{own_node()});
  retry_->Arm(backoff_.Next(scope_.loop.Random()));
}

// A cluster made by the Go manager has no quorum/ yet.
// Creating below a deleted cluster fails by itself.
void Contender::EnsureParents() {
  const ClusterPaths& paths = scope_.paths;
  const std::vector<std::string> parents = {paths.quorum(), paths.election(), paths.votes(),
                                            paths.chunks(), paths.events()};
  const auto pending = std::make_shared<std::size_t>(parents.size());
  const auto there = [this, pending] {
    if (--*pending == 0) FindOwnCandidates();
  };
  for (const auto& path : parents) EnsureNode(path, there);
}

void Contender::EnsureNode(const std::string& path, const std::function<void()>& there) {
  const auto on_created = Guard([this, there](const Result<std::string>& created) {
    if (created || created.error().code == ErrorCode::kExists) return there();
    Retry(created.error(), "create quorum/");
  });
  scope_.client.Exists(path, {},
                       Guard([this, path, there, on_created](Result<std::optional<zk::Stat>> stat) {
                         if (!stat) return Retry(stat.error(), "find quorum/");
                         if (*stat) return there();
                         // Requests are served in order: the parent's create is ahead
                         // of its children's.
                         scope_.client.Create(path, "", zk::CreateMode::kPersistent, on_created);
                       }));
}

// An earlier create may have succeeded although its answer was lost, and a former session of this
// process may have left a ghost. Both carry our guid; the ephemeral owner distinguishes them.
void Contender::FindOwnCandidates() {
  std::get<Registering>(state_).node.clear();
  scope_.client.Children(scope_.paths.election(), {},
                         Guard([this](Result<std::vector<std::string>> nodes) {
                           if (!nodes) return Retry(nodes.error(), "list candidates");
                           std::vector<std::string> own;
                           for (const auto& candidate : SortCandidates(*nodes)) {
                             if (candidate.name.guid == self_.guid) own.push_back(candidate.node);
                           }
                           std::reverse(own.begin(), own.end());
                           Inspect(std::move(own));
                         }));
}

// One after another, the last of `own` first: there is seldom more than one.
void Contender::Inspect(std::vector<std::string> own) {
  if (own.empty()) return own_node().empty() ? CreateCandidate() : Evaluate();
  const std::string node = std::move(own.back());
  own.pop_back();
  scope_.client.Exists(
      scope_.paths.candidate(node), {},
      Guard([this, node, own = std::move(own)](Result<std::optional<zk::Stat>> stat) mutable {
        if (!stat) return Retry(stat.error(), "find own candidate");
        if (*stat) KeepOrRemove(node, **stat);
        Inspect(std::move(own));
      }));
}

void Contender::KeepOrRemove(const std::string& node, const zk::Stat& stat) {
  std::string& own = std::get<Registering>(state_).node;
  if (IsSound(stat) && own.empty()) {
    own = node;
  } else {
    scope_.client.Delete(scope_.paths.candidate(node), stat.version, [](Result<void>) {});
  }
}

// It is deleted at any version: the guid proves that it is ours.
void Contender::RemoveGhost(const std::string& node) {
  const std::string path = scope_.paths.candidate(node);
  scope_.client.Exists(path, {}, Guard([this, path](Result<std::optional<zk::Stat>> stat) {
                         if (!stat || !*stat) return;
                         scope_.client.Delete(path, (*stat)->version, [](Result<void>) {});
                       }));
}

// Every fence checks version 0. A candidate that an outsider has written to could never lead, and
// would block all behind it while its session lives.
bool Contender::IsSound(const zk::Stat& stat) const {
  return stat.ephemeral_owner == scope_.client.session_id() && stat.version == 0;
}

void Contender::CreateCandidate() {
  Registration registration = self_.registration;
  registration.id = self_.id;
  registration.since = scope_.loop.WallNow();
  registration.session_timeout = scope_.client.session_timeout();
  registration.format = self_.formats.back().number;
  creating_ = true;
  scope_.client.Create(scope_.paths.election() + "/" + CandidatePrefix(self_.id, self_.guid),
                       EncodeRegistration(registration), zk::CreateMode::kEphemeralSequential,
                       Guard([this](Result<std::string> path) {
                         creating_ = !path && path.error().code == ErrorCode::kUnknownOutcome;
                         // kUnknownOutcome included: the next start searches for our guid before
                         // it creates again.
                         if (!path) return Retry(path.error(), "create candidate");
                         std::get<Registering>(state_).node = path->substr(path->rfind('/') + 1);
                         Evaluate();
                       }));
}

void Contender::Evaluate() {
  if (scope_.client.state() != SessionState::kConnected || own_node().empty()) return;
  if (listing_ != Listing::kNone) {
    listing_ = Listing::kStale;
    return;
  }
  listing_ = Listing::kListing;
  scope_.client.Children(
      scope_.paths.election(), {}, Guard([this](Result<std::vector<std::string>> nodes) {
        const bool stale = std::exchange(listing_, Listing::kNone) == Listing::kStale;
        if (!nodes) return Retry(nodes.error(), "list candidates");
        if (stale) Evaluate();
        OnCandidates(*nodes);
      }));
}

void Contender::OnCandidates(const std::vector<std::string>& nodes) {
  if (In<TakingOver>()) return;  // an earlier list has led here already
  std::erase_if(ghosts_, [&](const std::string& ghost) {
    return std::find(nodes.begin(), nodes.end(), ghost) == nodes.end();
  });
  std::vector<Candidate> candidates = SortCandidates(nodes);
  std::erase_if(candidates, [&](const Candidate& one) { return ghosts_.contains(one.node); });
  const Standing standing = FindStanding(candidates, self_.id, self_.guid, own_node());
  for (const auto& ghost : standing.ghosts) RemoveGhost(ghost.node);
  if (!standing.registered) return OnCandidateGone();
  if (standing.twin) return WaitForTwin(*standing.twin);
  if (leading() && standing.first) return;  // the fence of each commit checks that anyway
  if (standing.first) return TakeOver(std::nullopt);
  Follow(standing.before);
}

void Contender::OnCandidateGone() {
  scope_.logger.Warn("election.candidate_gone",
                     {{"cluster", scope_.paths.name()}, {"node", own_node()}});
  Enter(Registering{});
  Retry({ErrorCode::kNotFound, "own candidate is gone"}, "stay a candidate");
}

void Contender::WaitForTwin(const Candidate& twin) {
  const auto* const waiting = std::get_if<Waiting>(&state_);
  if (waiting == nullptr || waiting->twin != twin.node) {
    Enter(Waiting{own_node(), twin.node, std::nullopt});
  }
  scope_.client.Exists(scope_.paths.candidate(twin.node), watch_,
                       Guard([this, twin](Result<std::optional<zk::Stat>> stat) {
                         if (!stat) return Retry(stat.error(), "find the candidate of our id");
                         if (!*stat) return Evaluate();
                         if (!(*stat)->has_owner()) return Ignore(twin.node);
                         ReadTwin(twin);
                       }));
}

void Contender::ReadTwin(const Candidate& twin) {
  scope_.client.Get(scope_.paths.candidate(twin.node), {},
                    Guard([this, twin](Result<zk::Node> node) {
                      if (!node && node.error().code == ErrorCode::kNotFound) return Evaluate();
                      if (!node) return Retry(node.error(), "read the candidate that holds our id");
                      Registration holder{twin.name.id, "", "", 0, "", Micros(0), Duration::zero()};
                      if (auto decoded = DecodeRegistration(node->data)) holder = *decoded;
                      OnTwin(twin, holder);
                    }));
}

void Contender::OnTwin(const Candidate& twin, const Registration& holder) {
  auto* const waiting = std::get_if<Waiting>(&state_);
  if (waiting == nullptr || waiting->twin != twin.node) return;  // a newer list has decided
  if (!waiting->until) {
    const Duration patience =
        TwinPatience(std::max(scope_.client.session_timeout(), holder.session_timeout));
    waiting->until = scope_.loop.Now() + patience;
    patience_->Arm(patience);
    scope_.logger.Warn(
        "election.id_in_use",
        {{"cluster", scope_.paths.name()},
         {"id", self_.id},
         {"held_by", twin.node},
         {"wait_ms", std::chrono::duration_cast<std::chrono::milliseconds>(patience).count()}});
  }
  if (scope_.loop.Now() >= *waiting->until) Refuse(holder);
}

void Contender::Refuse(const Registration& holder) {
  const std::string path = own_path();
  Enter(Refused{});
  scope_.client.Delete(path, 0, [](Result<void>) {});
  callbacks_.refused(holder);
}

void Contender::Follow(const std::vector<Candidate>& before) {
  // A leader was first. What comes before it now is most likely a ghost, and it goes on leading
  // until it is known that a session owns that candidate.
  if (!leading()) EnterFollowing(before.back().node);
  backoff_.Reset();
  ordinary_in_a_row_ = 0;
  // Our own znode is watched, too: an operator or a cleanup may remove it.
  Watch(own_node(), "watch own candidate");
  // Each departure before this one wakes the next few behind it, and a new shadow is one
  // of them: fewer than kWatched are left then, so one of those watched has gone.
  const std::size_t watched = std::min(before.size(), kWatched);
  for (std::size_t i = before.size() - watched; i < before.size(); ++i) {
    Watch(before[i].node, "watch predecessor");
  }
  if (callbacks_.following && !leading()) callbacks_.following(before);
}

void Contender::Depose(Deposition deposition) {
  if (In<Following>()) TakeOver(std::move(deposition));
}

void Contender::EnterFollowing(const std::string& predecessor) {
  const bool followed = In<Following>();
  Enter(Following{own_node()});
  if (followed) return;
  scope_.logger.Info(
      "election.following",
      {{"cluster", scope_.paths.name()}, {"id", self_.id}, {"predecessor", predecessor}});
}

void Contender::Watch(const std::string& node, std::string_view doing) {
  scope_.client.Exists(scope_.paths.candidate(node), watch_,
                       Guard([this, node, doing](Result<std::optional<zk::Stat>> stat) {
                         if (!stat) return Retry(stat.error(), doing);
                         if (!*stat) return Evaluate();
                         if (node != own_node()) OnOther(node, **stat);
                       }));
}

void Contender::OnOther(const std::string& node, const zk::Stat& stat) {
  if (!stat.has_owner()) return Ignore(node);
  if (!leading()) return;
  EnterFollowing(node);
  Evaluate();
}

// Nobody would ever remove it: to wait for its end would be to wait for ever.
void Contender::Ignore(const std::string& node) {
  if (!ghosts_.insert(node).second) return;
  scope_.logger.Warn("election.ghost", {{"cluster", scope_.paths.name()}, {"node", node}});
  Evaluate();
}

// To be first by number is not enough: the candidate must belong to this session, and only a
// committed write of `leader` makes a leader.
void Contender::TakeOver(std::optional<Deposition> ahead_of_turn) {
  Enter(TakingOver{own_node(), std::move(ahead_of_turn)});
  scope_.client.Exists(own_path(), watch_, Guard([this](Result<std::optional<zk::Stat>> stat) {
                         if (!stat) return Retry(stat.error(), "confirm own candidate");
                         if (!*stat || !IsSound(**stat)) return Start();
                         FindEpoch();
                       }));
}

void Contender::FindEpoch() {
  epochs_.Find(Guard([this](const EpochFinder::Found& found) { CommitTakeOver(found); }),
               Guard([this](const Error& error, std::string_view doing) { Retry(error, doing); }));
}

void Contender::CommitTakeOver(const EpochFinder::Found& found) {
  const auto& ahead_of_turn = std::get<TakingOver>(state_).ahead_of_turn;
  // Another has taken over since: what was judged is another's leadership.
  if (ahead_of_turn && ahead_of_turn->leader != found.leader) return Start();
  LeaderRecord record{self_.id, found.epoch, scope_.loop.WallNow(), {}, found.depositions};
  if (ahead_of_turn) {
    for (const Candidate& candidate : ahead_of_turn->before) {
      record.deposed.push_back(candidate.name.id);
    }
  }
  scope_.client.Multi(TakeOverOps(found, record),
                      Guard([this, record, found](Result<std::vector<zk::OpResult>> results) {
                        // Nothing is assumed after a lost answer: the reconnect starts over and
                        // reads `leader` again.
                        if (!results) return Retry(results.error(), "take over");
                        if (!record.deposed.empty()) LogDeposition(record);
                        Lead(record, (*results)[found.leader ? 1 : 2].version);
                      }));
}

// The own candidate is checked first, then `leader` is written: Lead reads its new version there.
std::vector<zk::Op> Contender::TakeOverOps(const EpochFinder::Found& found,
                                           const LeaderRecord& record) const {
  const auto& ahead_of_turn = std::get<TakingOver>(state_).ahead_of_turn;
  Event event;
  event.what = Event::Leader{record.deposed};
  event.at = record.since;
  event.leader = record.id;
  event.epoch = record.epoch;
  std::vector<zk::Op> ops;
  ops.push_back(zk::CheckOp{own_path(), 0});
  if (found.leader) {
    ops.push_back(zk::SetOp{scope_.paths.leader(), EncodeLeader(record), *found.leader});
  } else {
    // Only a set is answered with its stamp, and the leader counts time by ZooKeeper's clock.
    ops.push_back(zk::CreateOp{scope_.paths.leader(), ""});
    ops.push_back(zk::SetOp{scope_.paths.leader(), EncodeLeader(record), 0});
  }
  if (ahead_of_turn) {
    for (const Candidate& candidate : ahead_of_turn->before) {
      ops.push_back(zk::DeleteOp{scope_.paths.candidate(candidate.node), zk::kAnyVersion});
    }
    if (ahead_of_turn->head) {
      ops.push_back(zk::CheckOp{scope_.paths.head(), *ahead_of_turn->head});
    }
  }
  ops.push_back(zk::CreateOp{scope_.paths.event_prefix(), EncodeEvent(event),
                             zk::CreateMode::kPersistentSequential});
  return ops;
}

void Contender::LogDeposition(const LeaderRecord& record) const {
  const auto& ahead_of_turn = std::get<TakingOver>(state_).ahead_of_turn;
  const Duration owed = ahead_of_turn ? ahead_of_turn->owed : Duration::zero();
  scope_.logger.Warn(
      "leader.deposed",
      {{"cluster", scope_.paths.name()},
       {"id", self_.id},
       {"deposed", Join(record.deposed, ",")},
       {"owed_ms", std::chrono::duration_cast<std::chrono::milliseconds>(owed).count()},
       {"epoch", record.epoch}});
}

void Contender::Lead(const LeaderRecord& record, zk::Version token) {
  Enter(Leading{own_node()});
  backoff_.Reset();
  ordinary_in_a_row_ = 0;
  scope_.logger.Info("election.leading", {{"cluster", scope_.paths.name()},
                                          {"id", self_.id},
                                          {"epoch", record.epoch},
                                          {"token", token}});
  callbacks_.elected({own_path(), token, record});
}

void Contender::Leave(std::vector<zk::Op> also, std::function<void()> done) {
  const std::string node = own_node();
  const std::string path = own_path();
  Enter(Left{});
  if (node.empty() || scope_.client.state() != SessionState::kConnected) return done();
  also.push_back(zk::DeleteOp{path, 0});
  scope_.client.Multi(std::move(also),
                      Guard([this, path, done](Result<std::vector<zk::OpResult>> results) {
                        if (results) return done();
                        // The ballot may have changed or gone meanwhile; the candidate must still
                        // be deleted at once.
                        scope_.client.Delete(path, 0, Guard([done](Result<void>) { done(); }));
                      }));
}

}  // namespace zkcluster
