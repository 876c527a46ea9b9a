// The daemon's file, checker.yaml.
#include "checker/config/config.h"
#include "model/paths.h"
#include "tests/fuzz/target.h"
#include "text/address.h"

namespace zkcluster::fuzz::checker_yaml_target {
namespace {

void CheckConfig(const CheckerConfig& config) {
  ZKC_CHECK(ValidateName("id", config.id).has_value());
  ZKC_CHECK(!config.zookeeper.servers.empty());
  for (const std::string& server : config.zookeeper.servers) {
    const auto address = ParseAddress(server);
    ZKC_CHECK(address.has_value());
    ZKC_CHECK(FormatAddress(*address) == server);
  }
  ZKC_CHECK(ValidateRoot(config.zookeeper.root).has_value());
  ZKC_CHECK(config.all_clusters == config.clusters.empty());
  for (const std::string& name : config.clusters) ZKC_CHECK(ValidateName("n", name).has_value());
  for (const auto& [name, auth] : config.redis_by_cluster) {
    ZKC_CHECK(ValidateName("n", name).has_value());
    ZKC_CHECK(auth.user.empty() || !auth.password_file.empty());
  }
  ZKC_CHECK(config.workers >= 1 && config.workers <= 64);
  const HealthSettings& probe = config.probe;
  ZKC_CHECK(probe.interval > Duration::zero() && probe.timeout > Duration::zero());
  ZKC_CHECK(probe.fast_interval > Duration::zero() && probe.fast_interval <= probe.interval);
  ZKC_CHECK(probe.threshold >= probe.interval && probe.threshold >= probe.timeout);
  ZKC_CHECK(probe.refused_threshold > Duration::zero());
  ZKC_CHECK(probe.refused_threshold <= probe.threshold);
}

}  // namespace

bool TestOneInput(std::string_view input) {
  const auto config = ParseConfig("f", input, "host");
  if (!config) {
    CheckFileError(config.error(), "f");
    return false;
  }
  CheckConfig(*config);
  return true;
}

const Target kTarget("checker-yaml", TestOneInput);

}  // namespace zkcluster::fuzz::checker_yaml_target
