#include "checker/vote/voter.h"

#include <utility>

#include "base/check.h"
#include "codec/codec.h"

namespace zkcluster {

Voter::Voter(Loop& loop, Logger& logger, zk::Client& client, ClusterPaths paths, std::string id,
             std::string rack)
    : loop_(loop),
      logger_(logger),
      client_(client),
      paths_(std::move(paths)),
      id_(std::move(id)),
      path_(paths_.vote(id_)),
      patience_(loop.NewTimer([this] {
        released_ = true;
        Schedule();
      })),
      gather_(loop.NewTimer([this] { Schedule(); })),
      pace_end_(loop.NewTimer([this] { Schedule(); })),
      retry_(loop.NewTimer([this] {
        // Not only write again: what stands there may be something else by now.
        known_ = false;
        if (own_) own_ = nullptr;
        if (enabled_) Watch();
      })),
      backoff_(std::chrono::milliseconds(50), std::chrono::seconds(2)) {
  ballot_.rack = std::move(rack);
}

Voter::~Voter() = default;

void Voter::SetSpec(SpecId spec, std::vector<Vote> votes, Duration patience) {
  ballot_.spec = spec;
  ballot_.votes = std::move(votes);
  opinions_ = CountOpinions(ballot_.votes);
  dirty_ = true;
  if (!released_ && !Complete()) {
    patience_->Arm(patience);
    return;
  }
  released_ = true;
  Schedule();
}

void Voter::SetVote(std::size_t server, Vote vote) {
  ZKC_CHECK(server < ballot_.votes.size());
  Vote& current = ballot_.votes[server];
  if (current == vote) return;
  const bool first_opinion = current.opinion == Opinion::kNotProbed;
  --opinions_[current.opinion];
  ++opinions_[vote.opinion];
  current = vote;
  dirty_ = true;
  ++changes_;
  if (Complete()) released_ = true;
  if (first_opinion && !Complete()) {
    if (!gather_->armed()) gather_->Arm(kGather);
    return;
  }
  Schedule();
}

void Voter::Enable(std::string candidate) {
  enabled_ = true;
  candidate_ = std::move(candidate);
  Watch();
}

void Voter::Watch() {
  if (withdrawn_ || own_) return;
  own_ = std::make_unique<zk::NodeWatcher>(
      loop_, client_, path_, [this](const std::optional<zk::Node>& node) { OnOwnNode(node); });
}

void Voter::Disable() {
  enabled_ = false;
  attempt_.Reset();
  writing_ = false;
  known_ = false;
  version_.reset();
  own_ = nullptr;
  retry_->Cancel();
}

std::vector<zk::Op> Voter::Withdraw() {
  std::vector<zk::Op> ops;
  if (enabled_ && version_ && !writing_) ops.push_back(zk::DeleteOp{path_, *version_});
  withdrawn_ = true;
  Disable();
  return ops;
}

// All changes of one turn end up in one flush.
void Voter::Schedule() {
  if (scheduled_ || withdrawn_) return;
  scheduled_ = true;
  loop_.Post(lifetime_.Guard([this] {
    scheduled_ = false;
    Flush();
  }));
}

void Voter::Flush() {
  if (!enabled_ || withdrawn_ || !released_ || !known_ || writing_ || retry_->armed()) return;
  if (!dirty_ && version_) return;
  if (const Duration wait = pace_.Wait(loop_.Now()); wait > Duration::zero()) {
    return pace_end_->Arm(wait);
  }
  ++ballot_.writes;
  dirty_ = false;
  writing_ = true;
  writing_changes_ = std::exchange(changes_, 0);
  if (version_) {
    Set();
  } else {
    Create();
  }
}

// Nothing of a ballot is written once the own candidate is gone: whoever has the id then makes a
// ballot whose version may be the one we know. (Its name is unique; that somebody wrote into it is
// the election's affair.)
std::vector<zk::Op> Voter::Fenced(zk::Op op) const {
  std::vector<zk::Op> ops;
  ops.emplace_back(zk::CheckOp{candidate_, zk::kAnyVersion});
  ops.push_back(std::move(op));
  return ops;
}

void Voter::Create() {
  // A ballot begins again at version 0, and a leader who counted version 0 of the one before could
  // not tell them apart: so each beginning rings the parent, whose version the leader checks.
  auto ops = Fenced(zk::CreateOp{path_, EncodeBallot(ballot_), zk::CreateMode::kEphemeral});
  ops.emplace_back(zk::SetOp{paths_.votes(), paths_.name(), zk::kAnyVersion});
  client_.Multi(std::move(ops), attempt_.Guard([this](Result<std::vector<zk::OpResult>> results) {
    writing_ = false;
    if (!results) return Failed(results.error(), "create ballot");
    logger_.Info("ballot.published",
                 {{"cluster", paths_.name()}, {"id", id_}, {"shards", ballot_.votes.size()}});
    OnWritten(0);
  }));
}

void Voter::Set() {
  client_.Multi(Fenced(zk::SetOp{path_, EncodeBallot(ballot_), *version_}),
                attempt_.Guard([this](Result<std::vector<zk::OpResult>> results) {
                  writing_ = false;
                  if (!results) return Failed(results.error(), "write ballot");
                  OnWritten((*results)[1].version);
                }));
}

void Voter::OnWritten(zk::Version version) {
  version_ = version;
  written_at_ = loop_.Now();
  pace_.Wrote(written_at_, writing_changes_);
  backoff_.Reset();
  if (dirty_) Schedule();
}

// The write may or may not have happened: what stands there is read before anything
// else is written.
void Voter::Failed(const Error& error, std::string_view doing) {
  if (error.code == ErrorCode::kNotFound) {
    // Perhaps our ballot, perhaps its parent was removed.
    // Below a deleted cluster this fails by itself.
    client_.Create(paths_.votes(), "", zk::CreateMode::kPersistent, [](Result<std::string>) {});
  }
  dirty_ = true;
  known_ = false;
  version_.reset();
  if (error.code != ErrorCode::kConflict && error.code != ErrorCode::kNotFound &&
      error.code != ErrorCode::kExists && error.code != ErrorCode::kUnavailable) {
    logger_.Warn("ballot.error", {{"cluster", paths_.name()},
                                  {"doing", doing},
                                  {"code", ErrorCodeName(error.code)},
                                  {"error", error.message}});
  }
  retry_->Arm(backoff_.Next(loop_.Random()));
}

void Voter::OnOwnNode(const std::optional<zk::Node>& node) {
  // While a write is under way its answer tells more: whatever stood in its way makes it fail.
  if (writing_) return;
  if (!node) {
    known_ = true;
    version_.reset();
    return Schedule();
  }
  if (node->stat.ephemeral_owner != client_.session_id()) {
    // The election says that the id is ours, so this is what a former session left behind.
    logger_.Info("ballot.ghost", {{"cluster", paths_.name()}, {"id", id_}});
    client_.Multi(Fenced(zk::DeleteOp{path_, node->stat.version}),
                  attempt_.Guard([this](Result<std::vector<zk::OpResult>> results) {
                    if (!results && results.error().code != ErrorCode::kNotFound)
                      Failed(results.error(), "delete ghost");
                  }));
    return;
  }
  // Older news than our last write.
  if (known_ && version_ && node->stat.version < *version_) return;
  known_ = true;
  if (version_ != node->stat.version) written_at_ = loop_.Now();
  version_ = node->stat.version;
  dirty_ = EncodeBallot(ballot_) != node->data;
  if (dirty_) Schedule();
}

}  // namespace zkcluster
