#include "tools/zkctl/verbs/ordering.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "model/paths.h"

namespace zkcluster::zkctl {

Result<std::unique_ptr<Manager>> OpenManager(const CommandLine& line) {
  return Manager::Open({line.zookeeper, line.root, line.timeout, line.access, line.restricted});
}

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

Result<Ordered> Give(Connection& connection, const CommandLine& line,
                     const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order) {
  ClusterAdmin editor(connection.loop(), connection.client(), line.root);
  std::optional<Result<Ordered>> answer;
  order(editor, [&answer](Result<Ordered> ordered) { answer = std::move(ordered); });
  const auto answered = [&] { return answer.has_value(); };
  if (!connection.loop().RunUntil(answered, line.timeout)) editor.Abandon();
  if (!*answer) return Fail(WithNearest(connection, line, answer->error(), line.operands[0]));
  return *std::move(answer);
}

Result<Snapshot> Look(Connection& connection, const CommandLine& line, const std::string& name) {
  auto snapshot = connection.Await<Snapshot>([&](std::function<void(Result<Snapshot>)> done) {
    ReadSnapshot(connection.loop(), connection.client(), ClusterPaths(line.root, name),
                 std::move(done));
  });
  if (snapshot) return snapshot;
  Error error = WithNearest(connection, line, snapshot.error(), name);
  if (error.code == ErrorCode::kBadData) {
    error.message += "; its checkers keep the last spec they could read (zkctl delete " + name +
                     " removes what is left)";
  }
  return Fail(std::move(error));
}

Error WithNearest(Error error, const std::vector<std::string>& clusters, const std::string& name) {
  const bool unknown = error.code == ErrorCode::kNotFound &&
                       error.message.find("no cluster \"" + name + "\"") != std::string::npos;
  if (unknown) {
    error.message += NearestOf(name, {clusters.begin(), clusters.end()}, "there are ");
  }
  return error;
}

Error WithNearest(Connection& connection, const CommandLine& line, Error error,
                  const std::string& name) {
  if (error.code != ErrorCode::kNotFound) return error;
  ClusterAdmin editor(connection.loop(), connection.client(), line.root);
  using Names = std::vector<std::string>;
  const auto names = connection.Await<Names>(
      [&](std::function<void(Result<Names>)> done) { editor.List(std::move(done)); });
  return names ? WithNearest(std::move(error), *names, name) : error;
}

Json OrderJson(const std::string& cluster, std::string_view action) {
  Json json;
  json["cluster"] = cluster;
  json["action"] = action;
  return json;
}

}  // namespace zkcluster::zkctl
