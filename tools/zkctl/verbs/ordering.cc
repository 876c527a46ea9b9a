#include "tools/zkctl/verbs/ordering.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "model/paths.h"
#include "text/duration.h"
#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

std::string Who() {
  const char* before_sudo = std::getenv("SUDO_USER");
  const passwd* user = getpwuid(getuid());
  std::string name = before_sudo != nullptr && getuid() == 0 ? before_sudo
                     : user != nullptr                       ? user->pw_name
                                                             : std::to_string(getuid());
  char host[256] = {};
  (void)gethostname(host, sizeof host - 1);
  return name + "@" + host;
}

std::string ClockNote(Connection& connection) {
  constexpr Micros kSlack = std::chrono::seconds(5);
  const auto server = connection.client().server_time();
  if (!server) return "";
  const Micros ahead = connection.loop().WallNow() - *server;
  if (ahead >= -kSlack && ahead <= kSlack) return "";
  return "times are by ZooKeeper's clock; this machine's is " +
         FormatAge(ahead < Micros(0) ? -ahead : ahead) +
         (ahead < Micros(0) ? " behind it\n" : " ahead of it\n");
}

Result<Ordered> Give(Connection& connection, const std::string& name,
                     const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order) {
  auto answer = connection.Ask<Ordered>(order);
  if (!answer) return Fail(WithNearest(connection, answer.error(), name));
  return answer;
}

Result<ClusterSpec> GetCluster(Connection& connection, const std::string& name) {
  auto stored = connection.Ask<StoredSpec>(
      [&](ClusterAdmin& admin, auto done) { admin.Get(name, std::move(done)); });
  if (!stored) return Fail(WithNearest(connection, stored.error(), name));
  return std::move(stored->spec);
}

Result<Snapshot> TakeSnapshot(Connection& connection, const std::string& name) {
  auto snapshot = connection.Await<Snapshot>([&](std::function<void(Result<Snapshot>)> done) {
    ReadSnapshot(connection.loop(), connection.client(), ClusterPaths(connection.root(), name),
                 std::move(done));
  });
  if (snapshot) return snapshot;
  Error error = WithNearest(connection, snapshot.error(), name);
  if (error.code == ErrorCode::kBadData) {
    // What a Go DeleteCluster left half-way; other bad specs can be mended.
    error.message += "; the checkers keep the last spec that they read";
    if (error.message.find("is incomplete") != std::string::npos) {
      error.message += " (`zkctl delete " + name + "` removes what is left)";
    }
  }
  return Fail(std::move(error));
}

Result<std::vector<JournalEntry>> GetJournal(Connection& connection, const std::string& name) {
  return connection.Await<std::vector<JournalEntry>>([&](JournalRead done) {
    ReadJournal(connection.client(), ClusterPaths(connection.root(), name), std::move(done));
  });
}

std::string GoNote(Connection& connection, const std::string& name) {
  const auto snapshot = TakeSnapshot(connection, name);
  if (!snapshot || snapshot->go_voters.empty()) return {};
  return "Go checkers decide now, and know no orders: it holds from when the last one is gone\n";
}

Error WithNearest(Error error, const std::vector<std::string>& clusters, const std::string& name) {
  const bool unknown = error.code == ErrorCode::kNotFound &&
                       error.message.find("no cluster \"" + name + "\"") != std::string::npos;
  if (unknown) {
    error.message += NearestOf(name, {clusters.begin(), clusters.end()}, "there are ");
  }
  return error;
}

Error WithNearest(Connection& connection, Error error, const std::string& name) {
  if (error.code != ErrorCode::kNotFound) return error;
  const auto names = connection.Ask<std::vector<std::string>>(
      [](ClusterAdmin& admin, auto done) { admin.List(std::move(done)); });
  return names ? WithNearest(std::move(error), *names, name) : error;
}

OrderedJson OrderJson(const std::string& cluster, std::string_view action) {
  OrderedJson json;
  json["cluster"] = cluster;
  json["action"] = action;
  return json;
}

}  // namespace zkcluster::zkctl
