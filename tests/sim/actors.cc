#include "tests/sim/actors.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "codec/codec.h"
#include "model/paths.h"
#include "tests/fakes/sim_checker.h"

namespace zkcluster::sim {

// --- Reader ---

Reader::Reader(SimWorld& world, FakeEnsemble& ensemble, std::string name, Duration session_timeout,
               const std::vector<std::string>& clusters, const Updated& updated)
    : loop_(world, std::move(name)), client_(ensemble.NewClient(loop_, session_timeout)) {
  for (const auto& cluster : clusters) {
    follows_.push_back(std::make_unique<Follow>());
    Follow& follow = *follows_.back();
    StatusWatcher::Callbacks callbacks;
    callbacks.updated = [&follow, cluster, updated](const StatusWatcher::Update& update) {
      follow.newest = update;
      updated(cluster, update);
    };
    callbacks.troubled = [](const Error&) {};
    follow.watcher = std::make_unique<StatusWatcher>(
        loop_, *client_, ClusterPaths(SimSite::kRoot, cluster), false, std::move(callbacks));
  }
}

// --- Operator ---

Operator::Operator(SimWorld& world, FakeEnsemble& ensemble, std::string name,
                   Duration session_timeout, Answered answered)
    : ensemble_(ensemble),
      answered_(std::move(answered)),
      loop_(world, std::move(name)),
      client_(ensemble.NewClient(loop_, session_timeout)),
      editor_(loop_, *client_, SimSite::kRoot) {}

OperatorAnswer Operator::Begin(OperatorAnswer::Kind kind, const std::string& cluster) {
  ZKC_CHECK(!busy_);
  busy_ = true;
  OperatorAnswer answer;
  answer.kind = kind;
  answer.cluster = cluster;
  answer.begun = ensemble_.zxid();
  answer.in_doubt = in_doubt_;
  return answer;
}

void Operator::End(OperatorAnswer answer, Result<std::uint64_t> result) {
  busy_ = false;
  answer.result = std::move(result);
  in_doubt_ |= !answer.result && answer.result.error().code == ErrorCode::kUnknownOutcome;
  answered_(answer);
}

void Operator::Create(const ClusterSpec& spec) {
  editor_.Create(spec, [this, answer = Begin(OperatorAnswer::Kind::kCreate, spec.name)](
                           Result<std::uint64_t> result) { End(answer, std::move(result)); });
}

void Operator::Update(const std::string& cluster,
                      std::function<ClusterSpec(const ClusterSpec&)> change) {
  editor_.Get(cluster, [this, answer = Begin(OperatorAnswer::Kind::kUpdate, cluster),
                        change = std::move(change)](const Result<StoredSpec>& stored) {
    if (!stored) return End(answer, Fail(stored.error()));
    editor_.Update(change(stored->spec), [this, answer](Result<std::uint64_t> result) {
      End(answer, std::move(result));
    });
  });
}

void Operator::Delete(const std::string& cluster) {
  editor_.Delete(
      cluster, 0,
      [this, answer = Begin(OperatorAnswer::Kind::kDelete, cluster)](const Result<void>& result) {
        End(answer, result ? Result<std::uint64_t>(0) : Fail(result.error()));
      });
}

void Operator::Pause(const std::string& cluster, Duration length) {
  busy_ = true;
  editor_.Pause(cluster, {length, loop_.name() + "@ops", "a test"},
                [this](const Result<Ordered>&) { busy_ = false; });
}

void Operator::Maintain(const std::string& cluster, std::vector<std::string> shards,
                        Duration length) {
  busy_ = true;
  MaintenanceOrder order;
  order.shards.names = std::move(shards);
  order.length = length;
  order.by = loop_.name() + "@ops";
  order.reason = "a test";
  editor_.Maintain(cluster, std::move(order), [this](const Result<Ordered>&) { busy_ = false; });
}

void Operator::Resume(const std::string& cluster) {
  busy_ = true;
  editor_.Resume(cluster, loop_.name() + "@ops", [this](const Result<Ordered>&) { busy_ = false; });
}

void Operator::EndMaintenance(const std::string& cluster) {
  busy_ = true;
  editor_.EndMaintenance(cluster, {.all = true}, loop_.name() + "@ops",
                         [this](const Result<Ordered>&) { busy_ = false; });
}

void Operator::Abandon() {
  editor_.Abandon();
}

// --- GoChecker ---

GoChecker::GoChecker(SimWorld& world, FakeEnsemble& ensemble, FakeFleet& fleet, std::string name,
                     std::string cluster)
    : ensemble_(ensemble),
      fleet_(fleet),
      cluster_(std::move(cluster)),
      loop_(world, std::move(name)),
      client_(ensemble.NewClient(loop_, std::chrono::seconds(4))),
      beat_(loop_.NewTimer([this] { Beat(); })),
      session_(client_->OnSession([this](const zk::SessionEvent& event) {
        if (event.state == SessionState::kLost) own_.clear();
        if (event.state == SessionState::kConnected && own_.empty()) Register();
      })) {}

void GoChecker::Register() {
  if (leaving_) return;
  const ClusterPaths paths(SimSite::kRoot, cluster_);
  client_->Create(paths.go_voters() + "/n_", "", zk::CreateMode::kEphemeralSequential,
                  [this](const Result<std::string>& path) {
                    // Like the Go library, it ignores a create whose answer was lost.
                    if (path) own_ = *path;
                    if (!beat_->armed()) beat_->Arm(std::chrono::milliseconds(10));
                  });
}

void GoChecker::Beat() {
  if (leaving_) return;
  beat_->Arm(std::chrono::milliseconds(700));
  if (own_.empty()) {
    if (client_->state() == SessionState::kConnected) Register();
    return;
  }
  Vote();
  Lead();
}

// The JSON of votes and of the status: for each address, whether it answers.
std::string GoChecker::Votes(const std::string& shards) const {
  static const std::string kOptions = EncodeSpec(ClusterSpec{}).options;
  const auto spec = DecodeSpec(cluster_, {"1", shards, kOptions});
  if (!spec) return "{}";
  StatusBoard board;
  for (const auto& shard : spec->shards) {
    ShardState state;
    state.status =
        fleet_.Get(shard.addr) == FakeFleet::Server::kUp ? ShardStatus::kAlive : ShardStatus::kDead;
    state.since = Micros(1);
    board.shards.push_back(state);
  }
  return EncodeMirror(spec->shards, board);
}

// What it votes, each with the time of its last flip.
std::string GoChecker::Status(const std::string& stands) const {
  const Mirror before = DecodeMirror(stands).value_or(Mirror());
  const Mirror votes = DecodeMirror(voted_).value_or(Mirror());
  std::vector<ShardSpec> shards;
  StatusBoard board;
  for (const auto& [addr, vote] : votes) {
    const auto was = before.find(addr);
    Micros since = loop_.WallNow();
    if (was != before.end()) {
      const bool same = was->second.alive == vote.alive;
      since = same ? was->second.since : std::max(since, was->second.since + Micros(1));
    }
    shards.push_back({addr, addr});
    board.shards.push_back({.status = vote.alive ? ShardStatus::kAlive : ShardStatus::kDead,
                            .since = since,
                            .reason = Reason::kNone,
                            .counts = {}});
  }
  return EncodeMirror(shards, board);
}

void GoChecker::Vote() {
  const ClusterPaths paths(SimSite::kRoot, cluster_);
  client_->Get(paths.shards(), {}, [this, paths](const Result<zk::Node>& node) {
    if (!node || own_.empty()) return;
    const std::string votes = Votes(node->data);
    if (votes == voted_) return;
    voted_ = votes;
    client_->Set(own_, votes, zk::kAnyVersion, [](const Result<zk::Stat>&) {});
    client_->Set(paths.go_voters(), cluster_, zk::kAnyVersion, [](const Result<zk::Stat>&) {});
  });
}

void GoChecker::Lead() {
  const ClusterPaths paths(SimSite::kRoot, cluster_);
  client_->Children(paths.go_voters(), {}, [this, paths](Result<std::vector<std::string>> names) {
    if (!names || own_.empty() || voted_.empty()) return;
    std::erase_if(*names, [](const auto& name) { return !name.starts_with("n_"); });
    if (names->empty() || paths.go_voters() + "/" + *std::ranges::min_element(*names) != own_) {
      return;
    }
    client_->Get(paths.mirror(), {}, [this, paths](const Result<zk::Node>& node) {
      const std::string status = Status(node ? node->data : "{}");
      if (node && node->data != status) {
        client_->Set(paths.mirror(), status, zk::kAnyVersion, [](const Result<zk::Stat>&) {});
      } else if (!node && node.error().code == ErrorCode::kNotFound) {
        client_->Create(paths.mirror(), status, zk::CreateMode::kPersistent,
                        [](const Result<std::string>&) {});
      }
    });
  });
}

void GoChecker::Leave() {
  if (leaving_) return;
  leaving_ = true;
  client_->Close([this] { left_ = true; });
}

}  // namespace zkcluster::sim
