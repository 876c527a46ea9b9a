// The excuses of what is owed after the last fault, twice each: where they apply and nothing is
// missing, and close by, where something is.
#include "tests/sim/liveness.h"

#include <doctest/doctest.h>

#include "codec/codec.h"
#include "tests/sim/scenario.h"

namespace liveness_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using history::Excuse;

namespace {

// Three checkers, four shards, all decided alive; then the spec names more checkers than there are.
class Owing {
 public:
  using Edit = std::function<void(ClusterSpec&)>;
  explicit Owing(const Edit& edit = nullptr) : scene_(PlanOf(edit)) {
    play_.Begin();
    REQUIRE(!scene_.violation());
    REQUIRE_MESSAGE(Missing().empty(), Missing());
    REQUIRE(liveness_.excuses().Sum() == 0);
  }

  // The quorum is three with five checkers, and four with seven: too many for those that live.
  void Name(int checkers) {
    play_.Update([&](ClusterSpec spec) {
      spec.checkers = checkers;
      return spec;
    });
    scene_.Run(1s);
    REQUIRE(scene_.HeadOf(0)->spec == scene_.SpecOf(0)->id);
  }
  // In the chunk, as it is in the head's version.
  void PutFirstRow(const ShardState& state) {
    auto rows = DecodeChunk(scene_.ensemble.Get(paths().chunk(0))->data);
    rows->front() = state;
    scene_.Put(paths().chunk(0), EncodeChunk({*rows}, 0));
  }
  // Nothing is missing and the excuse is counted, or the other way round.
  void Expect(Excuse excuse, bool excused, const std::string& missing) {
    const std::string text = Missing();
    CAPTURE(text);
    CHECK(text.empty() == excused);
    CHECK((liveness_.excuses()[excuse] > 0) == excused);
    if (!excused) CHECK(text.find(missing) != std::string::npos);
  }
  Play& play() { return play_; }
  Scene& scene() { return scene_; }
  [[nodiscard]] ClusterPaths paths() const { return scene_.Paths(0); }

 private:
  static ScenePlan PlanOf(const Edit& edit) {
    ScenePlan plan = PlainScene();
    if (edit) edit(plan.clusters[0].spec);
    return plan;
  }
  [[nodiscard]] std::string Missing() const {
    std::string text;
    for (const auto& line : liveness_.Missing()) text += line + "\n";
    return text;
  }

  Scene scene_;
  Play play_{scene_, true};
  Liveness liveness_{scene_};
};

void WithoutMirror(ClusterSpec& spec) {
  spec.mirror_limit = 0;
}

}  // namespace

TEST_CASE("excuses: a status is not the truth, as too few voters are left") {
  for (const bool excused : {true, false}) {
    Owing site;
    site.Name(excused ? 7 : 5);
    site.play().KillShard(1);
    if (excused) site.scene().Run(5s);  // else nobody has noticed yet
    site.Expect(Excuse::kNoQuorum, excused, "shard s1 is A, should be D");
  }
}

TEST_CASE("excuses: a death is held by a freeze") {
  for (const bool excused : {true, false}) {
    Owing site([](ClusterSpec& spec) { spec.max_dead_fraction = 0.25; });
    for (const int shard : {1, 2, 3}) site.play().KillShard(shard);
    if (excused) site.scene().Run(5s);  // else nothing is frozen yet
    site.Expect(Excuse::kDeathHeld, excused, "shard s1 is A, should be D");
  }
}

TEST_CASE("excuses: the status is of an old spec and readers are behind: too few voters are left") {
  for (const bool excused : {true, false}) {
    Owing site;
    site.Name(excused ? 7 : 5);
    site.scene().Put(site.paths().head(), "bad");
    site.Expect(Excuse::kStatusBehind, excused, "the status is of an old spec");
    site.Expect(Excuse::kReaderBehind, excused, "reader 1 sees AAAA, the status is \n");
  }
}

// The ledger is of the spec before: what it remembers does not replace what one write has written.
TEST_CASE("excuses: the status is of an old spec, and the ledger remembers a smaller quorum") {
  Owing site;
  site.Name(7);
  site.scene().Put(site.paths().head(), "bad");
  Ledger ledger = *DecodeLedger(site.scene().ensemble.Get(site.paths().ledger())->data);
  ledger.safeguards = Safeguards{.checkers = 3};
  site.scene().Put(site.paths().ledger(), EncodeLedger(ledger));
  site.Expect(Excuse::kStatusBehind, true, "");
}

TEST_CASE("excuses: an order whose time is over stays, as its leader may not write") {
  for (const bool excused : {true, false}) {
    Owing site(WithoutMirror);
    site.Name(7);
    // Nobody knows the rows any more.
    for (std::size_t i = 0; i < 3; ++i) site.scene().KillChecker(i);
    site.scene().Remove(site.paths().chunk(0));
    for (std::size_t i = 0; i < 3; ++i) site.scene().StartChecker(i);
    site.scene().Run(15s);
    const auto node = site.scene().ensemble.Get(site.paths().ledger());
    Ledger ledger = *DecodeLedger(node->data);
    const Micros now = site.scene().world.wall_now();
    ledger.pause = Pause{now, excused ? now + 1s : now + 1h, "ann", "a test"};
    site.scene().Put(site.paths().ledger(), EncodeLedger(ledger));
    site.scene().Run(5s);
    site.Expect(Excuse::kStatusBehind, excused, "it is still paused");
  }
}

TEST_CASE("excuses: a reader keeps the status of a row that is lost") {
  for (const bool excused : {true, false}) {
    Owing site(WithoutMirror);
    site.Name(7);
    const Micros now = site.scene().world.wall_now();
    site.PutFirstRow({ShardStatus::kUnknown, now, excused ? Reason::kLost : Reason::kNone, {}});
    site.Expect(Excuse::kReaderKeeps, excused, "reader 1 sees AAAA, the status is ?AAA");
  }
}

TEST_CASE("excuses: the mirror of rows that are unreadable is not judged") {
  for (const bool excused : {true, false}) {
    Owing site;
    site.Name(7);
    site.scene().Put(excused ? site.paths().chunk(0) : site.paths().mirror(), "bad");
    site.Expect(Excuse::kMirrorOfLost, excused, "the mirror does not agree with the rows");
  }
}

}  // namespace liveness_test
