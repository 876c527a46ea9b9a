#include "client/change_listeners.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace change_listeners_test {

using namespace zkcluster;

namespace {

ClusterView Table(std::uint64_t generation) {
  ClusterView view;
  view.generation = generation;
  return view;
}

// Publishes a table to all that are registered, as a follower does.
void Publish(const ChangeListeners& listeners, std::uint64_t generation) {
  for (const auto& entry : listeners.entries()) entry->Run(Table(generation));
}

struct Calls {
  std::vector<std::uint64_t> seen;
  Cluster::ChangeCallback callback() {
    return [this](const ClusterView& view) { seen.push_back(view.generation); };
  }
};

}  // namespace

// Cluster::Open returns as soon as the first table is there, while the client's thread still goes
// on to the callbacks for it. One that the program registers meanwhile ran for that table, too.
TEST_CASE("a callback does not run for the table that was there when it was registered") {
  ChangeListeners listeners;
  Calls early;
  Calls late;
  const auto first = listeners.Add(early.callback(), 0);
  const auto second = listeners.Add(late.callback(), 1);
  Publish(listeners, 1);
  CHECK(early.seen == std::vector<std::uint64_t>{1});
  CHECK(late.seen.empty());
  Publish(listeners, 2);
  CHECK(early.seen == std::vector<std::uint64_t>{1, 2});
  CHECK(late.seen == std::vector<std::uint64_t>{2});
}

TEST_CASE("no callback runs once its entry has ended or is gone") {
  ChangeListeners listeners;
  Calls ended;
  Calls gone;
  const auto entry = listeners.Add(ended.callback(), 0);
  auto dropped = listeners.Add(gone.callback(), 0);
  entry->End();
  dropped.reset();
  Publish(listeners, 1);
  CHECK(ended.seen.empty());
  CHECK(gone.seen.empty());
}

TEST_CASE("a callback may end itself, and runs no more") {
  ChangeListeners listeners;
  Calls calls;
  std::shared_ptr<ChangeListeners::Entry> entry;
  entry = listeners.Add(
      [&](const ClusterView& view) {
        calls.seen.push_back(view.generation);
        entry->End();
      },
      0);
  Publish(listeners, 1);
  Publish(listeners, 2);
  CHECK(calls.seen == std::vector<std::uint64_t>{1});
}

}  // namespace change_listeners_test
