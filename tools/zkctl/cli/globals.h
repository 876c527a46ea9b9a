// What every verb takes: where ZooKeeper is, who we are to it, how answers are printed. The command
// line sets it, and the environment sets the rest. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <chrono>
#include <optional>
#include <string>

#include "tools/zkctl/cli/option_set.h"

namespace zkcluster::zkctl {

enum class OutputForm { kTable, kJson, kYaml };

struct Globals {
  std::string zookeeper;    // --zk, else ZKCTL_ZK
  std::string root;         // --root, else ZKCTL_ROOT, else /goreclusters
  std::string access;       // --access, else ZKCTL_ACCESS; empty: without an identity
  bool restricted = false;  // --acl; only operators and checkers may change new znodes
  OutputForm output = OutputForm::kTable;
  Duration timeout = std::chrono::seconds(10);
  bool timeout_given = false;
};

// The values of the environment, for what the command line does not set; empty: none.
struct Environment {
  std::string zookeeper;
  std::string root;
  std::string access;
};

// As they were typed.
struct GlobalOptions {
  std::optional<std::string> zookeeper;
  std::optional<std::string> root;
  std::optional<std::string> access;
  std::optional<bool> restricted;
  OutputForm output = OutputForm::kTable;
  std::optional<Duration> timeout;
  bool help = false;
  bool version = false;

  void Declare(OptionSet& set);
  // Errors: kInvalid. Where ZooKeeper is may be left out; see CheckServers.
  [[nodiscard]] Result<Globals> Resolve(const Environment& environment) const;
};

// Errors: kInvalid: the servers are missing or malformed.
[[nodiscard]] Result<void> CheckServers(const Globals& globals);

}  // namespace zkcluster::zkctl
