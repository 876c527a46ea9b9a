// The thread behind Cluster and Manager, through Manager: the process's resources that it takes and
// gives back. No server is needed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zkcluster/manager.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <vector>

#include "base/unique_fd.h"

namespace zkcluster::client_thread_test {
namespace {

Result<std::unique_ptr<Manager>> OpenManager(const std::string& servers) {
  ManagerOptions options;
  options.zookeeper = servers;
  options.timeout = std::chrono::milliseconds(1);
  return Manager::Open(options);
}

std::ptrdiff_t CountDescriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return std::distance(begin(entries), end(entries));
}

TEST_CASE("destroy: during a lookup, nothing is left open") {
  const std::ptrdiff_t before = CountDescriptors();
  for (int i = 0; i < 20; ++i) {
    const auto manager = OpenManager("no-such-host.invalid:2181");
    REQUIRE(manager.has_value());
    // Answered by the loop, so the lookup has begun.
    CHECK(manager.value()->List().error().code == ErrorCode::kUnavailable);
  }
  CHECK(CountDescriptors() == before);
}

TEST_CASE("open: no descriptors are left, or too few of them") {
  rlimit limits{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limits) == 0);
  rlimit low = limits;
  low.rlim_cur = 64;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  std::vector<UniqueFd> taken;
  while (true) {
    UniqueFd fd(::eventfd(0, EFD_CLOEXEC));
    if (!fd.valid()) break;
    taken.push_back(std::move(fd));
  }
  // Asserted later: without a descriptor neither doctest nor a sanitizer can work.
  std::vector<Error> errors(8);
  std::vector<bool> opened(8);
  for (std::size_t left = 0; left < errors.size(); ++left) {
    const auto manager = OpenManager("127.0.0.1:1");
    opened[left] = manager.has_value();
    if (!manager) errors[left] = manager.error();
    taken.pop_back();
  }
  const bool enough = OpenManager("127.0.0.1:1").has_value();
  taken.clear();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limits) == 0);
  CHECK(enough);
  for (std::size_t left = 0; left < errors.size(); ++left) {
    CAPTURE(left);
    CHECK(!opened[left]);
    CHECK(errors[left].code == ErrorCode::kUnavailable);
    CHECK(errors[left].message.find("descriptors") != std::string::npos);
  }
}

TEST_CASE("fork: a child calls and destroys its parent's manager, which goes on") {
  auto manager = OpenManager("127.0.0.1:1");
  REQUIRE(manager.has_value());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(20);  // should a call wait for the thread that is not there
    const auto answer = (*manager)->List();
    const bool refused = !answer && answer.error().code == ErrorCode::kUnavailable &&
                         answer.error().message.find("parent") != std::string::npos;
    manager->reset();
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  // Waits for the loop, which has to hear of it.
  const auto answer = (*manager)->List();
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace zkcluster::client_thread_test
