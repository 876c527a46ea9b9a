// Child processes of the sandbox: their exit status, and their leftovers.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/unique_fd.h"
#include "tools/sandbox/process.h"

namespace zkcluster::sandbox::process_test {
namespace {

constexpr Duration kLimit = std::chrono::seconds(30);

SpawnOptions Shell(const std::string& script) {
  return {.command = {"sh", "-c", script}, .environment = {}, .output = {}, .folder = {}};
}

TEST_CASE("child: how it ended, asked again and again") {
  const struct {
    const char* script;
    ExitStatus status;
  } kRows[] = {
      {"exit 0", {.code = 0, .signal = 0}},
      {"exit 3", {.code = 3, .signal = 0}},
      {"kill -TERM $$", {.code = -1, .signal = SIGTERM}},
  };
  for (const auto& row : kRows) {
    const std::string script = row.script;
    CAPTURE(script);
    ChildProcess child(Shell(script));
    CHECK(child.Wait(kLimit) == row.status);
    CHECK(child.exit_status() == row.status);
    CHECK_FALSE(child.running());
    child.Signal(SIGTERM);
    CHECK(child.Stop(kLimit) == row.status);
    CHECK(child.Kill() == row.status);
    CHECK(child.Kill() == row.status);
  }
}

TEST_CASE("child: it ended before, and its group ends with its owner") {
  const TempFolder folder;
  const std::string fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const UniqueFd end(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(end.valid());
  // Nobody has it open for writing any more.
  const auto only_one = [&] {
    char byte = 0;
    return ::read(end.get(), &byte, 1) == 0;
  };
  {
    ChildProcess child(Shell("exec 3>" + fifo + "; tail -f /dev/null & exit 3"));
    CHECK(child.Wait(kLimit) == ExitStatus{.code = 3, .signal = 0});
    CHECK_FALSE(only_one());
  }
  CHECK(WaitUntil(only_one, kLimit));
}

}  // namespace
}  // namespace zkcluster::sandbox::process_test
