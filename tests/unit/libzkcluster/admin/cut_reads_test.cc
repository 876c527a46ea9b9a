// Calls of many reads whose connection breaks at each of them in turn: every call answers exactly
// once, with what there is, or, where it does not ask again by itself, with an error that says so.
#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/snapshot.h"
#include "base/join.h"
#include "follow/journal.h"
#include "tests/support/client_world.h"
#include "zk/errors.h"

namespace cut_reads_test {

using namespace zkcluster;
using namespace zkcluster::sim;

namespace {

// One cluster with a journal and voters, in a root with more clusters than are read at once, with
// strangers, and with clusters that need a second look.
struct Cutting : ClientWorld {
  explicit Cutting(int clusters) {
    REQUIRE(Create(one, TestSpec()));
    for (int i = 0; i < clusters; ++i) {
      const std::string path = "/goreclusters/c" + std::to_string(i);
      ensemble.Put(path, i % 9 == 0 ? "?" : "7");
      if (i % 2 == 0) ensemble.Put(path + "/shards", "");
    }
    ensemble.Put("/goreclusters/stranger", "x");
    for (int i = 0; i < 5; ++i) {
      ensemble.PutEphemeral(paths.vote("c" + std::to_string(i)), "{}");
      const auto ordered = Wait<Ordered>([&](auto done) {
        if (i % 2 != 0) return one.editor.Resume("sessions", "ann@ops1", done);
        one.editor.Pause("sessions", {std::chrono::minutes(30), "ann@ops1", "a switch"}, done);
      });
      REQUIRE_MESSAGE(ordered, ordered.error().message);
    }
  }
  Operator one{world, ensemble};
};

using Text = Result<std::string>;
using Done = std::function<void(Text)>;

struct Call {
  std::string name;
  int clusters;     // beside the one
  bool asks_again;  // else an error that something was cut is an answer, too
  std::function<void(Cutting&, const Done&)> begin;
};

template <class T, class F>
auto Told(const Done& done, F text) {
  return [done, text](const Result<T>& result) {
    done(result ? Text(text(*result)) : Text(Fail(result.error())));
  };
}

std::vector<Call> Calls() {
  using Names = std::vector<std::string>;
  const auto join = [](const Names& names) { return Join(names, " "); };
  const auto spec = [](const StoredSpec& stored) { return stored.spec.name; };
  return {
      {"list", 3, true,
       [=](Cutting& w, const Done& done) { w.one.editor.List(Told<Names>(done, join)); }},
      {"list, more than are read at once", 70, true,
       [=](Cutting& w, const Done& done) { w.one.editor.List(Told<Names>(done, join)); }},
      {"get", 0, true,
       [=](Cutting& w, const Done& done) {
         w.one.editor.Get("sessions", Told<StoredSpec>(done, spec));
       }},
      {"init", 3, true,
       [](Cutting& w, const Done& done) {
         w.one.editor.Init(Told<Initialized>(
             done, [](const Initialized& met) { return std::to_string(met.znodes); }));
       }},
      {"delete", 0, true,
       [](Cutting& w, const Done& done) {
         w.one.editor.Delete("sessions", 0, [done](const Result<void>& gone) {
           done(gone ? Text("gone") : Text(Fail(gone.error())));
         });
       }},
      {"snapshot", 0, false,
       [](Cutting& w, const Done& done) {
         ReadSnapshot(w.one.loop, *w.one.client, w.paths,
                      Told<Snapshot>(done, [](const Snapshot& read) {
                        return read.spec.spec.name + std::to_string(read.voters.size()) +
                               std::to_string(read.ghosts.size());
                      }));
       }},
      {"journal", 0, false,
       [](Cutting& w, const Done& done) {
         ReadJournal(*w.one.client, w.paths,
                     Told<std::vector<JournalEntry>>(
                         done, [](const auto& entries) { return std::to_string(entries.size()); }));
       }},
  };
}

// The call's answer when `fate` meets its requests from number `first` on, `times` of them.
struct Outcome {
  Text text = Fail(ErrorCode::kInternal, "no answer");
  int answers = 0;
  int requests = 0;
  int cuts = 0;
};
Outcome Try(const Call& call, Fate fate, int first, int times) {
  Cutting w(call.clusters);
  w.Run();
  Outcome outcome;
  w.ensemble.SetFate(*w.one.client, [&](const Request&) {
    const bool meets = outcome.requests++ >= first && outcome.cuts < times;
    outcome.cuts += meets;
    return meets ? fate : Fate::kServe;
  });
  call.begin(w, [&](Text text) {
    outcome.text = std::move(text);
    ++outcome.answers;
  });
  CHECK(outcome.answers == 0);
  w.Run(std::chrono::minutes(2));
  return outcome;
}

}  // namespace

TEST_CASE("cut reads: each call answers once, whichever of its reads is cut, and how") {
  for (const Call& call : Calls()) {
    CAPTURE(call.name);
    const Outcome whole = Try(call, Fate::kServe, 0, 0);
    REQUIRE_MESSAGE(whole.text, whole.text.error().message);
    // Each of a short call; some of a long one, with its first, its last and the window's.
    const int step = whole.requests > 40 ? 9 : 1;
    for (const Fate fate : {Fate::kDropRequest, Fate::kLoseAnswer, Fate::kKillSession}) {
      for (const int times : {1, 3}) {
        for (int first = 0; first < whole.requests; first += step) {
          CAPTURE(static_cast<int>(fate));
          CAPTURE(times);
          CAPTURE(first);
          const Outcome cut = Try(call, fate, first, times);
          CHECK(cut.cuts > 0);
          CHECK(cut.answers == 1);
          if (cut.text) {
            CHECK(*cut.text == *whole.text);
          } else {
            CHECK_MESSAGE((!call.asks_again && zk::IsTransient(cut.text.error())),
                          cut.text.error().message);
          }
        }
      }
    }
  }
}

}  // namespace cut_reads_test
