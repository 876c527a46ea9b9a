#include "checker/config/exposed_files.h"

#include <sys/stat.h>

#include <algorithm>

namespace zkcluster {
namespace {

bool EverybodyMayRead(const std::string& file) {
  struct stat seen {};
  return ::stat(file.c_str(), &seen) == 0 && S_ISREG(seen.st_mode) && (seen.st_mode & S_IROTH) != 0;
}

}  // namespace

std::vector<std::string> ExposedFiles(const CheckerConfig& config) {
  std::vector<std::string> exposed;
  const auto check = [&exposed](const std::string& file) {
    if (EverybodyMayRead(file) && std::ranges::find(exposed, file) == exposed.end()) {
      exposed.push_back(file);
    }
  };
  const auto check_redis = [&check](const RedisAuthConfig& redis) {
    check(redis.password_file);
    if (redis.tls) check(redis.tls->key_file);
  };
  check(config.zookeeper.access_file);
  check_redis(config.redis);
  for (const auto& [name, redis] : config.redis_by_cluster) check_redis(redis);
  return exposed;
}

}  // namespace zkcluster
