#include "checker/config/redis_secrets.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/certificates.h"
#include "tools/sandbox/process.h"

namespace redis_secrets_test {

using namespace zkcluster;

namespace {

struct Papers : contract::Certificates {
  Papers() {
    Issue("me", "DNS:checker.test");
    sandbox::WriteFile(File("pw"), "secret\n");
  }
  // Every cluster in TLS with our certificate, and with a password; "plain" with neither.
  [[nodiscard]] CheckerConfig Config() const {
    CheckerConfig config;
    config.redis.password_file = File("pw");
    config.redis.tls = TlsSettings{
        .ca_file = File("ca.pem"), .cert_file = File("me.pem"), .key_file = File("me.key")};
    config.redis_by_cluster["carts"] = config.redis;
    config.redis_by_cluster["plain"] = {};
    return config;
  }
};

RedisSecrets Read(const CheckerConfig& config, const RedisSecrets& last = {}) {
  auto secrets = RedisSecrets::Read(config, last);
  REQUIRE_MESSAGE(secrets.has_value(), secrets.error().message);
  return *std::move(secrets);
}

}  // namespace

TEST_CASE("redis secrets: of each cluster; equal settings share one context") {
  const Papers papers;
  const RedisSecrets secrets = Read(papers.Config());
  CHECK(secrets.Of("sessions").credentials == RedisCredentials{"", "secret"});
  CHECK(secrets.Of("sessions").tls != nullptr);
  CHECK(secrets.Of("carts").tls == secrets.Of("sessions").tls);
  CHECK(secrets.Of("plain") == RedisSecrets::Secrets{});
}

TEST_CASE("redis secrets: read again, unchanged ones are the same objects") {
  const Papers papers;
  const RedisSecrets first = Read(papers.Config());
  CHECK(Read(papers.Config(), first) == first);

  sandbox::WriteFile(papers.File("pw"), "other\n");
  const RedisSecrets second = Read(papers.Config(), first);
  CHECK_FALSE(second == first);
  CHECK(second.Of("x").credentials.password == "other");
  CHECK(second.Of("x").tls == first.Of("x").tls);

  papers.Issue("me", "DNS:checker.test");  // renewed
  const RedisSecrets third = Read(papers.Config(), second);
  CHECK(third.Of("x").tls != second.Of("x").tls);
  CHECK(third.Of("x").credentials == second.Of("x").credentials);
}

TEST_CASE("redis secrets: files that cannot be used are named, and secrets are not") {
  const Papers papers;
  const auto refused = [&](const CheckerConfig& config, const std::string& part) {
    const auto secrets = RedisSecrets::Read(config, {});
    REQUIRE_FALSE(secrets);
    CHECK(secrets.error().code == ErrorCode::kInvalid);
    CHECK_MESSAGE(secrets.error().message.find(part) != std::string::npos, secrets.error().message);
  };
  CheckerConfig config = papers.Config();
  config.redis.tls->ca_file = papers.File("absent.pem");
  refused(config, "absent.pem");
  config = papers.Config();
  config.redis_by_cluster["carts"].tls->key_file = papers.File("ca.key");
  refused(config, "ca.key");
  config = papers.Config();
  config.redis.password_file = papers.File("absent");
  refused(config, "absent");
  config.redis.password_file = "";
  config.redis.tls->ca_file = "${CREDENTIALS_DIRECTORY}/ca.pem";
  unsetenv("CREDENTIALS_DIRECTORY");
  refused(config, "CREDENTIALS_DIRECTORY is not set");
}

}  // namespace redis_secrets_test
