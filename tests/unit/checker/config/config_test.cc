#include "checker/config/config.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "checker/config/options.h"

namespace config_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

const std::string kLeast = "zookeeper: {servers: [zk1]}\nclusters: all\n";

CheckerConfig Parse(const std::string& text) {
  const auto config = ParseConfig("checker.yaml", text, "host7");
  REQUIRE_MESSAGE(config.has_value(), config.error().message);
  return *config;
}

std::string ErrorOf(const std::string& text, std::string_view host_name = "host7") {
  const auto config = ParseConfig("checker.yaml", text, host_name);
  return config ? std::string("(accepted)") : config.error().message;
}

struct TemporaryFolder {
  TemporaryFolder() { REQUIRE(mkdtemp(path) != nullptr); }
  ~TemporaryFolder() {
    for (const std::string& file : files) unlink(file.c_str());
    rmdir(path);
  }
  std::string Write(const std::string& name, const std::string& text) {
    files.push_back(std::string(path) + "/" + name);
    std::ofstream(files.back()) << text;
    return files.back();
  }
  char path[32] = "/tmp/zkc-config-XXXXXX";
  std::vector<std::string> files;
};

}  // namespace

TEST_CASE("config: every key") {
  const CheckerConfig config = Parse(
      "id: rack1\n"
      "rack: r1\n"
      "zookeeper:\n"
      "  servers: [zk1:2181, '[::1]:2182', zk3]\n"
      "  session_timeout: 6s\n"
      "  root: /fleet/redis\n"
      "clusters: [sessions, carts]\n"
      "probe:\n"
      "  workers: 4\n"
      "  interval: 500ms\n"
      "  timeout: 250ms\n"
      "  threshold: 2s\n"
      "  refused_threshold: 700ms\n"
      "  fast_interval: 100ms\n"
      "redis:\n"
      "  user: probe\n"
      "  password_file: /etc/zkchecker/redis\n"
      "  clusters:\n"
      "    carts: {password_file: /etc/zkchecker/carts}\n"
      "    sessions:\n"
      "log: {level: debug, format: json, file: /var/log/zkchecker.log}\n"
      "metrics: {listen: '[::]:9600'}\n"
      "on_event: /usr/local/bin/page\n");
  CheckerConfig expected;
  expected.id = "rack1";
  expected.rack = "r1";
  expected.zookeeper = {{"zk1:2181", "[::1]:2182", "zk3:2181"}, 6s, "/fleet/redis"};
  expected.clusters = {"sessions", "carts"};
  expected.workers = 4;
  expected.probe = {500ms, 250ms, 2s, 700ms, 100ms};
  expected.redis = {"probe", "/etc/zkchecker/redis"};
  expected.redis_by_cluster = {{"carts", {"", "/etc/zkchecker/carts"}}, {"sessions", {}}};
  expected.log = {LogLevel::kDebug, LogFormat::kJson, "/var/log/zkchecker.log"};
  expected.metrics = Address{"::", 9600};
  expected.on_event = "/usr/local/bin/page";
  CHECK(config == expected);
}

TEST_CASE("config: the required keys, and the defaults of the others") {
  const CheckerConfig config = Parse(kLeast);
  CheckerConfig expected;
  expected.id = "host7";
  expected.zookeeper.servers = {"zk1:2181"};
  expected.all_clusters = true;
  CHECK(config == expected);
}

TEST_CASE("config: servers as one text") {
  const CheckerConfig config =
      Parse("zookeeper: {servers: 'zk1:2181,[::1]:2182,zk3'}\nclusters: [a]\n");
  CHECK(config.zookeeper.servers == std::vector<std::string>{"zk1:2181", "[::1]:2182", "zk3:2181"});
}

TEST_CASE("config: metrics are off, or at the file's address, which is loopback by default") {
  CHECK_FALSE(Parse(kLeast + "metrics:\n").metrics);
  CHECK(Parse(kLeast + "metrics: {listen: 10.0.0.7:9600}\n").metrics == Address{"10.0.0.7", 9600});
  CHECK(Parse(kLeast + "metrics: {listen: 0.0.0.0}\n").metrics == Address{"0.0.0.0", 9511});
  CHECK(Parse(kLeast + "metrics: {listen: ':9600'}\n").metrics == Address{"127.0.0.1", 9600});
}

TEST_CASE("config: defaults give way to what the file says beside them") {
  const CheckerConfig config = Parse(kLeast + "probe: {interval: 100ms, threshold: 600ms}\n");
  CHECK(config.probe == HealthSettings{100ms, 500ms, 600ms, 600ms, 100ms});
}

TEST_CASE("config: every problem at once, sorted by place") {
  CHECK(ErrorOf("id: a/b\n"
                "rak: r1\n"
                "zookeeper:\n"
                "  server: [zk1]\n"
                "  session_timeout: 1ms\n"
                "  root: nowhere/\n"
                "clusters: [a, a]\n"
                "probe:\n"
                "  workers: 100\n"
                "  intervall: 1s\n"
                "log: {level: loud}\n")
            .find("checker.yaml:1:5: id: ") == 0);
  const std::string problems = ErrorOf(
      "rak: r1\n"
      "zookeeper:\n"
      "  server: [zk1]\n"
      "  session_timeout: 1ms\n"
      "clusters: [a, a]\n"
      "probe:\n"
      "  workers: 100\n"
      "  intervall: 1s\n"
      "log: {level: loud}\n"
      "rack: 1\n"
      "rack: 2\n");
  CHECK(
      problems ==
      "checker.yaml:1:1: rak: unknown key; did you mean \"rack\"?\n"
      "checker.yaml:3:3: zookeeper.server: unknown key; did you mean \"servers\"?\n"
      "checker.yaml:3:3: zookeeper.servers: missing: expected the ZooKeeper servers, as in "
      "[zk1:2181, "
      "zk2:2181, zk3:2181]\n"
      "checker.yaml:4:20: zookeeper.session_timeout: must be from 400ms to 5m, not 1ms\n"
      "checker.yaml:5:15: clusters[1]: duplicate cluster \"a\"; it is in line 5 already\n"
      "checker.yaml:7:12: probe.workers: expected a whole number from 1 to 64, not 100\n"
      "checker.yaml:8:3: probe.intervall: unknown key; did you mean \"interval\"?\n"
      "checker.yaml:9:14: log.level: expected one of debug, info, warn, error, off, not \"loud\"\n"
      "checker.yaml:11:1: rack: duplicate key; it is in line 10 already");
}

TEST_CASE("config: refusals, each at its own place") {
  struct Row {
    std::string text;
    std::string start;
  };
  const std::vector<Row> rows = {
      {"", "checker.yaml:1:1: empty: expected at least zookeeper and clusters"},
      {"clusters: all\n", "checker.yaml:1:1: zookeeper.servers: missing"},
      {"zookeeper: {servers: []}\nclusters: all\n", "checker.yaml:1:22: zookeeper.servers: empty"},
      {"zookeeper: {servers: ['zk:0']}\nclusters: all\n",
       "checker.yaml:1:23: zookeeper.servers[0]: "},
      {"zookeeper: {servers: [':2181']}\nclusters: all\n",
       "checker.yaml:1:23: zookeeper.servers[0]: expected host:port, not \":2181\""},
      {"zookeeper: {servers: 'zk:0'}\nclusters: all\n", "checker.yaml:1:22: zookeeper.servers: "},
      {"zookeeper: {servers: zk, root: nowhere}\nclusters: all\n",
       "checker.yaml:1:32: zookeeper.root: "},
      {"zookeeper: {servers: zk}\n",
       "checker.yaml:1:1: clusters: missing: a list of names, or the word all"},
      {"zookeeper: {servers: zk}\nclusters: sessions\n",
       "checker.yaml:2:11: clusters: expected a list of names, or the word all, not \"sessions\""},
      {"zookeeper: {servers: zk}\nclusters: []\n", "checker.yaml:2:11: clusters: empty"},
      {"zookeeper: {servers: zk}\nclusters: [a/b]\n", "checker.yaml:2:12: clusters[0]: "},
      {"zookeeper: {servers: zk}\nclusters: {a: b}\n",
       "checker.yaml:2:11: clusters: expected a list"},
      {kLeast + "id: [1]\n", "checker.yaml:3:5: id: expected text, not a list"},
      {kLeast + "id: ''\n", "checker.yaml:3:5: id: "},
      {kLeast + "probe: {threshold: 500ms}\n",
       "checker.yaml:3:20: probe.threshold: threshold 500ms is shorter than interval 1s"},
      {kLeast + "probe: {interval: 5s}\n",
       "checker.yaml:3:19: probe.interval: threshold 3s is shorter than interval 5s"},
      {kLeast + "probe: {timeout: 4s}\n",
       "checker.yaml:3:18: probe.timeout: threshold 3s is shorter than timeout 4s"},
      {kLeast + "probe: {refused_threshold: 4s}\n",
       "checker.yaml:3:28: probe.refused_threshold: refused_threshold 4s is longer than threshold "
       "3s"},
      {kLeast + "probe: {fast_interval: 2s}\n",
       "checker.yaml:3:24: probe.fast_interval: fast_interval 2s is longer than interval 1s"},
      {kLeast + "probe: {interval: 5s, threshold: never}\n",
       "checker.yaml:3:34: probe.threshold: "},
      {kLeast + "redis: {user: u}\n",
       "checker.yaml:3:15: redis.user: needs a password_file beside it"},
      {kLeast + "redis: {password: geheim}\n", "checker.yaml:3:9: redis.password: unknown key"},
      {kLeast + "redis: {clusters: {a: {pasword_file: f}}}\n",
       "checker.yaml:3:24: redis.clusters.a.pasword_file: unknown key; did you mean "
       "\"password_file\"?"},
      {"zookeeper: {servers: zk}\nclusters: [a]\nredis: {clusters: {b: {password_file: f}}}\n",
       "checker.yaml:3:23: redis.clusters.b: this checker does not serve that cluster"},
      {kLeast + "log: {format: xml}\n",
       "checker.yaml:3:15: log.format: expected one of logfmt, json, not \"xml\""},
      {kLeast + "metrics: {}\n",
       "checker.yaml:3:10: metrics.listen: missing: expected an address such as 127.0.0.1:9511"},
      {kLeast + "metrics: 9511\n", "checker.yaml:3:10: metrics: expected"},
      {kLeast + "metrics: {listen: '[::1]', port: 9511}\n",
       "checker.yaml:3:28: metrics.port: unknown key"},
      {kLeast + "metrics: {listen: '127.0.0.1:99999'}\n", "checker.yaml:3:19: metrics.listen: "},
      {kLeast + "metrics: {listen: host7:9511}\n",
       "checker.yaml:3:19: metrics.listen: expected an IP address of this host, such as "
       "127.0.0.1:9511 or [::]:9511, not the name \"host7\""},
      {kLeast + "on_event: page me\n",
       "checker.yaml:3:11: on_event: expected the absolute path of a command, without arguments, "
       "not \"page me\""},
      {kLeast + "on_event: [/bin/page]\n", "checker.yaml:3:11: on_event: expected"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const std::string error = ErrorOf(row.text);
    CHECK_MESSAGE(error.compare(0, row.start.size(), row.start) == 0, error);
    CHECK_MESSAGE(error.find('\n') == std::string::npos, error);
  }
}

TEST_CASE("config: too many servers") {
  std::string list = "zk";
  for (int i = 0; i < 100; ++i) list += ", zk";
  CHECK(ErrorOf("zookeeper: {servers: [" + list + "]}\nclusters: all\n") ==
        "checker.yaml:1:22: zookeeper.servers: more than 100 servers");
}

TEST_CASE("config: a host name that is no id") {
  CHECK(
      ErrorOf(kLeast, "").find("checker.yaml:1:1: id: missing, and the host name cannot be used") ==
      0);
  CHECK(ErrorOf("id: a\n" + kLeast, "") == "(accepted)");
}

TEST_CASE("config: passwords come from files, the cluster's own first") {
  TemporaryFolder folder;
  CheckerConfig config;
  config.redis = {"probe", folder.Write("all", "secret\r\nsecond line\n")};
  config.redis_by_cluster["carts"] = {"", folder.Write("carts", "other")};
  config.redis_by_cluster["open"] = {};
  config.redis_by_cluster["empty"] = {"", folder.Write("empty", "\nsecret\n")};
  config.redis_by_cluster["absent"] = {"", std::string(folder.path) + "/absent"};

  CHECK(LoadCredentials(config, "sessions") == RedisCredentials{"probe", "secret"});
  CHECK(LoadCredentials(config, "carts") == RedisCredentials{"", "other"});
  CHECK(LoadCredentials(config, "open") == RedisCredentials{});
  for (const char* cluster : {"empty", "absent"}) {
    CAPTURE(cluster);
    const auto failed = LoadCredentials(config, cluster);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == ErrorCode::kInvalid);
    CHECK(failed.error().message.find(config.redis_by_cluster[cluster].password_file) !=
          std::string::npos);
    CHECK(failed.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("config: a password may be one that systemd hands over") {
  TemporaryFolder folder;
  folder.Write("redis_all", "secret\n");
  const CheckerConfig config =
      Parse(kLeast + "redis: {password_file: '${CREDENTIALS_DIRECTORY}/redis_all'}\n");
  unsetenv("CREDENTIALS_DIRECTORY");
  const auto without = LoadCredentials(config, "a");
  REQUIRE_FALSE(without.has_value());
  CHECK(without.error().code == ErrorCode::kInvalid);
  CHECK(without.error().message.find("LoadCredential=") != std::string::npos);
  setenv("CREDENTIALS_DIRECTORY", folder.path, 1);
  CHECK(LoadCredentials(config, "a") == RedisCredentials{"", "secret"});
  unsetenv("CREDENTIALS_DIRECTORY");

  for (const std::string path :
       {"${HOME}/x", "/etc/${CREDENTIALS_DIRECTORY}/x", "${CREDENTIALS_DIRECTORY}",
        "${CREDENTIALS_DIRECTORY}x", "${CREDENTIALS_DIRECTORY}/${X}"}) {
    CAPTURE(path);
    const std::string problem = ErrorOf(kLeast + "redis: {password_file: '" + path + "'}\n");
    CHECK(problem.find("checker.yaml:3:24: redis.password_file: the only variable is") == 0);
  }
}

TEST_CASE("config: TLS to Redis, of all clusters and of some") {
  const CheckerConfig config =
      Parse(kLeast +
            "redis:\n  tls: {ca_file: /ca, cert_file: /c, key_file: /k, server_name: redis.test}\n"
            "  clusters:\n    carts: {tls: {}}\n    open: {}\n");
  CHECK(config.redis.tls == TlsSettings{"/ca", "/c", "/k", "redis.test"});
  CHECK(config.redis_by_cluster.at("carts").tls == TlsSettings{});
  CHECK(config.redis_by_cluster.at("open").tls == std::nullopt);
  CHECK(Parse(kLeast).redis.tls == std::nullopt);
  CHECK(ErrorOf(kLeast + "redis: {tls: {cert_file: /c}}\n")
            .find("redis.tls.cert_file: cert_file and key_file belong together") !=
        std::string::npos);
  for (const std::string bad : {".redis.test", "*.redis.test", "redis.test:6379", "a b", "1.2.3"}) {
    CAPTURE(bad);
    CHECK(ErrorOf(kLeast + "redis: {tls: {server_name: \"" + bad + "\"}}\n")
              .find("redis.tls.server_name: expected a host name or an IP address") !=
          std::string::npos);
  }
  for (const std::string good : {"redis.test", "redis.test.", "10.0.0.1", "fe80::1%eth0"}) {
    CAPTURE(good);
    CHECK(
        Parse(kLeast + "redis: {tls: {server_name: \"" + good + "\"}}\n").redis.tls->server_name ==
        good);
  }
  CHECK(ErrorOf(kLeast + "redis: {tls: {ca: /c}}\n").find("redis.tls.ca: unknown key") !=
        std::string::npos);
}

TEST_CASE("config: access to this checker's znodes") {
  const std::string zookeeper = "id: a\nclusters: all\nzookeeper: {servers: [zk1]";
  CHECK(Parse(zookeeper + "}\n").zookeeper.restricted == false);
  CHECK(Parse(zookeeper + ", access: /a}\n").zookeeper.restricted == true);
  CHECK(Parse(zookeeper + ", access: /a}\n").zookeeper.access_file == "/a");
  CHECK(Parse(zookeeper + ", access: /a, acl: open}\n").zookeeper.restricted == false);
  CHECK(ErrorOf(zookeeper + ", acl: restricted}\n").find("zookeeper.acl: restricted needs") !=
        std::string::npos);
  CHECK(ErrorOf(zookeeper + ", acl: closed}\n").find("checker.yaml:3:34: zookeeper.acl: ") == 0);
}

TEST_CASE("config: loading a file, and a missing one") {
  TemporaryFolder folder;
  const auto config = LoadConfig(folder.Write("checker.yaml", "id: a\n" + kLeast));
  REQUIRE_MESSAGE(config.has_value(), config.error().message);
  CHECK(config->id == "a");
  const auto absent = LoadConfig(std::string(folder.path) + "/absent");
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().message.find("No such file") != std::string::npos);
}

TEST_CASE("options: the command line of zkchecker") {
  CHECK(ParseOptions({"--config", "f"}) == Options{"f", false, false, false});
  CHECK(ParseOptions({"--config=f", "--check-config"}) == Options{"f", true, false, false});
  CHECK(ParseOptions({"--version"}) == Options{"", false, true, false});
  CHECK(ParseOptions({"--help"}) == Options{"", false, false, true});
  CHECK(Usage().find("--check-config") != std::string::npos);
  const std::vector<std::vector<std::string>> refused = {
      {},           {"--config"},        {"--config", "f", "--confg"}, {"f"}, {"--check-config"},
      {"--conf=f"}, {"--config=f", "x"}, {"--config=a", "--config=b"}, {"-c"}};
  for (const auto& arguments : refused) {
    CAPTURE(arguments.size());
    const auto options = ParseOptions(arguments);
    REQUIRE_FALSE(options.has_value());
    CHECK(options.error().message.find('\n') == std::string::npos);
  }
}

}  // namespace config_test
