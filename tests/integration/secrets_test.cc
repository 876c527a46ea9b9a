// Certificates and passwords towards Redis servers, with the real programs: TLS, and passwords that
// change while they run.
#include "tests/support/certificates.h"
#include "tests/support/site.h"

namespace zkcluster::integration {
namespace {

using std::chrono::seconds;

TEST_CASE("a cluster within TLS: alive, dead when its server is killed, unknown to a disbeliever") {
  contract::Certificates papers;
  papers.Issue("server", "IP:127.0.0.1");
  Site site;
  const std::string port = std::to_string(sandbox::FreePort());
  site.AddRedis({.config = {"tls-port " + port, "tls-cert-file " + papers.File("server.pem"),
                            "tls-key-file " + papers.File("server.key"),
                            "tls-ca-cert-file " + papers.File("ca.pem"), "tls-auth-clients no"}});
  auto spec = site.SpecOf("a", {"127.0.0.1:" + port});
  spec.checkers = 1;
  site.Create(spec);
  auto options = site.CheckerDefaults("c1");
  options.more = "redis: {tls: {ca_file: " + papers.File("ca.pem") + "}}\n";
  auto& checker = site.AddChecker(options);
  CHECK(site.AwaitStatus("a", "A") == "A");
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("a", "D") == "D");
  site.redis[0]->Start();
  CHECK(site.AwaitStatus("a", "A") == "A");

  CHECK(checker.Stop() == sandbox::ExitStatus{0, 0});
  options.id = "c2";
  options.more = "redis: {tls: {ca_file: " + papers.File("other-ca.pem") + "}}\n";
  auto& disbeliever = site.AddChecker(options);
  CHECK(disbeliever.AwaitLog({"event=probe.alarm ", "alarm=tls_untrusted"}, kLimit));
  CHECK(site.Statuses("a") == "A");
}

TEST_CASE("a password that changes is taken over without a signal, and never logged") {
  sandbox::TempFolder folder{"zkc-secrets"};
  const auto file = folder.path() / "password";
  sandbox::WriteFile(file, "one-secret\n");
  Site site;
  auto& redis = site.AddRedis({.password = "one-secret"});
  auto spec = site.SpecOf("a");
  spec.checkers = 1;
  site.Create(spec);
  auto options = site.CheckerDefaults("c1");
  options.log_level = "debug";
  options.more = "redis: {password_file: " + file.string() + "}\n";
  auto& checker = site.AddChecker(options);
  CHECK(site.AwaitStatus("a", "A") == "A");

  sandbox::WriteFile(file, "two-secret\n");
  redis.Command({"CONFIG", "SET", "requirepass", "two-secret"});
  REQUIRE(checker.AwaitLog({"event=redis.secrets_changed "}, kLimit));
  CHECK(checker.CountLog({"event=probe.alarm "}) == 0);
  CHECK(checker.CountLog({"event=secret.exposed ", "file=" + file.string()}) == 1);
  // After a restart the server wants the old password again: the checker no longer has it.
  redis.Kill();
  redis.Start();
  CHECK(checker.AwaitLog({"event=probe.alarm ", "alarm=wrongpass"}, kLimit));
  CHECK(checker.CountLog({"one-secret"}) == 0);
  CHECK(checker.CountLog({"two-secret"}) == 0);
}

}  // namespace
}  // namespace zkcluster::integration
