// Clocks that are hours off, on real servers: the operator's and every
// checker's. Time is ZooKeeper's.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "admin/snapshot.h"
#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_clock_test {
namespace {

std::string FakeTimeLibrary() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib", error)) {
    const auto library = entry.path() / "faketime" / "libfaketimeMT.so.1";
    if (std::filesystem::exists(library, error)) return library;
  }
  return {};
}

// A process whose wall clock is off, and whose monotonic clock is right. Empty: libfaketime is not
// installed, and the clocks of this test agree.
std::map<std::string, std::string> ClockOff(const std::string& by) {
  if (FakeTimeLibrary().empty()) return {};
  return {
      {"LD_PRELOAD", FakeTimeLibrary()}, {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}, {"FAKETIME", by}};
}

Micros WallNow() {
  return std::chrono::duration_cast<Micros>(std::chrono::system_clock::now().time_since_epoch());
}

struct OffSite : Site {
  OffSite(const std::string& checkers_by, const std::string& operators_by) : shell(*this) {
    AddRedis(2);
    for (const char* id : {"c1", "c2", "c3"}) {
      auto options = CheckerDefaults(id);
      options.environment = ClockOff(checkers_by);
      AddChecker(std::move(options));
    }
    Create(SpecOf("sessions"));
    REQUIRE(AwaitStatus("sessions", "AA") == "AA");
    REQUIRE(AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
    for (const auto& [name, value] : ClockOff(operators_by)) shell.variables[name] = value;
  }
  Operator shell;
};

TEST_CASE("clocks: a pause of an operator an hour behind holds beside checkers two hours ahead") {
  OffSite site("+2h", "-1h");
  const Output paused =
      site.shell.Run({"pause", "sessions", "--for", "5s", "--reason", "move", "-o", "json"});
  REQUIRE(paused.code == 0);
  const Micros since(ParseJson(paused.out)["paused"]["since"].get<std::int64_t>());
  const Micros until(ParseJson(paused.out)["paused"]["until"].get<std::int64_t>());
  CHECK(until - since == std::chrono::seconds(5));
  CHECK(since <= WallNow());
  CHECK(since > WallNow() - std::chrono::minutes(1));
  site.redis[0]->Kill();
  REQUIRE(site.direct.Await([&] {
    const auto voters = site.Read("sessions").voters;
    return std::all_of(voters.begin(), voters.end(), [](const auto& voter) {
      return voter.ballot && voter.ballot->votes.at(0).opinion == Opinion::kDead;
    });
  }));
  // The leader changes meanwhile.
  site.AwaitLeader("sessions").Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  const ShardState dead = site.Read("sessions").board.shards.at(0);
  CHECK(dead.since >= until - std::chrono::milliseconds(1));
  CHECK(dead.since <= WallNow());
}

TEST_CASE("clocks: maintenance of an operator hours ahead ends in time") {
  OffSite site("-3h", "+2h");
  const Output on =
      site.shell.Run({"maintenance", "on", "sessions", "s1", "--for", "3s", "--reason", "memory"});
  REQUIRE_MESSAGE(on.code == 0, on.err);
  if (!FakeTimeLibrary().empty()) {
    CHECK(on.out.find("this machine's is 2h 00m ahead of it") != std::string::npos);
  }
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  CHECK(site.Read("sessions").ledger->maintenance.empty());
}

TEST_CASE(
    "clocks: a year ahead, statuses are dated right, and every screen says whose clock is off") {
  OffSite site("+365d", "+0");
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  const ShardState dead = site.Read("sessions").board.shards.at(0);
  CHECK(dead.since <= WallNow());
  CHECK(dead.since > WallNow() - std::chrono::minutes(1));
  if (FakeTimeLibrary().empty()) return;
  const std::string doctor = site.shell.Run({"doctor", "sessions"}).out;
  CHECK_MESSAGE(doctor.find("the clock of c1 and ZooKeeper's differ by 36") != std::string::npos,
                doctor);
  // Not once more for its take-over.
  CHECK(doctor.find("(its take-over)") == std::string::npos);
  for (const Json& checker : Ask(site.shell, {"checkers", "sessions"})) {
    CHECK(checker["clock_ahead_us"].get<std::int64_t>() > 364LL * 24 * 3600 * 1'000'000);
  }
  REQUIRE(site.direct.Await([&] {
    return std::all_of(site.checkers.begin(), site.checkers.end(), [](const auto& checker) {
      return checker->CountLog({"event=clock.off"}) == 1;
    });
  }));
}

TEST_CASE("clocks: a status that is dated ahead is named, and dated again by an order") {
  Fleet fleet;
  const Operator shell(fleet);
  const ClusterPaths paths = fleet.Paths("sessions");
  CHECK(shell.Run({"redate", "sessions", "--yes"}).out.find("nothing was done") !=
        std::string::npos);
  // As a leader of 0.1.0 with a wrong clock has left it.
  StatusBoard board{*DecodeChunk(fleet.direct.Data(paths.chunk(0)))};
  board.shards[1].since = WallNow() + std::chrono::hours(24 * 365);
  REQUIRE(fleet.direct.Put(paths.chunk(0), EncodeChunk(board, 0)).has_value());
  REQUIRE(fleet.direct.Await(
      [&] { return fleet.Read("sessions").board.shards.at(1).since > WallNow(); }));
  CHECK(shell.Run({"doctor", "sessions"}).out.find("s2 is dated up to 36") != std::string::npos);
  CheckRefused(shell.Run({"redate", "sessions"}), 1, "needs --yes; nothing was done");
  CheckDone(shell.Run({"redate", "sessions", "--yes"}));
  REQUIRE(fleet.direct.Await(
      [&] { return fleet.Read("sessions").board.shards.at(1).since <= WallNow(); }));
  CHECK(fleet.Read("sessions").board.shards.at(1).since > WallNow() - std::chrono::minutes(1));
  CHECK(shell.Run({"doctor", "sessions"}).out.find("dated up to") == std::string::npos);
  CHECK(shell.Run({"events", "sessions"})
            .out.find("statuses that were dated ahead are dated again") != std::string::npos);
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_clock_test
