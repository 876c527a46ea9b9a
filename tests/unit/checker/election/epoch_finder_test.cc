#include "checker/election/epoch_finder.h"

#include <doctest/doctest.h>

#include "codec/codec.h"
#include "tests/fakes/fake_ensemble.h"

namespace epoch_finder_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Found = EpochFinder::Found;

namespace {

const ClusterPaths kPaths("/r", "c");

struct Search {
  Search() {
    ensemble.Put(kPaths.events(), "");
    REQUIRE(world.RunUntil([&] { return client->state() == SessionState::kConnected; }, 5s));
  }
  void PutHead(std::int64_t epoch) {
    Head head;
    head.epoch = epoch;
    ensemble.Put(kPaths.head(), EncodeHead(head));
  }
  void Append(std::int64_t epoch) {
    Event event;
    if (epoch == 0) {
      event.what = Event::Pause{};
    } else {
      event.what = Event::Leader{};
    }
    event.epoch = epoch;
    Append(EncodeEvent(event));
  }
  void Append(const std::string& data) {
    REQUIRE(ensemble.Commit(
        {zk::CreateOp{kPaths.event_prefix(), data, zk::CreateMode::kPersistentSequential}}));
  }
  void Find() {
    finder.Find([this](const Found& f) { found.push_back(f); },
                [this](const Error& error, std::string_view doing) {
                  failed = std::string(ErrorCodeName(error.code)) + ": " + std::string(doing);
                });
    CHECK(found.empty());
  }
  Found Run() {
    Find();
    REQUIRE(world.RunUntil([&] { return !found.empty() || !failed.empty(); }, 5s));
    REQUIRE(failed == "");
    return found.front();
  }

  SimWorld world;
  FakeEnsemble ensemble{world};
  SimLoop loop{world, "a"};
  std::shared_ptr<Logger> logger = NullLogger();
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, 4s);
  EpochFinder finder{ClusterScope{loop, *logger, *client, kPaths}};
  std::vector<Found> found;
  std::string failed;
};

}  // namespace

TEST_CASE("epoch: of a new cluster it is 1, and `leader` is to be created") {
  Search search;
  const Found found = search.Run();
  CHECK(found.epoch == 1);
  CHECK_FALSE(found.leader);
}

TEST_CASE("epoch: one above that of `leader`, independently of head and journal") {
  Search search;
  search.ensemble.Put(kPaths.leader(), "");
  search.ensemble.Put(kPaths.leader(), EncodeLeader({"b", 41, Micros(1)}));
  search.PutHead(50);
  search.Append(60);
  const Found found = search.Run();
  CHECK(found.epoch == 42);
  CHECK(found.leader == 1);
}

TEST_CASE("epoch: `leader` is gone, the head and the newest entry of the journal have it") {
  Search by_head;
  by_head.PutHead(7);
  by_head.Append(3);
  CHECK(by_head.Run().epoch == 8);
  Search by_journal;
  by_journal.PutHead(7);
  by_journal.Append(3);
  by_journal.Append(9);
  // Operators' entries have no epoch, and a damaged entry no readable one.
  by_journal.Append(0);
  by_journal.Append("not JSON");
  CHECK(by_journal.Run().epoch == 10);
  CHECK_FALSE(by_journal.found[0].leader);
}

TEST_CASE("epoch: the journal's numbers have wrapped, its newest entry still counts") {
  Search search;
  search.ensemble.SetSequence(kPaths.events(), 2147483647);
  search.Append(5);
  Event event;
  event.what = Event::Leader{};
  event.epoch = 6;
  search.ensemble.Put(kPaths.events() + "/e_-2147483648", EncodeEvent(event));
  CHECK(search.Run().epoch == 7);
}

TEST_CASE("epoch: `leader` is undecodable, its version exceeds every epoch") {
  Search search;
  for (int i = 0; i <= 4; ++i) search.ensemble.Put(kPaths.leader(), "garbage");
  const Found found = search.Run();
  CHECK(found.epoch == 6);
  CHECK(found.leader == 4);
}

TEST_CASE("epoch: `leader` and head are undecodable, their versions add up") {
  Search search;
  for (int i = 0; i <= 2; ++i) search.ensemble.Put(kPaths.leader(), "garbage");
  for (int i = 0; i <= 6; ++i) search.ensemble.Put(kPaths.head(), "garbage");
  CHECK(search.Run().epoch == 2 + 2 + 6 + 1);
}

TEST_CASE("epoch: no journal at all") {
  Search search;
  search.ensemble.Remove(kPaths.events());
  search.PutHead(7);
  CHECK(search.Run().epoch == 8);
}

TEST_CASE("epoch: entries are trimmed between the list and the read") {
  Search search;
  search.Append(3);
  search.Append(4);
  bool trimmed = false;
  search.ensemble.SetFate(*search.client, [&](const Request& request) {
    if (request.path.ends_with("e_0000000001") && !std::exchange(trimmed, true)) {
      search.ensemble.Remove(request.path);
    }
    return Fate::kServe;
  });
  CHECK(search.Run().epoch == 4);
  CHECK(trimmed);
}

TEST_CASE("epoch: a read fails, and the error names it") {
  const std::pair<std::string, std::string> kReads[] = {
      {kPaths.leader(), "unknown_outcome: read leader"},
      {kPaths.head(), "unknown_outcome: read the last epoch"},
      {kPaths.events(), "unknown_outcome: read the journal for the last epoch"},
      {kPaths.events() + "/e_0000000000", "unknown_outcome: read the journal for the last epoch"}};
  for (const auto& read : kReads) {
    const auto& [path, failure] = read;
    CAPTURE(read.first);
    Search search;
    search.Append(3);
    search.ensemble.LoseAnswer(*search.client,
                               [&path = path](const Request& r) { return r.path == path; });
    search.Find();
    REQUIRE(search.world.RunUntil([&] { return !search.failed.empty(); }, 5s));
    CHECK(search.failed == failure);
    CHECK(search.found.empty());
  }
}

TEST_CASE("epoch: a second search drops the first") {
  Search search;
  search.PutHead(7);
  search.Find();
  search.Find();
  search.world.RunFor(2s);
  CHECK(search.found.size() == 1);
}

}  // namespace epoch_finder_test
