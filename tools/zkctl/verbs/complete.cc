#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admin/cluster_admin.h"
#include "model/paths.h"
#include "text/address.h"
#include "tools/zkctl/cli/completion.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/table.h"

namespace zkcluster::zkctl {
namespace {

using Words = std::vector<std::string>;

// The shell waits for it at each press of the key.
constexpr Duration kCompletionLimit = std::chrono::milliseconds(1500);

// The shell cannot complete names that contain its separators.
Words Plain(Words names) {
  std::erase_if(names, [](const std::string& name) {
    return name.find_first_of(" \t\n\r\"'\\`$&|;<>()*?[]{}~#!") != std::string::npos;
  });
  return names;
}

class LiveNames {
 public:
  explicit LiveNames(Globals globals) : globals_(std::move(globals)) {}

  Words Clusters() {
    if (!Open()) return {};
    auto names = connection_->Ask<Words>(
        [](ClusterAdmin& admin, auto done) { admin.List(std::move(done)); });
    return names ? Plain(*std::move(names)) : Words();
  }
  Words Shards(const std::string& cluster) {
    Words names;
    for (const ShardSpec& shard : Read(cluster).spec.spec.shards) names.push_back(shard.name);
    return Plain(std::move(names));
  }
  Words Hosts(const std::string& cluster) {
    std::set<std::string> hosts;
    for (const ShardSpec& shard : Read(cluster).spec.spec.shards) {
      const auto address = ParseAddress(shard.addr);
      if (address) hosts.insert(address->host);
    }
    return Plain({hosts.begin(), hosts.end()});
  }
  Words Checkers(const std::string& cluster) {
    const auto snapshot = Read(cluster);
    if (!snapshot.ledger) return {};
    return Plain({snapshot.ledger->electorate.begin(), snapshot.ledger->electorate.end()});
  }

 private:
  bool Open() {
    if (connection_) return true;
    auto opened = globals_.zookeeper.empty() ? Result<std::unique_ptr<Connection>>(Fail(Error{}))
                                             : Connection::Open(globals_);
    if (opened) connection_ = *std::move(opened);
    return connection_ != nullptr;
  }
  Snapshot Read(const std::string& cluster) {
    if (!Open() || !ValidateName("cluster", cluster)) return {};
    return TakeSnapshot(*connection_, cluster).value_or(Snapshot{});
  }

  Globals globals_;
  std::unique_ptr<Connection> connection_;
};

std::string FirstOf(const std::string& typed, const std::string& otherwise) {
  return typed.empty() ? otherwise : typed;
}

}  // namespace

int RunComplete(const Words& words, const Environment& environment) {
  Globals globals;
  globals.zookeeper = FirstOf(TypedOption(words, "zk"), environment.zookeeper);
  globals.root = FirstOf(TypedOption(words, "root"), FirstOf(environment.root, "/goreclusters"));
  globals.timeout = kCompletionLimit;
  if (!ValidateRoot(globals.root)) globals.zookeeper.clear();
  LiveNames live(std::move(globals));
  const NameSource names{[&] { return live.Clusters(); },
                         [&](const std::string& cluster) { return live.Shards(cluster); },
                         [&](const std::string& cluster) { return live.Checkers(cluster); },
                         [&](const std::string& cluster) { return live.Hosts(cluster); }};
  std::string text;
  for (const std::string& word : CompleteWords(AllVerbs(), words, names)) text += word + "\n";
  return Print(text) ? kDone : kRefused;
}

}  // namespace zkcluster::zkctl
