#include "follow/journal.h"

#include <doctest/doctest.h>

#include "codec/codec.h"
#include "tests/fakes/fake_ensemble.h"

namespace journal_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

const ClusterPaths kPaths("/r", "c");

struct Archive {
  Archive() { Open(); }
  void Open() { ensemble.Put(kPaths.events(), ""); }
  // The name of the new entry.
  std::string Append(const std::string& data) {
    const auto created = ensemble.Commit(
        {zk::CreateOp{kPaths.event_prefix(), data, zk::CreateMode::kPersistentSequential}});
    REQUIRE(created);
    const std::string& path = (*created)[0].created_path;
    return path.substr(path.rfind('/') + 1);
  }
  std::string Append(std::int64_t epoch) {
    Event event;
    event.what = Event::Leader{};
    event.leader = "a";
    event.epoch = epoch;
    return Append(EncodeEvent(event));
  }
  void Trim(const std::string& node) { ensemble.Remove(kPaths.events() + "/" + node); }
  void Follow() {
    follower =
        std::make_unique<JournalFollower>(loop, *client, kPaths, [this](const JournalEntry& entry) {
          nodes.push_back(entry.node);
          epochs.push_back(entry.event ? entry.event->epoch : -1);
        });
  }
  bool Reads(const std::vector<std::int64_t>& expected) {
    world.RunUntil([&] { return epochs == expected; }, 20s);
    // No further entries come, and none twice.
    world.RunFor(5s);
    CHECK(epochs == expected);
    return epochs == expected;
  }
  std::optional<Result<std::vector<JournalEntry>>> Read() {
    std::optional<Result<std::vector<JournalEntry>>> read;
    REQUIRE(world.RunUntil([&] { return client->state() == SessionState::kConnected; }, 5s));
    ReadJournal(*client, kPaths,
                [&](Result<std::vector<JournalEntry>> entries) { read = std::move(entries); });
    world.RunUntil([&] { return read.has_value(); }, 20s);
    return read;
  }

  SimWorld world;
  FakeEnsemble ensemble{world};
  SimLoop loop{world, "reader"};
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, 4s);
  std::vector<std::string> nodes;
  std::vector<std::int64_t> epochs;  // -1: undecodable
  std::unique_ptr<JournalFollower> follower;
};

}  // namespace

TEST_CASE("journal: sorted by number, foreign names left out, also around the wrap") {
  CHECK(SortJournal({"e_0000000012", "e_0000000002", "n_0000000001", "e_x", "e_0000000003"}) ==
        std::vector<std::string>{"e_0000000002", "e_0000000003", "e_0000000012"});
  CHECK(SortJournal({"e_-2147483648", "e_2147483647", "e_-2147483647", "e_2147483646"}) ==
        std::vector<std::string>{"e_2147483646", "e_2147483647", "e_-2147483648", "e_-2147483647"});
}

TEST_CASE("journal: what there is comes first, then what is added, each once and in order") {
  Archive archive;
  for (int epoch = 1; epoch <= 3; ++epoch) archive.Append(epoch);
  archive.Follow();
  REQUIRE(archive.Reads({1, 2, 3}));
  for (int epoch = 4; epoch <= 9; ++epoch) archive.Append(epoch);
  REQUIRE(archive.Reads({1, 2, 3, 4, 5, 6, 7, 8, 9}));
  CHECK(archive.nodes.front() == "e_0000000000");
  CHECK(archive.nodes.back() == "e_0000000008");
}

TEST_CASE("journal: entries are trimmed between the list and the read, the others still come") {
  Archive archive;
  std::vector<std::string> names;
  for (int epoch = 1; epoch <= 6; ++epoch) names.push_back(archive.Append(epoch));
  bool trimmed = false;
  archive.ensemble.SetFate(*archive.client, [&](const Request& request) {
    if (request.verb == Verb::kGet && request.path.ends_with(names[1]) && !trimmed) {
      trimmed = true;
      for (std::size_t i = 0; i < 4; ++i) archive.Trim(names[i]);
    }
    return Fate::kServe;
  });
  archive.Follow();
  REQUIRE(archive.Reads({1, 5, 6}));
  CHECK(trimmed);
}

TEST_CASE("journal: numbers have holes, and foreign names are children, too") {
  Archive archive;
  std::vector<std::string> names;
  for (int epoch = 1; epoch <= 5; ++epoch) names.push_back(archive.Append(epoch));
  archive.Trim(names[1]);
  archive.Trim(names[3]);
  archive.ensemble.Put(kPaths.events() + "/notes", "x");
  archive.ensemble.Put(kPaths.events() + "/n_0000000009", "x");
  archive.Follow();
  CHECK(archive.Reads({1, 3, 5}));
}

TEST_CASE("journal: the oldest are trimmed while it follows, nothing comes twice") {
  Archive archive;
  std::vector<std::string> names;
  for (int epoch = 1; epoch <= 5; ++epoch) names.push_back(archive.Append(epoch));
  archive.Follow();
  REQUIRE(archive.Reads({1, 2, 3, 4, 5}));
  for (int i = 0; i < 5; ++i) archive.Trim(names[static_cast<std::size_t>(i)]);
  archive.Append(6);
  CHECK(archive.Reads({1, 2, 3, 4, 5, 6}));
}

TEST_CASE("journal: the number wraps, the order stays") {
  Archive archive;
  archive.ensemble.SetSequence(kPaths.events(), 2147483646);
  archive.Append(1);
  archive.Follow();
  REQUIRE(archive.Reads({1}));
  archive.Append(2);
  archive.ensemble.Put(kPaths.events() + "/e_-2147483648",
                       archive.ensemble.Get(kPaths.events() + "/" + archive.nodes[0])->data);
  CHECK(archive.Reads({1, 2, 1}));
  CHECK(archive.nodes == std::vector<std::string>{"e_2147483646", "e_2147483647", "e_-2147483648"});
}

TEST_CASE("journal: undecodable entries come as errors, in their place") {
  Archive archive;
  archive.Append(1);
  archive.Append("not JSON");
  archive.Append(3);
  archive.Follow();
  CHECK(archive.Reads({1, -1, 3}));
}

TEST_CASE("journal: the connection breaks at every read, and each entry still comes once") {
  Archive archive;
  for (int epoch = 1; epoch <= 5; ++epoch) archive.Append(epoch);
  std::size_t gets = 0;
  archive.ensemble.SetFate(*archive.client, [&](const Request& request) {
    if (request.verb != Verb::kGet) return Fate::kServe;
    return ++gets % 2 == 1 ? Fate::kLoseAnswer : Fate::kServe;
  });
  archive.Follow();
  CHECK(archive.Reads({1, 2, 3, 4, 5}));
  CHECK(gets == 10);
}

TEST_CASE("journal: the session is lost, and what came meanwhile follows") {
  Archive archive;
  archive.Append(1);
  archive.Follow();
  REQUIRE(archive.Reads({1}));
  archive.ensemble.Expire(*archive.client);
  archive.Append(2);
  archive.Append(3);
  CHECK(archive.Reads({1, 2, 3}));
  CHECK(archive.client->generation() == 2);
}

TEST_CASE("journal: no journal yet, then one") {
  Archive archive;
  archive.ensemble.Remove(kPaths.events());
  archive.Follow();
  REQUIRE(archive.Reads({}));
  archive.Open();
  archive.Append(1);
  CHECK(archive.Reads({1}));
}

TEST_CASE("journal: the cluster is deleted and made again, and it begins again") {
  Archive archive;
  for (int epoch = 1; epoch <= 3; ++epoch) archive.Append(epoch);
  archive.Follow();
  REQUIRE(archive.Reads({1, 2, 3}));
  archive.ensemble.Remove(kPaths.base());
  archive.world.RunFor(1s);
  archive.Open();
  archive.Append(11);
  REQUIRE(archive.Reads({1, 2, 3, 11}));
  // Now too quickly for the absence to be seen; the numbers show it.
  archive.ensemble.Remove(kPaths.base());
  archive.Open();
  archive.ensemble.SetSequence(kPaths.events(), -5);
  archive.Append(21);
  CHECK(archive.Reads({1, 2, 3, 11, 21}));
}

TEST_CASE("journal: made again while old entries were still to be read, none comes twice") {
  Archive archive;
  for (int epoch = 1; epoch <= 4; ++epoch) archive.Append(epoch);
  bool again = false;
  archive.ensemble.SetFate(*archive.client, [&](const Request& request) {
    if (again || request.verb != Verb::kGet || !request.path.ends_with("e_0000000001")) {
      return Fate::kServe;
    }
    again = true;
    archive.ensemble.Remove(kPaths.base());
    archive.Open();
    archive.Append(11);
    archive.Append(12);
    return Fate::kDropRequest;
  });
  archive.Follow();
  CHECK(archive.Reads({1, 11, 12}));
}

TEST_CASE("read journal: all entries in order, without those trimmed meanwhile") {
  Archive archive;
  archive.Append(1);
  const std::string second = archive.Append(2);
  archive.Append("not JSON");
  archive.Append(4);
  bool trimmed = false;
  archive.ensemble.SetFate(*archive.client, [&](const Request& request) {
    if (request.verb == Verb::kGet && !std::exchange(trimmed, true)) archive.Trim(second);
    return Fate::kServe;
  });
  const auto read = archive.Read();
  REQUIRE(read);
  REQUIRE(*read);
  REQUIRE((*read)->size() == 3);
  CHECK((*read)->at(0).event->epoch == 1);
  CHECK((*read)->at(0).node == "e_0000000000");
  CHECK((*read)->at(0).written > Micros(0));
  CHECK_FALSE((*read)->at(1).event);
  CHECK((*read)->at(2).event->epoch == 4);
}

TEST_CASE("read journal: none is empty, and a lost answer is an error") {
  Archive archive;
  archive.ensemble.Remove(kPaths.events());
  auto read = archive.Read();
  REQUIRE(read);
  REQUIRE(*read);
  CHECK((*read)->empty());
  archive.Open();
  archive.Append(1);
  archive.ensemble.LoseAnswer(*archive.client,
                              [](const Request& r) { return r.verb == Verb::kGet; });
  read = archive.Read();
  REQUIRE(read);
  CHECK_FALSE(*read);
}

}  // namespace journal_test
