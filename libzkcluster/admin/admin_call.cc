#include "admin/admin_call.h"

#include <algorithm>

namespace zkcluster {
namespace {

constexpr int kMaxConflicts = 50;

}  // namespace

void ClusterAdmin::Call::Start() {
  // `this` outlives both callbacks, because this call owns them.
  timer_ = loop_.NewTimer([this] { Resume(); });
  session_ = client_.OnSession([this](const zk::SessionEvent& event) {
    if (waiting_ && event.state == SessionState::kConnected) Resume();
  });
  RunAgainAfter(Duration(0));
}

void ClusterAdmin::Call::Resume() {
  const auto self = shared_from_this();
  if (finished_) return;
  waiting_ = client_.state() != SessionState::kConnected;
  if (!waiting_) Run();
}

bool ClusterAdmin::Call::RunAgainAfterConflict() {
  if (++conflicts_ >= kMaxConflicts) return false;
  // Two operators, or an operator and a checker that registers again and again,
  // must not retry in step.
  RunAgainAfter(std::chrono::milliseconds(1) +
                Duration(static_cast<Duration::rep>(loop_.Random() * 10'000'000)));
  return true;
}

// `from`: where in the root the next part begins.
void ClusterAdmin::Call::MakeRootFrom(std::size_t from, std::function<void()> next) {
  if (from >= root_.size()) return next();
  const std::size_t slash = std::min(root_.find('/', from), root_.size());
  const std::string path = root_.substr(0, slash);
  client_.Create(
      path, root_.substr(from, slash - from), zk::CreateMode::kPersistent,
      Guard([this, path, slash, next = std::move(next)](const Result<std::string>& created) {
        if (created || created.error().code == ErrorCode::kExists) {
          return MakeRootFrom(slash + 1, next);
        }
        if (zk::IsTransient(created.error())) return RunAgain();
        Refuse(created.error().Within("create " + path));
      }));
}

void ClusterAdmin::Call::ReadSpec(const ClusterPaths& paths,
                                  std::function<void(const RawSpec&)> next) {
  ReadRawSpec(client_, paths, Guard([this, next = std::move(next)](const Result<RawSpec>& raw) {
                if (!raw && zk::IsTransient(raw.error())) return RunAgain();
                if (!raw) return Refuse(raw.error());
                next(*raw);
              }));
}

void ClusterAdmin::Call::Send(std::vector<zk::Op> ops,
                              std::function<void(const Result<void, zk::OpError>&)> answered) {
  in_doubt_ = true;
  client_.Multi(std::move(ops),
                Guard([this, answered = std::move(answered)](const zk::MultiResult& result) {
                  if (result) {
                    for (const zk::OpResult& one : *result) stamp_ = std::max(stamp_, one.modified);
                    return answered({});
                  }
                  lost_ = lost_ || zk::IsOutcomeUnknown(result.error());
                  in_doubt_ = lost_;
                  if (zk::IsTransient(result.error())) return RunAgain();
                  answered(Failure<zk::OpError>{result.error()});
                }));
}

std::shared_ptr<ClusterAdmin::Call> ClusterAdmin::Call::Leave() {
  finished_ = true;
  timer_->Cancel();
  auto self = shared_from_this();
  std::erase(editor_.calls_, self);
  return self;
}

Error ClusterAdmin::Call::AbandonError() const {
  if (in_doubt_) {
    return {ErrorCode::kUnknownOutcome,
            "ZooKeeper did not answer in time: the change may have been made, or may not"};
  }
  return {ErrorCode::kUnavailable, "no ZooKeeper server answered in time"};
}

}  // namespace zkcluster
