#include "checker/lead/journal_trimmer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/sim_loop.h"

namespace journal_trimmer_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

struct Journal {
  Journal() {
    ensemble.Put(paths.events(), "");
    REQUIRE(world.RunUntil([&] { return client->state() == SessionState::kConnected; }, 5s));
  }
  // Entries that an ensemble has numbered.
  void Add(int count) {
    for (int i = 0; i < count; ++i) {
      REQUIRE(ensemble.Commit(
          {zk::CreateOp{paths.event_prefix(), "{}", zk::CreateMode::kPersistentSequential}}));
    }
  }
  [[nodiscard]] std::vector<std::string> Entries() {
    world.RunFor(1s);
    auto names = ensemble.Children(paths.events());
    std::sort(names.begin(), names.end());
    return names;
  }

  const ClusterPaths paths{"/r", "c"};
  SimWorld world;
  FakeEnsemble ensemble{world};
  SimLoop loop{world};
  std::shared_ptr<Logger> logger = NewSinkLogger(LogLevel::kDebug, [](auto&&...) {});
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, 4s);
};

}  // namespace

TEST_CASE("journal: trimmed at once, and again after every fiftieth commit, the oldest first") {
  Journal journal;
  journal.Add(JournalTrimmer::kJournalLength + 3);
  JournalTrimmer trimmer({journal.loop, *journal.logger, *journal.client, journal.paths});
  CHECK(journal.Entries().size() == JournalTrimmer::kJournalLength);
  CHECK(journal.Entries().front() == "e_0000000003");
  for (int round = 0; round < 2; ++round) {
    journal.Add(2);
    for (int n = 1; n < JournalTrimmer::kCommitsBetweenTrims; ++n) trimmer.Committed();
    CHECK(journal.Entries().size() == JournalTrimmer::kJournalLength + 2);
    trimmer.Committed();
    CHECK(journal.Entries().size() == JournalTrimmer::kJournalLength);
  }
  CHECK(journal.Entries().front() == "e_0000000007");
}

}  // namespace journal_trimmer_test
