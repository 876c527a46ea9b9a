// Messages to the service manager, over a datagram socket as systemd has one.
#include "checker/service/notify.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "tests/fakes/notify_socket.h"

namespace notify_test {

using namespace zkcluster;
using namespace std::chrono_literals;

TEST_CASE("notify: lines arrive as they are, in one message each") {
  NotifySocket socket;
  setenv("NOTIFY_SOCKET", socket.path().c_str(), 1);
  NotifyServiceManager("READY=1\nSTATUS=fine");
  NotifyServiceManager("WATCHDOG=1");
  CHECK(socket.Receive() == "READY=1\nSTATUS=fine");
  CHECK(socket.Receive() == "WATCHDOG=1");
  CHECK(socket.Receive().empty());
  unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("notify: nobody listens, and nothing happens") {
  unsetenv("NOTIFY_SOCKET");
  NotifyServiceManager("READY=1");
  setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
  NotifyServiceManager("READY=1");
  unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("notify: the silence after which the process counts as hung") {
  unsetenv("WATCHDOG_USEC");
  CHECK_FALSE(WatchdogLimit());
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  CHECK(WatchdogLimit() == Duration(3s));
  setenv("WATCHDOG_PID", "1", 1);  // meant for another process
  CHECK_FALSE(WatchdogLimit());
  unsetenv("WATCHDOG_PID");
  unsetenv("WATCHDOG_USEC");
}

}  // namespace notify_test
