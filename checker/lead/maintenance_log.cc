#include "checker/lead/maintenance_log.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "base/join.h"

namespace zkcluster {
namespace {

// An order may name all shards of a host; a log line must stay readable.
constexpr std::size_t kNamed = 20;

template <class Names>
std::string Listed(const Names& names) {
  return JoinFirst(names, kNamed, ",") + (names.size() > kNamed ? ",..." : "");
}

std::set<std::string> Without(const std::set<std::string>& all, const std::set<std::string>& some) {
  std::set<std::string> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(),
                      std::inserter(rest, rest.end()));
  return rest;
}

}  // namespace

MaintenanceLog::MaintenanceLog(Logger& logger, std::string cluster)
    : logger_(logger), cluster_(std::move(cluster)) {}

void MaintenanceLog::Update(const Ledger& ledger, const std::vector<std::string>& held,
                            Micros now) {
  std::set<std::string> under;
  for (const auto& [shard, order] : ledger.maintenance) {
    if (!IsOver(order, now)) under.insert(shard);
  }
  if (const auto began = Without(under, under_); !began.empty()) {
    const Maintenance& order = ledger.maintenance.at(*began.begin());
    logger_.Info("maintenance.began", {{"cluster", cluster_},
                                       {"shards", began.size()},
                                       {"names", Listed(began)},
                                       {"by", order.by},
                                       {"reason", order.reason}});
  }
  if (const auto over = Without(under_, under); !over.empty()) {
    logger_.Info("maintenance.over",
                 {{"cluster", cluster_}, {"shards", over.size()}, {"names", Listed(over)}});
  }
  if (held != held_ && !held.empty()) {
    logger_.Info("maintenance.holds",
                 {{"cluster", cluster_}, {"flips", held.size()}, {"names", Listed(held)}});
  }
  under_ = std::move(under);
  held_ = held;
}

}  // namespace zkcluster
