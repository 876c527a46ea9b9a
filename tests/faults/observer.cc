#include "tests/faults/observer.h"

#include <utility>

#include "tests/support/await.h"

namespace zkcluster::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTurn = milliseconds(50);
constexpr Duration kReadLimit = seconds(1);

}  // namespace

// A short session: when its server is stopped, it soon reads through another.
Observer::Observer(const std::string& servers, ClusterPaths paths)
    : paths_(std::move(paths)),
      client_(zk::NewNativeClient(loop_, *logger_,
                                  {.servers = *zk::ParseServers(servers),
                                   .session_timeout = seconds(2),
                                   .connect_timeout = milliseconds(500)})) {}

Observer::~Observer() {
  bool closed = false;
  client_->Close([&] { closed = true; });
  static_cast<void>(loop_.RunUntil([&] { return closed; }, seconds(2)));
}

Result<Snapshot> Observer::Read() {
  // Kept by the callback: an answer may come after we have stopped waiting.
  const auto answer = std::make_shared<std::optional<Result<Snapshot>>>();
  ReadSnapshot(loop_, *client_, paths_,
               [answer](Result<Snapshot> result) { *answer = std::move(result); });
  if (!loop_.RunUntil([&] { return answer->has_value(); }, kReadLimit)) {
    return Fail(ErrorCode::kTimeout, "no answer");
  }
  return std::move(**answer);
}

std::optional<std::map<std::string, ShardStatus>> Observer::Statuses() {
  const auto snapshot = Read();
  if (!snapshot || !snapshot->board_is_current) return std::nullopt;
  std::map<std::string, ShardStatus> statuses;
  const auto& shards = snapshot->spec.spec.shards;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    statuses[shards[i].name] = snapshot->board.shards.at(i).status;
  }
  return statuses;
}

bool Observer::Await(const std::function<bool()>& done, Duration limit) {
  return zkcluster::Await(loop_, done, limit, kTurn);
}

void Observer::Pass(Duration duration) {
  zkcluster::Pass(loop_, duration);
}

}  // namespace zkcluster::faults
