#include "tools/zkctl/cli/globals.h"

#include <string_view>

#include "model/paths.h"
#include "text/complaint.h"
#include "text/duration.h"
#include "zk/native_client.h"

namespace zkcluster::zkctl {
namespace {

constexpr Duration kLeastTimeout = std::chrono::milliseconds(10);
constexpr Duration kMostTimeout = std::chrono::hours(1);

Result<bool> ParseAcl(std::string_view text) {
  if (text == "open" || text == "restricted") return text == "restricted";
  return Fail(ErrorCode::kInvalid,
              "expected open or restricted, not \"" + std::string(text) + "\"");
}

Result<OutputForm> ParseForm(std::string_view text) {
  if (text == "table") return OutputForm::kTable;
  if (text == "json") return OutputForm::kJson;
  if (text == "yaml") return OutputForm::kYaml;
  return Fail(ErrorCode::kInvalid,
              "expected table, json or yaml, not \"" + std::string(text) + "\"");
}

Result<Duration> ParseTimeout(std::string_view text) {
  auto timeout = ParseDuration(text);
  if (!timeout || (*timeout >= kLeastTimeout && *timeout <= kMostTimeout)) return timeout;
  return Fail(ErrorCode::kInvalid, ExpectedDurationWithin(kLeastTimeout, kMostTimeout, text));
}

}  // namespace

void GlobalOptions::Declare(OptionSet& set) {
  set.Text({"zk", "HOSTS", "ZooKeeper servers, host:port separated by commas (or ZKCTL_ZK)"},
           zookeeper);
  set.Text({"root", "PATH", "where the clusters are (or ZKCTL_ROOT); default: /goreclusters"},
           root);
  set.Text({"access", "FILE", "our credentials (or ZKCTL_ACCESS); see zkcluster-security(7)",
            Completion::Kind::kFiles},
           access);
  set.Value({"acl",
             "WHO",
             "open or restricted: who may change what this creates",
             {"open", "restricted"}},
            restricted, ParseAcl);
  set.Value({"output,o", "FORM", "table, json or yaml", {"table", "json", "yaml"}}, output,
            ParseForm);
  set.Value({"timeout",
             "DURATION",
             "how long to wait for ZooKeeper, such as 5s; default: 10s",
             {"30s", "10m", "30m", "2h", "24h"}},
            timeout, ParseTimeout);
  set.Flag({"help,h", "", "print help, also about one verb"}, help);
  set.Flag({"version", "", "print the version"}, version);
}

Result<Globals> GlobalOptions::Resolve(const Environment& environment) const {
  Globals globals;
  globals.zookeeper = zookeeper.value_or(environment.zookeeper);
  globals.root = root.value_or(environment.root.empty() ? "/goreclusters" : environment.root);
  globals.access = access.value_or(environment.access);
  // An access file restricts what is made, unless --acl says otherwise.
  globals.restricted = restricted.value_or(!globals.access.empty());
  if (globals.access.empty() && (globals.restricted || access)) {
    return Fail(ErrorCode::kInvalid, "no access file: give --access FILE or set ZKCTL_ACCESS");
  }
  globals.output = output;
  globals.timeout = timeout.value_or(globals.timeout);
  globals.timeout_given = timeout.has_value();
  if (const auto valid = ValidateRoot(globals.root); !valid) {
    return Fail(valid.error().Within("--root"));
  }
  return globals;
}

Result<void> CheckServers(const Globals& globals) {
  if (globals.zookeeper.empty()) {
    return Fail(ErrorCode::kInvalid,
                "no ZooKeeper servers: give --zk HOST:PORT[,...] or set ZKCTL_ZK");
  }
  const auto servers = zk::ParseServers(globals.zookeeper);
  if (!servers) return Fail(servers.error().Within("--zk"));
  return {};
}

}  // namespace zkcluster::zkctl
