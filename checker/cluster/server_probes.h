// The servers of one cluster, as this checker has them probed: follows the list of the spec in
// force. A server that keeps its shard's name and its address keeps its connection, its history and
// its opinion; one that moves is another server. Owned by a Participant. Loop-bound.
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

// What the servers of a cluster are asked, and how they are reached.
struct ProbeAccess {
  ProbeQuestion question;
  std::shared_ptr<const TlsContext> tls;  // null: in the clear
  bool operator==(const ProbeAccess&) const = default;
};

class ServerProbes {
 public:
  // `server`: its place among servers().
  using Report = std::function<void(std::size_t server, const ServerReport& report)>;
  // Good probes in a row that the next return of the shard asks for.
  using Required = std::function<int(const std::string& shard)>;
  // For each server its place in the list before; nothing: it was not in it.
  using Former = std::vector<std::optional<std::size_t>>;

  ServerProbes(Loop& loop, ProbePool& pool, ProbeAccess access, Report report);
  ~ServerProbes();
  ServerProbes(const ServerProbes&) = delete;
  ServerProbes& operator=(const ServerProbes&) = delete;

  // Probes the servers of this spec from now on, by its times.
  [[nodiscard]] Former Follow(const SharedSpec& spec, const Required& required);
  // The same servers by other times. REQUIRES: the list is that of the last Follow.
  void Retune(const SharedSpec& spec);
  void SetAccess(ProbeAccess access);
  void Stop();

  // Its counters.
  [[nodiscard]] ProbeGroup group() const { return group_; }
  [[nodiscard]] const std::vector<ServerRef>& servers() const { return servers_; }
  [[nodiscard]] const std::string& ShardOf(std::size_t server) const;
  [[nodiscard]] const std::string& Addr(std::size_t server) const;

 private:
  [[nodiscard]] ServerHandle Start(std::size_t server, int required);

  Loop& loop_;
  ProbePool& pool_;
  ProbeAccess access_;
  const Report report_;
  const ProbeGroup group_;
  SharedSpec spec_;                    // whose servers these are
  std::vector<ServerRef> servers_;     // ServersOf its list
  std::vector<ServerHandle> handles_;  // one per server
  std::unordered_map<ServerHandle, std::size_t> index_;
};

}  // namespace zkcluster
