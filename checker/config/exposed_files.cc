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
  const auto look = [&exposed](const std::string& file) {
    if (EverybodyMayRead(file) && std::ranges::find(exposed, file) == exposed.end()) {
      exposed.push_back(file);
    }
  };
  const auto look_at = [&look](const RedisAuthConfig& redis) {
    look(redis.password_file);
    if (redis.tls) look(redis.tls->key_file);
  };
  look(config.zookeeper.access_file);
  look_at(config.redis);
  for (const auto& [name, redis] : config.redis_by_cluster) look_at(redis);
  return exposed;
}

}  // namespace zkcluster
