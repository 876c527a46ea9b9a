#include "checker/lead/leader_log.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/fakes/sim_loop.h"

namespace leader_log_test {

using namespace zkcluster;
using namespace zkcluster::sim;

TEST_CASE("leader log: deaths that a freeze holds back are logged when their number changes") {
  SimWorld world;
  SimLoop loop(world);
  std::vector<std::string> lines;
  const auto logger = NewSinkLogger(LogLevel::kDebug, [&](LogLevel, const std::string& line) {
    if (line.find("event=freeze.holds ") != std::string::npos) lines.push_back(line);
  });
  LeaderLog log(loop, *logger, "c", 3);
  for (const std::size_t held : std::vector<std::size_t>{0, 2, 2, 3, 0, 0, 3, 3}) {
    Decision decision;
    decision.held_deaths = held;
    log.Decided(decision, Ledger(), Micros(0));
  }
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find(" deaths=2 ") != std::string::npos);
  CHECK(lines[1].find(" deaths=3 ") != std::string::npos);
  CHECK(lines[2].find(" deaths=3 ") != std::string::npos);
}

}  // namespace leader_log_test
