#include "checker/config/exposed_files.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tools/sandbox/process.h"

namespace exposed_files_test {

using namespace zkcluster;
namespace fs = std::filesystem;

namespace {

struct Files {
  [[nodiscard]] std::string Make(const std::string& name, fs::perms mode) const {
    const fs::path path = folder.path() / name;
    sandbox::WriteFile(path, "secret\n");
    fs::permissions(path, mode);
    return path.string();
  }
  sandbox::TempFolder folder{"zkc-exposed"};
};

constexpr fs::perms kOwner = fs::perms::owner_read | fs::perms::owner_write;
constexpr fs::perms kGroup = kOwner | fs::perms::group_read;
constexpr fs::perms kAll = kGroup | fs::perms::others_read;

}  // namespace

TEST_CASE("exposed files: those that everybody may read, each once, not those of a group") {
  const Files files;
  CheckerConfig config;
  CHECK(ExposedFiles(config).empty());

  const std::string access = files.Make("access", kAll);
  const std::string key = files.Make("key", kAll);
  const std::string password = files.Make("password", kAll);
  config.zookeeper.access_file = access;
  config.redis.password_file = files.Make("of-a-group", kGroup);
  // Certificates are public anyway.
  config.redis.tls = TlsSettings{.cert_file = files.Make("cert", kAll), .key_file = key};
  config.redis_by_cluster["a"].password_file = password;
  config.redis_by_cluster["b"].password_file = password;
  config.redis_by_cluster["c"].password_file = files.Make("mine", kOwner);
  config.redis_by_cluster["d"].password_file = "/no/such/file";
  config.redis_by_cluster["e"].password_file = "${CREDENTIALS_DIRECTORY}/x";
  config.redis_by_cluster["f"].password_file = files.folder.path().string();
  CHECK(ExposedFiles(config) == std::vector<std::string>{access, key, password});
}

}  // namespace exposed_files_test
