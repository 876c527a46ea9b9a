// The daemon's file, checker.yaml: the checker's identity, its ensemble and clusters, the probe
// settings where a spec has none, and the log. Pure values; loading reads files.
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "checker/probe/net/tls.h"
#include "checker/probe/prober.h"
#include "checker/probe/server_health.h"
#include "text/address.h"
#include "zk/client.h"

namespace zkcluster {

// The source of the Redis password of one cluster, or of all. Never in ZooKeeper, never logged.
struct RedisAuthConfig {
  std::string user;
  // Its first line, without the line end; empty: no AUTH. `${CREDENTIALS_DIRECTORY}/NAME`: what
  // systemd's LoadCredential= provides.
  std::string password_file;
  std::optional<TlsSettings> tls;  // files as password_file; nothing: no TLS
  bool operator==(const RedisAuthConfig&) const = default;
};

struct CheckerConfig {
  std::string id;    // by default the host name
  std::string rack;  // free text: shown to people, and counted (ClusterSpec::min_racks)
  struct ZooKeeper {
    std::vector<std::string> servers;                     // "host:port"
    Duration session_timeout = std::chrono::seconds(10);  // 400 ms .. 5 min, as the ensemble allows
    std::string root = "/goreclusters";
    std::string access_file;  // zookeeper.access, see zk/access.h; empty: anonymous
    bool restricted = false;  // zookeeper.acl: only identities of that file may change our znodes
    bool operator==(const ZooKeeper&) const = default;
  } zookeeper;
  bool all_clusters = false;          // `clusters: all`
  std::vector<std::string> clusters;  // else these
  int workers = 1;                    // probe.workers, 1 .. 64
  HealthSettings probe;
  RedisAuthConfig redis;                                    // for all
  std::map<std::string, RedisAuthConfig> redis_by_cluster;  // redis.clusters.<name>
  LogOptions log;
  std::optional<Address> metrics;  // metrics.listen, an IP literal; nothing: off
  std::string on_event;            // path of a command, absolute; empty: none
  bool operator==(const CheckerConfig&) const = default;
};

// Errors: kInvalid with every problem as file:line:column.
[[nodiscard]] Result<CheckerConfig> ParseConfig(std::string file, std::string_view text,
                                                std::string_view host_name);
[[nodiscard]] Result<CheckerConfig> LoadConfig(const std::string& path);

// The credentials of one cluster, its password read from the file now.
// Errors: kInvalid naming the file and why it cannot be read.
[[nodiscard]] Result<RedisCredentials> LoadCredentials(const CheckerConfig& config,
                                                       std::string_view cluster);

// The TLS settings of one cluster, with this run's paths of the files; nothing: no
// TLS. Errors: kInvalid.
[[nodiscard]] Result<std::optional<TlsSettings>> TlsSettingsOf(const CheckerConfig& config,
                                                               std::string_view cluster);

// This checker's identity for ZooKeeper, with passwords read from the file now. Errors: the same,
// and that the file lacks the checkers' password or this checker's own.
[[nodiscard]] Result<zk::Identity> LoadIdentity(const CheckerConfig::ZooKeeper& zookeeper);

}  // namespace zkcluster
