#include "checker/cluster/server_probes.h"

#include <map>
#include <string_view>
#include <utility>

#include "checker/probe/schedule.h"

namespace zkcluster {

ServerProbes::ServerProbes(Loop& loop, ProbePool& pool, ProbeAccess access, Report report)
    : loop_(loop),
      pool_(pool),
      access_(std::move(access)),
      report_(std::move(report)),
      group_(pool.NewGroup()) {}

ServerProbes::~ServerProbes() {
  Stop();
  pool_.DropGroup(group_);
}

ServerProbes::Places ServerProbes::Follow(const SharedSpec& spec, const Former& deaths) {
  const SharedSpec old_spec = std::exchange(spec_, spec);
  const std::vector<ServerRef> old_servers =
      std::exchange(servers_, ServersOf(spec->spec().shards));
  const std::vector<ServerHandle> old_handles = std::exchange(handles_, {});
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> old;
  for (std::size_t n = 0; n < old_servers.size(); ++n) {
    const auto& shards = old_spec->spec().shards;
    old.emplace(std::pair(std::string_view(shards[old_servers[n].shard].name),
                          std::string_view(AddrOf(shards, old_servers[n]))),
                n);
  }
  const bool retune = old_spec && old_spec->health != spec->health;
  index_.clear();
  Places former(servers_.size());
  for (std::size_t n = 0; n < servers_.size(); ++n) {
    const auto known = old.find({ShardOf(n), Addr(n)});
    if (known != old.end()) {
      former[n] = known->second;
      handles_.push_back(old_handles[known->second]);
      old.erase(known);
      if (retune) pool_.Retune(handles_.back(), spec->health);
    } else {
      handles_.push_back(Start(n, deaths(ShardOf(n))));
    }
    index_.emplace(handles_.back(), n);
  }
  for (const auto& [name, n] : old) pool_.Unwatch(old_handles[n]);
  return former;
}

ServerHandle ServerProbes::Start(std::size_t server, const FormerDeaths& former) {
  ServerToProbe probe;
  probe.target = {Addr(server), access_.question, access_.tls};
  probe.settings = spec_->health;
  probe.former = former;
  probe.group = group_;
  probe.first_delay =
      FirstDelay(server, servers_.size(), spec_->health.interval / 2, loop_.Random());
  return pool_.Watch(std::move(probe), [this](const ServerReport& report) {
    const auto found = index_.find(report.handle);
    if (found != index_.end()) report_(found->second, report);
  });
}

void ServerProbes::Retune(const SharedSpec& spec) {
  spec_ = spec;
  for (const ServerHandle handle : handles_) pool_.Retune(handle, spec_->health);
}

void ServerProbes::SetAccess(ProbeAccess access) {
  if (access == access_) return;
  access_ = std::move(access);
  for (const ServerHandle handle : handles_) {
    pool_.SetQuestion(handle, access_.question, access_.tls);
  }
}

void ServerProbes::Stop() {
  for (const ServerHandle handle : handles_) pool_.Unwatch(handle);
  servers_.clear();
  handles_.clear();
  index_.clear();
}

const std::string& ServerProbes::ShardOf(std::size_t server) const {
  return spec_->spec().shards[servers_[server].shard].name;
}

const std::string& ServerProbes::Addr(std::size_t server) const {
  return AddrOf(spec_->spec().shards, servers_[server]);
}

}  // namespace zkcluster
