#include "follow/board_watcher.h"

#include <doctest/doctest.h>

#include "tests/support/status_world.h"

namespace board_watcher_test {

// What is read when, and what of it is taken, is in status_watcher_test.cc.

using namespace zkcluster;
using namespace zkcluster::sim;

namespace {

struct Seen {
  ClusterSpec spec;
  StatusBoard board;
  std::int64_t incarnation, epoch, sequence;
};

struct Watching : StatusWorld {
  void Watch() {
    watcher = std::make_unique<BoardWatcher>(
        loop, *client, paths,
        BoardWatcher::Callbacks{
            [this](const BoardWatcher::View& view) {
              seen.push_back({view.spec, view.board, view.incarnation, view.epoch, view.sequence});
            },
            [this](const Error& error) { troubles.push_back(error); }});
  }
  [[nodiscard]] const Seen& last() {
    REQUIRE_FALSE(seen.empty());
    return seen.back();
  }

  SimLoop loop{world, "reader"};
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, std::chrono::seconds(10));
  std::vector<Seen> seen;
  std::vector<Error> troubles;
  std::unique_ptr<BoardWatcher> watcher;
};

}  // namespace

TEST_CASE("board watcher: a board is handed out whole, with the decision it is of") {
  Watching w;
  const ClusterSpec spec = TestSpec(2);
  w.PutSpec(spec);
  w.Decide(w.IdNow(), BoardOf({Alive(), Dead()}), 3, 7);
  w.Watch();
  CHECK_FALSE(w.watcher->has_spec());
  w.Run();
  CHECK(w.watcher->has_spec());
  for (const Seen& seen : w.seen) CHECK(seen.sequence == 7);
  CHECK(w.last().spec == spec);
  CHECK(w.last().board == BoardOf({Alive(), Dead()}));
  CHECK(w.last().epoch == 3);
  CHECK(w.last().incarnation == w.ensemble.Get(w.paths.base())->stat.czxid);
  w.Decide(w.IdNow(), BoardOf({Dead(), Dead()}), 3, 8);
  w.Run();
  CHECK(w.last().board == BoardOf({Dead(), Dead()}));
  CHECK(w.last().sequence == 8);
  CHECK(w.watcher->counters().chunk_reads == 2);
  CHECK(w.troubles.empty());
}

TEST_CASE("board watcher: another cluster of the same name has another incarnation") {
  Watching w;
  w.PutSpec(TestSpec(2));
  w.Decide(w.IdNow(), BoardOf({Alive(), Dead()}), 3, 7);
  w.Watch();
  w.Run();
  const std::int64_t before = w.last().incarnation;
  w.ensemble.Remove(w.paths.base());
  w.Run();
  REQUIRE_FALSE(w.troubles.empty());
  CHECK(w.troubles.back().code == ErrorCode::kNotFound);
  CHECK(w.last().incarnation == before);
  w.PutSpec(TestSpec(2));
  w.Run();
  CHECK(w.last().incarnation > before);
  CHECK(w.last().board == BoardOf({{}, {}}));
  CHECK(w.last().epoch == 0);
}

}  // namespace board_watcher_test
