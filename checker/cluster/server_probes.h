// The servers of one cluster that this checker has probed: follows the list of the spec in force. A
// server whose shard name and address are unchanged keeps its connection, history and opinion; a
// moved one is a new server. Owned by a Participant. Loop-bound.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "checker/lead/spec_in_force.h"
#include "checker/probe/probe_pool.h"
#include "model/servers.h"

namespace zkcluster {

// The question that a cluster's servers are asked, and how they are reached.
struct ProbeAccess {
  ProbeQuestion question;
  std::shared_ptr<const TlsContext> tls;  // null: no TLS
  bool operator==(const ProbeAccess&) const = default;
};

class ServerProbes {
 public:
  // `server`: its place among servers().
  using Report = std::function<void(std::size_t server, const ServerReport& report)>;
  // What is known of the former deaths of a server that this checker has not probed yet.
  using Former = std::function<FormerDeaths(const std::string& shard)>;
  // For each server its place in the previous list; nothing: it was not there.
  using Places = std::vector<std::optional<std::size_t>>;

  ServerProbes(Loop& loop, ProbePool& pool, ProbeAccess access, Report report);
  ~ServerProbes();
  ServerProbes(const ServerProbes&) = delete;
  ServerProbes& operator=(const ServerProbes&) = delete;

  // From now on probes the servers of this spec, at its intervals.
  [[nodiscard]] Places Follow(const SharedSpec& spec, const Former& deaths);
  // Keeps the servers and changes the intervals and thresholds. REQUIRES: the list is that of
  // the last Follow.
  void Retune(const SharedSpec& spec);
  void SetAccess(ProbeAccess access);
  void Stop();

  // The group in which these probes are counted.
  [[nodiscard]] ProbeGroup group() const { return group_; }
  [[nodiscard]] const std::vector<ServerRef>& servers() const { return servers_; }
  [[nodiscard]] const std::string& ShardOf(std::size_t server) const;
  [[nodiscard]] const std::string& Addr(std::size_t server) const;

 private:
  [[nodiscard]] ServerHandle Start(std::size_t server, const FormerDeaths& former);

  Loop& loop_;
  ProbePool& pool_;
  ProbeAccess access_;
  const Report report_;
  const ProbeGroup group_;
  SharedSpec spec_;                    // the spec of these servers
  std::vector<ServerRef> servers_;     // ServersOf its list
  std::vector<ServerHandle> handles_;  // one per server
  std::unordered_map<ServerHandle, std::size_t> index_;
};

}  // namespace zkcluster
