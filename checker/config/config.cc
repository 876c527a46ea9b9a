#include "checker/config/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "model/paths.h"
#include "text/address.h"
#include "text/duration.h"
#include "yaml/reader.h"
#include "zk/identity.h"
#include "zk/native_client.h"

namespace zkcluster {
namespace {

using yaml::Value;
using namespace std::chrono_literals;

constexpr std::size_t kMaxFileBytes = 1'000'000;
constexpr std::size_t kMaxPasswordFileBytes = 65'536;
constexpr std::uint16_t kZooKeeperPort = 2181;
constexpr int kMaxWorkers = 64;
constexpr std::uint16_t kMetricsPort = 9511;

constexpr Duration kShortest = 10ms;
constexpr Duration kLongestInterval = 1h;
constexpr Duration kLongestTimeout = 1min;

// Complains when the name cannot be part of a path.
bool CheckName(const Value& value, std::string_view what, const std::string& name) {
  const auto valid = ValidateName(what, name);
  if (!valid) value.Complain(valid.error().message);
  return valid.has_value();
}

void ReadId(const Value& value, std::string_view host_name, CheckerConfig& config) {
  if (const auto id = value.String()) {
    CheckName(value, "checker id", *id);
    config.id = *id;
    return;
  }
  if (value.present()) return;  // of the wrong kind, and already reported
  config.id = host_name;
  if (const auto valid = ValidateName("checker id", config.id); !valid) {
    value.Complain("missing, and the host name cannot be used: " + valid.error().message);
  }
}

void ReadServers(const Value& value, std::vector<std::string>& servers) {
  if (!value.present()) {
    value.Complain("missing: expected the ZooKeeper servers, as in [zk1:2181, zk2:2181, zk3:2181]");
    return;
  }
  if (value.IsScalar()) {
    auto parsed = zk::ParseServers(*value.String());
    if (!parsed) {
      value.Complain(parsed.error().message);
    } else {
      servers = *std::move(parsed);
    }
    return;
  }
  if (!value.IsList()) {
    value.Complain("expected a list of host:port");
    return;
  }
  const auto items = value.Items();
  if (items.empty()) value.Complain("empty: at least one server is needed");
  if (items.size() > zk::kMaxServers) {
    value.Complain("more than " + std::to_string(zk::kMaxServers) + " servers");
    return;
  }
  for (const Value& item : items) {
    const auto text = item.String();
    if (!text) {
      if (!item.present()) item.Complain("expected host:port");
      continue;
    }
    const auto address = ParseAddress(*text, kZooKeeperPort);
    if (!address) {
      item.Complain(address.error().message);
    } else if (address->host.empty()) {
      item.Complain("expected host:port, not \"" + *text + "\"");
    } else {
      servers.push_back(FormatAddress(*address));
    }
  }
}

// A path may begin with this and a slash; nothing else is replaced.
constexpr std::string_view kCredentialsPlace = "${CREDENTIALS_DIRECTORY}";

void CheckSecretPath(const Value& value, std::string_view path) {
  if (path.starts_with(std::string(kCredentialsPlace) + "/")) {
    path.remove_prefix(kCredentialsPlace.size());
  }
  if (path.find("${") != std::string_view::npos) {
    value.Complain("the only variable is ${CREDENTIALS_DIRECTORY}, at the beginning, as in " +
                   std::string(kCredentialsPlace) + "/redis_password");
  }
}

// Where a file is, for this run of the daemon. `what`: for messages.
Result<std::string> SecretPath(std::string_view what, const std::string& path) {
  if (!path.starts_with(kCredentialsPlace)) return path;
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') {
    return Fail(ErrorCode::kInvalid,
                std::string(what) + ": " + path +
                    ": CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit with "
                    "LoadCredential=");
  }
  return folder + path.substr(kCredentialsPlace.size());
}

std::string ReadSecretPath(const Value& value) {
  std::string path = value.String().value_or("");
  CheckSecretPath(value, path);
  return path;
}

void ReadZooKeeper(const Value& value, CheckerConfig::ZooKeeper& zookeeper) {
  if (value.present() &&
      !value.ExpectMap({"servers", "session_timeout", "root", "access", "acl"})) {
    return;
  }
  ReadServers(value["servers"], zookeeper.servers);
  zookeeper.session_timeout =
      value["session_timeout"].GetDuration(400ms, 5min).value_or(zookeeper.session_timeout);
  const Value root = value["root"];
  if (const auto text = root.String()) {
    if (const auto valid = ValidateRoot(*text); !valid) root.Complain(valid.error().message);
    zookeeper.root = *text;
  }
  zookeeper.access_file = ReadSecretPath(value["access"]);
  const auto acl = value["acl"].Choice({"open", "restricted"});
  zookeeper.restricted = acl ? *acl == 1 : !zookeeper.access_file.empty();
  if (zookeeper.restricted && zookeeper.access_file.empty()) {
    value["acl"].Complain("restricted needs the access file: set `access`, too");
  }
}

void ReadClusters(const Value& value, CheckerConfig& config) {
  if (!value.present()) {
    value.Complain("missing: a list of names, or the word all");
    return;
  }
  if (value.IsScalar()) {
    config.all_clusters = value.String() == "all";
    if (!config.all_clusters) {
      value.Complain("expected a list of names, or the word all, not \"" + *value.String() + "\"");
    }
    return;
  }
  if (!value.IsList()) {
    value.Complain("expected a list of names, or the word all");
    return;
  }
  const auto items = value.Items();
  if (items.empty()) value.Complain("empty: a list of names, or the word all");
  std::map<std::string, int> lines;
  for (const Value& item : items) {
    const auto name = item.String();
    if (!name) {
      if (!item.present()) item.Complain("expected the name of a cluster");
      continue;
    }
    if (!CheckName(item, "cluster name", *name)) continue;
    const auto [first, added] = lines.emplace(*name, item.line());
    if (!added) {
      item.Complain("duplicate cluster \"" + *name + "\"; it is in line " +
                    std::to_string(first->second) + " already");
      continue;
    }
    config.clusters.push_back(*name);
  }
}

// Two settings that contradict each other. The error names the one that is in the file, because the
// other may be only a default.
void Contradiction(const Value& value, const Value& other, const std::string& what) {
  (value.present() ? value : other).Complain(what);
}

void ReadProbe(const Value& value, CheckerConfig& config) {
  if (!value.ExpectMap(
          {"workers", "interval", "timeout", "threshold", "refused_threshold", "fast_interval"})) {
    return;
  }
  if (const auto workers = value["workers"].Integer(1, kMaxWorkers)) {
    config.workers = static_cast<int>(*workers);
  }
  HealthSettings& probe = config.probe;
  const Value interval = value["interval"];
  const Value timeout = value["timeout"];
  const Value threshold = value["threshold"];
  const Value refused = value["refused_threshold"];
  const Value fast = value["fast_interval"];

  const auto given_interval = interval.GetDuration(kShortest, kLongestInterval);
  const auto given_timeout = timeout.GetDuration(kShortest, kLongestTimeout);
  const auto given_threshold = threshold.GetDuration(kShortest, kLongestInterval);
  const auto given_refused = refused.GetDuration(kShortest, kLongestInterval);
  const auto given_fast = fast.GetDuration(kShortest, kLongestInterval);
  const bool sound = (!interval.present() || given_interval) &&
                     (!timeout.present() || given_timeout) &&
                     (!threshold.present() || given_threshold) &&
                     (!refused.present() || given_refused) && (!fast.present() || given_fast);
  probe.interval = given_interval.value_or(probe.interval);
  probe.timeout = given_timeout.value_or(probe.timeout);
  probe.threshold = given_threshold.value_or(probe.threshold);
  // These two defaults fit only the defaults of the others: they adapt to the file's values.
  probe.refused_threshold =
      given_refused.value_or(std::min(probe.refused_threshold, probe.threshold));
  probe.fast_interval = given_fast.value_or(std::min(probe.fast_interval, probe.interval));
  if (!sound) return;  // a comparison with a default would only confuse

  if (probe.threshold < probe.interval) {
    Contradiction(threshold, interval,
                  "threshold " + FormatDuration(probe.threshold) + " is shorter than interval " +
                      FormatDuration(probe.interval) +
                      ": a shard would be dead before it was probed again");
  }
  if (probe.threshold < probe.timeout) {
    Contradiction(threshold, timeout,
                  "threshold " + FormatDuration(probe.threshold) + " is shorter than timeout " +
                      FormatDuration(probe.timeout) +
                      ": a shard would be dead before one probe had ended");
  }
  if (probe.refused_threshold > probe.threshold) {
    Contradiction(refused, threshold,
                  "refused_threshold " + FormatDuration(probe.refused_threshold) +
                      " is longer than threshold " + FormatDuration(probe.threshold) +
                      ": a refusal is the stronger evidence");
  }
  if (probe.fast_interval > probe.interval) {
    Contradiction(fast, interval,
                  "fast_interval " + FormatDuration(probe.fast_interval) +
                      " is longer than interval " + FormatDuration(probe.interval));
  }
}

bool IsHost(const std::string& text) {
  const auto address = ParseAddress(text, 1);
  return IsIpLiteral(text) || (address && address->host == text);
}

std::optional<TlsSettings> ReadTls(const Value& value) {
  if (!value.present() || !value.ExpectMap({"ca_file", "cert_file", "key_file", "server_name"})) {
    return std::nullopt;
  }
  TlsSettings tls;
  tls.ca_file = ReadSecretPath(value["ca_file"]);
  tls.cert_file = ReadSecretPath(value["cert_file"]);
  tls.key_file = ReadSecretPath(value["key_file"]);
  tls.server_name = value["server_name"].String().value_or("");
  // OpenSSL would take ".example.com" for every name below it.
  if (!tls.server_name.empty() && !IsHost(tls.server_name)) {
    value["server_name"].Complain("expected a host name or an IP address, as in the certificates");
  }
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    value[tls.cert_file.empty() ? "key_file" : "cert_file"].Complain(
        "cert_file and key_file belong together: set both or neither");
  }
  return tls;
}

RedisAuthConfig ReadAuth(const Value& value) {
  RedisAuthConfig auth;
  auth.user = value["user"].String().value_or("");
  auth.password_file = ReadSecretPath(value["password_file"]);
  auth.tls = ReadTls(value["tls"]);
  if (!auth.user.empty() && auth.password_file.empty()) {
    value["user"].Complain("needs a password_file beside it");
  }
  return auth;
}

void ReadRedis(const Value& value, CheckerConfig& config) {
  if (!value.ExpectMap({"user", "password_file", "tls", "clusters"})) return;
  config.redis = ReadAuth(value);
  const Value clusters = value["clusters"];
  if (!clusters.ExpectNamedMap()) return;
  const std::set<std::string_view> served(config.clusters.begin(), config.clusters.end());
  for (const auto& [name, auth] : clusters.Entries()) {
    if (!CheckName(auth, "cluster name", name)) continue;
    if (auth.present() && !auth.ExpectMap({"user", "password_file", "tls"})) continue;
    if (!config.all_clusters && !served.contains(name)) {
      auth.Complain("this checker does not serve that cluster: it is not listed in clusters");
    }
    // With an entry without a password one cluster opts out of the common password, and of TLS.
    config.redis_by_cluster.emplace(name, ReadAuth(auth));
  }
}

void ReadLog(const Value& value, LogOptions& log) {
  if (!value.ExpectMap({"level", "format", "file"})) return;
  static constexpr std::array kLevels = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn,
                                         LogLevel::kError, LogLevel::kOff};
  if (const auto level = value["level"].Choice({"debug", "info", "warn", "error", "off"})) {
    log.level = kLevels[*level];
  }
  if (const auto format = value["format"].Choice({"logfmt", "json"})) {
    log.format = *format == 0 ? LogFormat::kLogfmt : LogFormat::kJson;
  }
  log.file = value["file"].String().value_or("");
}

void ReadMetrics(const Value& value, std::optional<Address>& metrics) {
  if (!value.present() || !value.ExpectMap({"listen"})) return;
  const Value listen = value["listen"];
  const auto text = listen.String();
  if (!text) {
    if (!listen.present()) listen.Complain("missing: expected an address such as 127.0.0.1:9511");
    return;
  }
  auto address = ParseAddress(*text, kMetricsPort);
  if (!address) {
    listen.Complain(address.error().message);
    return;
  }
  // Pages are public only if the file says so.
  if (address->host.empty()) address->host = "127.0.0.1";
  if (!IsIpLiteral(address->host)) {
    listen.Complain(
        "expected an IP address of this host, such as 127.0.0.1:9511 or [::]:9511, "
        "not the name \"" +
        address->host + "\"");
    return;
  }
  metrics = *std::move(address);
}

void ReadOnEvent(const Value& value, std::string& on_event) {
  const auto text = value.String();
  if (!text) return;
  if (!text->starts_with('/')) {
    value.Complain("expected the absolute path of a command, without arguments, not \"" + *text +
                   "\"");
    return;
  }
  on_event = *text;
}

const RedisAuthConfig& AuthOf(const CheckerConfig& config, std::string_view cluster) {
  const auto own = config.redis_by_cluster.find(std::string(cluster));
  return own == config.redis_by_cluster.end() ? config.redis : own->second;
}

Result<std::string> HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) {
    return Fail(ErrorCode::kInternal, std::string("host name: ") + std::strerror(errno));
  }
  return std::string(name.data());
}

}  // namespace

Result<CheckerConfig> ParseConfig(std::string file, std::string_view text,
                                  std::string_view host_name) {
  auto document = yaml::Document::Parse(std::move(file), text);
  if (!document) return Fail(document.error());
  const Value root = document->root();
  CheckerConfig config;
  if (!root.present()) {
    root.Complain("empty: expected at least zookeeper and clusters");
  } else if (root.ExpectMap({"id", "rack", "zookeeper", "clusters", "probe", "redis", "log",
                             "metrics", "on_event"})) {
    ReadId(root["id"], host_name, config);
    config.rack = root["rack"].String().value_or("");
    ReadZooKeeper(root["zookeeper"], config.zookeeper);
    ReadClusters(root["clusters"], config);
    ReadProbe(root["probe"], config);
    ReadRedis(root["redis"], config);
    ReadLog(root["log"], config.log);
    ReadMetrics(root["metrics"], config.metrics);
    ReadOnEvent(root["on_event"], config.on_event);
  }
  if (!document->problems().empty()) return Fail(document->problems().ToError());
  return config;
}

Result<CheckerConfig> LoadConfig(const std::string& path) {
  auto text = yaml::ReadFile(path, kMaxFileBytes);
  if (!text) return Fail(text.error());
  const auto host_name = HostName();
  if (!host_name) return Fail(host_name.error());
  return ParseConfig(path, *text, *host_name);
}

Result<RedisCredentials> LoadCredentials(const CheckerConfig& config, std::string_view cluster) {
  const RedisAuthConfig& auth = AuthOf(config, cluster);
  if (auth.password_file.empty()) return RedisCredentials{};
  const auto path = SecretPath("redis password", auth.password_file);
  if (!path) return Fail(path.error());
  const auto text = yaml::ReadFile(*path, kMaxPasswordFileBytes);
  if (!text) {
    Error error = text.error().Within("redis password");
    error.code = ErrorCode::kInvalid;
    return Fail(std::move(error));
  }
  std::string password = text->substr(0, text->find('\n'));
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (password.empty()) {
    // Without this check AUTH would be skipped silently, and every shard would seem misconfigured.
    return Fail(ErrorCode::kInvalid,
                "redis password: " + auth.password_file + ": first line is empty");
  }
  return RedisCredentials{auth.user, std::move(password)};
}

Result<std::optional<TlsSettings>> TlsSettingsOf(const CheckerConfig& config,
                                                 std::string_view cluster) {
  std::optional<TlsSettings> tls = AuthOf(config, cluster).tls;
  if (!tls) return tls;
  for (std::string* file : {&tls->ca_file, &tls->cert_file, &tls->key_file}) {
    auto path = SecretPath("redis tls", *file);
    if (!path) return Fail(path.error());
    *file = *std::move(path);
  }
  return tls;
}

Result<zk::Identity> LoadIdentity(const CheckerConfig::ZooKeeper& zookeeper) {
  const std::string& file = zookeeper.access_file;
  if (file.empty()) return zk::Identity{};
  const auto path = SecretPath("access file", file);
  if (!path) return Fail(path.error());
  const auto access = zk::LoadAccess(*path);
  if (!access) return Fail(access.error());
  if (zookeeper.restricted && !HasPasswordOf(*access, access->checkers)) {
    return Fail(ErrorCode::kInvalid,
                file + ": no password for checkers: this checker could not vote");
  }
  if (zookeeper.restricted && !access->own.empty() && !HasPasswordOf(*access, access->own)) {
    return Fail(ErrorCode::kInvalid,
                file + ": own: no password: this checker could not write its own ballot");
  }
  return zk::MakeIdentity(*access, zookeeper.restricted, zookeeper.root, file);
}

}  // namespace zkcluster
