#include "checker/vote/voter.h"

#include <array>
#include <utility>

#include "codec/codec.h"
#include "zk/errors.h"

namespace zkcluster {

Voter::Voter(ClusterScope scope, std::string id, std::string rack)
    : scope_(std::move(scope)),
      id_(std::move(id)),
      path_(scope_.paths.vote(id_)),
      draft_(std::move(rack)),
      patience_(scope_.loop.NewTimer([this] {
        draft_.Release();
        Schedule();
      })),
      gather_(scope_.loop.NewTimer([this] { Schedule(); })),
      returning_(scope_.loop.NewTimer([this] { Schedule(); })),
      pace_end_(scope_.loop.NewTimer([this] { Schedule(); })),
      retry_(scope_.loop.NewTimer([this] { Enter(Watching{}); })),
      backoff_(std::chrono::milliseconds(50), std::chrono::seconds(2)) {}

Voter::~Voter() = default;

std::string_view Voter::NameOf(const State& state) {
  constexpr std::array<std::string_view, std::variant_size_v<State>> kNames = {
      "disabled", "watching", "absent",  "deleting", "creating",
      "written",  "setting",  "pausing", "withdrawn"};
  return kNames[state.index()];
}

const Voter::Written* Voter::in_place() const {
  if (const auto* setting = std::get_if<Setting>(&state_)) return &setting->before;
  return std::get_if<Written>(&state_);
}

void Voter::Enter(State next) {
  const State before = std::exchange(state_, std::move(next));
  if (before.index() != state_.index()) {
    scope_.logger.Debug("ballot.state", {{"cluster", scope_.paths.name()},
                                         {"id", id_},
                                         {"from", NameOf(before)},
                                         {"to", NameOf(state_)}});
  }
  retry_->Cancel();
  if (In<Disabled>() || In<Pausing>() || In<Withdrawn>()) {
    attempt_.Reset();
    own_ = nullptr;
  } else if (!own_) {
    own_ = std::make_unique<zk::NodeWatcher>(
        scope_.loop, scope_.client, path_,
        [this](const std::optional<zk::Node>& node) { OnOwnNode(node); });
  }
}

void Voter::SetSpec(SpecId spec, std::vector<Vote> votes, Duration patience) {
  draft_.SetList(spec, std::move(votes));
  dirty_ = true;
  if (draft_.released()) {
    Schedule();
  } else {
    patience_->Arm(patience);
  }
}

void Voter::SetVote(std::size_t server, Vote vote) {
  const BallotDraft::Change change = draft_.SetVote(server, vote);
  if (change == BallotDraft::Change::kNone) return;
  dirty_ = true;
  if (change == BallotDraft::Change::kOther) return Schedule();
  if (!gather_->armed()) gather_->Arm(kGather);
}

void Voter::SetReturning(std::size_t server, int required, int good) {
  if (!draft_.SetReturning(server, required, good)) return;
  returning_changed_ = true;
  if (!returning_->armed()) returning_->Arm(kReturningWaits);
}

void Voter::Enable(std::string candidate) {
  candidate_ = std::move(candidate);
  if (In<Disabled>()) Enter(Watching{});
}

void Voter::Disable() {
  if (!In<Withdrawn>()) Enter(Disabled{});
}

std::vector<zk::Op> Voter::Withdraw() {
  std::vector<zk::Op> ops;
  if (const auto* written = std::get_if<Written>(&state_)) {
    ops.push_back(zk::DeleteOp{path_, written->version});
  }
  Enter(Withdrawn{});
  return ops;
}

// One flush takes all changes of a turn.
void Voter::Schedule() {
  if (scheduled_ || In<Withdrawn>()) return;
  scheduled_ = true;
  scope_.loop.Post(lifetime_.Guard([this] {
    scheduled_ = false;
    Flush();
  }));
}

void Voter::Flush() {
  const auto* const written = std::get_if<Written>(&state_);
  const bool due = In<Absent>() || (written != nullptr && (dirty_ || returning_changed_));
  if (!due || !draft_.released()) return;
  if (const Duration wait = pace_.Wait(scope_.loop.Now()); wait > Duration::zero()) {
    return pace_end_->Arm(wait);
  }
  dirty_ = returning_changed_ = false;
  const std::size_t changes = draft_.BeginWrite();
  if (written != nullptr) {
    Set(*written, changes);
  } else {
    Create(changes);
  }
}

// No ballot is written once our candidate is gone: the daemon that has the id then makes a ballot
// whose version may be the one we know. Any version of the candidate is accepted: its name is
// unique, and the Contender handles an outsider's write to it.
std::vector<zk::Op> Voter::Fenced(zk::Op op) const {
  std::vector<zk::Op> ops;
  ops.emplace_back(zk::CheckOp{candidate_, zk::kAnyVersion});
  ops.push_back(std::move(op));
  return ops;
}

void Voter::Create(std::size_t changes) {
  Enter(Creating{});
  // A new ballot begins at version 0 again, and a leader that counted version 0 of the one before
  // could not distinguish the two. So each beginning changes the parent's version, too,
  // and the leader checks that one.
  auto ops = Fenced(zk::CreateOp{path_, EncodeBallot(draft_.ballot()), zk::CreateMode::kEphemeral});
  ops.emplace_back(zk::SetOp{scope_.paths.votes(), scope_.paths.name(), zk::kAnyVersion});
  scope_.client.Multi(
      std::move(ops), attempt_.Guard([this, changes](Result<std::vector<zk::OpResult>> results) {
        if (!results) return Failed(results.error(), "create ballot");
        scope_.logger.Info(
            "ballot.published",
            {{"cluster", scope_.paths.name()}, {"id", id_}, {"shards", votes().size()}});
        OnWritten(0, changes);
      }));
}

void Voter::Set(const Written& before, std::size_t changes) {
  const zk::Version version = before.version;
  Enter(Setting{before});
  scope_.client.Multi(Fenced(zk::SetOp{path_, EncodeBallot(draft_.ballot()), version}),
                      attempt_.Guard([this, changes](Result<std::vector<zk::OpResult>> results) {
                        if (!results) return Failed(results.error(), "write ballot");
                        OnWritten((*results)[1].version, changes);
                      }));
}

void Voter::OnWritten(zk::Version version, std::size_t changes) {
  const TimePoint now = scope_.loop.Now();
  Enter(Written{version, now});
  pace_.Wrote(now, changes);
  backoff_.Reset();
  if (dirty_) Schedule();
}

// The write may have happened or not: the znode is read before the next write.
void Voter::Failed(const Error& error, std::string_view doing) {
  if (error.code == ErrorCode::kNotFound) {
    // Our ballot or its parent was removed. Below a deleted cluster the create fails by itself.
    scope_.client.Create(scope_.paths.votes(), "", zk::CreateMode::kPersistent,
                         [](Result<std::string>) {});
  }
  dirty_ = true;
  Enter(Pausing{});
  if (!zk::IsGuardFailure(error) && error.code != ErrorCode::kUnavailable) {
    scope_.logger.Warn("ballot.error", {{"cluster", scope_.paths.name()},
                                        {"doing", doing},
                                        {"code", ErrorCodeName(error.code)},
                                        {"error", error.message}});
  }
  retry_->Arm(backoff_.Next(scope_.loop.Random()));
}

void Voter::OnOwnNode(const std::optional<zk::Node>& node) {
  // The answer to a write under way is newer: a conflict makes it fail.
  if (In<Creating>() || In<Setting>()) return;
  if (!node) {
    Enter(Absent{});
    Schedule();
  } else if (node->stat.ephemeral_owner != scope_.client.session_id()) {
    DeleteGhost(node->stat.version);
  } else {
    OnOwnBallot(*node);
  }
}

// By the election the id is ours, so a former session of ours has left it behind.
void Voter::DeleteGhost(zk::Version version) {
  Enter(Deleting{});
  scope_.logger.Info("ballot.ghost", {{"cluster", scope_.paths.name()}, {"id", id_}});
  scope_.client.Multi(Fenced(zk::DeleteOp{path_, version}),
                      attempt_.Guard([this](Result<std::vector<zk::OpResult>> results) {
                        if (!results && results.error().code != ErrorCode::kNotFound)
                          Failed(results.error(), "delete ghost");
                      }));
}

void Voter::OnOwnBallot(const zk::Node& node) {
  const auto* const written = std::get_if<Written>(&state_);
  if (written != nullptr && node.stat.version < written->version) return;  // older than our write
  if (written == nullptr || node.stat.version != written->version) {
    Enter(Written{node.stat.version, scope_.loop.Now()});
  }
  dirty_ = EncodeBallot(draft_.ballot()) != node.data;
  if (dirty_) Schedule();
}

}  // namespace zkcluster
