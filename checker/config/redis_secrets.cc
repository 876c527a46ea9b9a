#include "checker/config/redis_secrets.h"

#include <algorithm>
#include <utility>

#include "base/read_file.h"

namespace zkcluster {
namespace {

constexpr std::size_t kMaxPemBytes = 8'000'000;  // the system's CA certificates are 200 kB

Result<std::string> ReadAll(const TlsSettings& settings) {
  std::string content;
  for (const std::string* file : {&settings.ca_file, &settings.cert_file, &settings.key_file}) {
    if (file->empty()) continue;
    auto text = ReadFile(*file, kMaxPemBytes);
    if (!text) {
      Error error = text.error().Within("tls");
      error.code = ErrorCode::kInvalid;
      return Fail(std::move(error));
    }
    content += *text + '\0';
  }
  return content;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> RedisSecrets::Context(const TlsSettings& settings,
                                                                const RedisSecrets& last) {
  auto content = ReadAll(settings);
  if (!content) return Fail(content.error());
  const auto same = [&](const Papers& papers) {
    return papers.settings == settings && papers.content == *content;
  };
  if (const auto found = std::ranges::find_if(papers_, same); found != papers_.end()) {
    return found->context;
  }
  if (const auto found = std::ranges::find_if(last.papers_, same); found != last.papers_.end()) {
    papers_.push_back(*found);
    return found->context;
  }
  auto context = TlsContext::New(settings);
  if (!context) return Fail(context.error());
  papers_.push_back({settings, *std::move(content), *context});
  return *std::move(context);
}

Result<RedisSecrets::Secrets> RedisSecrets::ReadOne(const CheckerConfig& config,
                                                    std::string_view cluster,
                                                    const RedisSecrets& last) {
  Secrets secrets;
  auto credentials = LoadCredentials(config, cluster);
  if (!credentials) return Fail(credentials.error());
  secrets.credentials = *std::move(credentials);
  const auto settings = TlsSettingsOf(config, cluster);
  if (!settings) return Fail(settings.error());
  if (!*settings) return secrets;
  auto context = Context(**settings, last);
  if (!context) return Fail(context.error());
  secrets.tls = *std::move(context);
  return secrets;
}

Result<RedisSecrets> RedisSecrets::Read(const CheckerConfig& config, const RedisSecrets& last) {
  RedisSecrets fresh;
  auto all = fresh.ReadOne(config, "", last);
  if (!all) return Fail(all.error());
  fresh.all_ = *std::move(all);
  for (const auto& [name, auth] : config.redis_by_cluster) {
    auto one = fresh.ReadOne(config, name, last);
    if (!one) return Fail(one.error());
    fresh.by_cluster_.emplace(name, *std::move(one));
  }
  return fresh;
}

const RedisSecrets::Secrets& RedisSecrets::Of(std::string_view cluster) const {
  const auto found = by_cluster_.find(cluster);
  return found == by_cluster_.end() ? all_ : found->second;
}

}  // namespace zkcluster
