#include "admin/cluster_admin.h"

#include <doctest/doctest.h>

#include "model/spec_diff.h"
#include "tests/support/client_world.h"

namespace cluster_admin_test {

using namespace zkcluster;
using namespace zkcluster::sim;

namespace {

struct Editing : ClientWorld {
  explicit Editing(std::uint64_t seed = 1) : ClientWorld(seed) {}
  Operator one{world, ensemble};
  Operator two{world, ensemble};
};

template <class T>
ErrorCode CodeOf(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().code;
}

ClusterSpec With(ClusterSpec spec, std::uint64_t version) {
  spec.version = version;
  return spec;
}

}  // namespace

TEST_CASE("create: into an empty ensemble makes the root and everything below") {
  Editing w;
  const auto version = w.Create(w.one, TestSpec());
  REQUIRE(version);
  CHECK(w.ensemble.Get("/goreclusters")->data == "goreclusters");
  CHECK(w.ensemble.Get(w.paths.base())->data == std::to_string(*version));
  CHECK(w.ensemble.Get(w.paths.go_voters())->data == "sessions");
  for (const auto& path : {w.paths.quorum(), w.paths.election(), w.paths.votes(), w.paths.chunks(),
                           w.paths.events()}) {
    CHECK(w.ensemble.Exists(path));
  }
  const auto stored = w.Get(w.two);
  REQUIRE(stored);
  CHECK(stored->spec == With(TestSpec(), *version));
  CHECK(CodeOf(w.Create(w.two, TestSpec())) == ErrorCode::kExists);
}

TEST_CASE("create: a nested root is made part by part, root / needs nothing") {
  for (const std::string root : {"/a/b/c", "/"}) {
    ClientWorld w;
    Operator one(w.world, w.ensemble, root);
    CHECK(w.Create(one, TestSpec()));
    CHECK(w.ensemble.Exists(root == "/" ? "/sessions/shards" : "/a/b/c/sessions/shards"));
    if (root != "/") CHECK(w.ensemble.Get("/a/b")->data == "b");
    const auto names = w.Wait<std::vector<std::string>>([&](auto done) { one.editor.List(done); });
    REQUIRE(names);
    CHECK(*names == std::vector<std::string>{"sessions"});
  }
}

TEST_CASE(
    "create and update: broken rules and oversized specs are refused before anything is sent") {
  Editing w;
  w.Run();
  const auto before = w.ensemble.history().size();
  CHECK(CodeOf(w.Create(w.one, TestSpec(0))) == ErrorCode::kInvalid);
  CHECK(CodeOf(w.Update(w.one, TestSpec(0))) == ErrorCode::kInvalid);
  ClusterSpec huge = TestSpec(0);
  for (int i = 0; i < 30'000; ++i) {
    huge.shards.push_back({"shard" + std::to_string(i), "10.0.0.1:" + std::to_string(1 + i)});
  }
  CHECK(CodeOf(w.Create(w.one, huge)) == ErrorCode::kTooLarge);
  CHECK(w.ensemble.history().size() == before);
}

TEST_CASE(
    "update: the version grows, also when the clock goes back; an equal spec is not written") {
  Editing w;
  const auto first = w.Create(w.one, TestSpec());
  w.one.loop.SetWallOffset(-std::chrono::hours(24 * 365));
  const auto second = w.Update(w.one, With(TestSpec(4), *first));
  REQUIRE(second);
  CHECK(*second == *first + 1);
  const auto writes = w.ensemble.history().size();
  const auto third = w.Update(w.one, With(TestSpec(4), *second));
  REQUIRE(third);
  CHECK(*third == *second);
  CHECK(w.ensemble.history().size() == writes);
  CHECK(CodeOf(w.Update(w.two, With(TestSpec(5), *first))) == ErrorCode::kConflict);
  w.ensemble.Remove(w.paths.base());
  CHECK(CodeOf(w.Update(w.two, With(TestSpec(5), *second))) == ErrorCode::kNotFound);
}

TEST_CASE("update: after the largest version there is none") {
  Editing w;
  REQUIRE(w.Create(w.one, TestSpec()));
  const ClusterSpec last = With(TestSpec(), std::uint64_t{1} << 63);
  CHECK(CodeOf(w.Update(w.one, last)) == ErrorCode::kInvalid);
  const ClusterSpec largest = With(TestSpec(), (std::uint64_t{1} << 63) - 1);
  w.PutSpec(largest);
  CHECK(w.Update(w.one, largest) == largest.version);  // nothing to write
  ClusterSpec next = largest;
  next.quorum = 2;
  CHECK(CodeOf(w.Update(w.one, next)) == ErrorCode::kInvalid);
  CHECK(w.Get(w.one)->spec == largest);
}

TEST_CASE("update: undecodable shards under the right version can be mended") {
  Editing w;
  const auto version = w.Create(w.one, TestSpec());
  w.ensemble.Put(w.paths.shards(), "\xff\xfe");
  CHECK(CodeOf(w.Get(w.one)) == ErrorCode::kBadData);
  CHECK(w.Update(w.one, With(TestSpec(), *version)));
  CHECK(w.Get(w.one));
}

TEST_CASE("update: a spec that is made for a newer zkcluster is neither mended nor lost") {
  Editing w;
  const auto version = w.Create(w.one, TestSpec());
  const std::string newer = R"({"RingType":"slots","Needs":["slots"],"Later":1})";
  w.ensemble.Put(w.paths.options(), newer);
  const auto read = w.Get(w.one);
  REQUIRE(CodeOf(read) == ErrorCode::kBadData);
  CHECK(read.error().message.find("made for a newer zkcluster: it needs slots") !=
        std::string::npos);
  const auto updated = w.Update(w.one, With(TestSpec(), *version));
  REQUIRE(CodeOf(updated) == ErrorCode::kBadData);
  CHECK(updated.error().message.find("made for a newer zkcluster") != std::string::npos);
  CHECK(w.ensemble.Get(w.paths.options())->data == newer);
}

TEST_CASE("two operators at once: one gets an error") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Editing w(seed);
    // Create against create.
    std::vector<Result<std::uint64_t>> created;
    const auto keep = [&created](const auto& result) { created.push_back(result); };
    w.one.editor.Create(TestSpec(2), keep);
    w.two.editor.Create(TestSpec(3), keep);
    w.Run();
    REQUIRE(created.size() == 2);
    CHECK(created[0].has_value() != created[1].has_value());
    for (const auto& result : created) {
      if (!result) CHECK(result.error().code == ErrorCode::kExists);
    }
    const auto stored = w.Get(w.one);
    const auto version = stored->spec.version;

    // Update against update.
    std::vector<Result<std::uint64_t>> updated;
    const auto keep_update = [&updated](const auto& result) { updated.push_back(result); };
    w.one.editor.Update(With(TestSpec(5), version), keep_update);
    w.two.editor.Update(With(TestSpec(6), version), keep_update);
    w.Run();
    REQUIRE(updated.size() == 2);
    CHECK(updated[0].has_value() != updated[1].has_value());
    for (const auto& result : updated) {
      if (!result) CHECK(result.error().code == ErrorCode::kConflict);
    }

    // Guarded delete against update.
    const auto now = w.Get(w.one)->spec.version;
    std::optional<Result<void>> deleted;
    std::optional<Result<std::uint64_t>> changed;
    w.one.editor.Delete("sessions", now, [&](const auto& result) { deleted = result; });
    w.two.editor.Update(With(TestSpec(7), now), [&](const auto& result) { changed = result; });
    w.Run();
    REQUIRE(deleted);
    REQUIRE(changed);
    CHECK(deleted->has_value() != changed->has_value());
    CHECK(w.ensemble.Exists(w.paths.base()) == changed->has_value());
    if (!*deleted) CHECK(deleted->error().code == ErrorCode::kConflict);
  }
}

TEST_CASE("lost answers: to each multi, with and without effect") {
  for (const bool effect : {true, false}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      CAPTURE(effect);
      CAPTURE(seed);
      Editing w(seed);
      const auto lose = [&] {
        if (effect) {
          w.ensemble.LoseAnswer(*w.one.client, IsMulti());
        } else {
          w.ensemble.DropRequest(*w.one.client, IsMulti());
        }
      };
      w.ensemble.Put("/goreclusters", "goreclusters");
      lose();
      const auto created = w.Create(w.one, TestSpec());
      REQUIRE(created);
      CHECK(w.Get(w.two)->spec == With(TestSpec(), *created));
      lose();
      const auto updated = w.Update(w.one, With(TestSpec(4), *created));
      REQUIRE(updated);
      CHECK(w.Get(w.two)->spec == With(TestSpec(4), *updated));
      CHECK(w.ensemble.Get(w.paths.base())->stat.version == 1);
      lose();
      CHECK(w.Delete(w.one, *updated));
      CHECK_FALSE(w.ensemble.Exists(w.paths.base()));
    }
  }
}

TEST_CASE("lost answers: somebody else acts before we can read") {
  struct Case {
    const char* name;
    std::function<void(Editing&)> meanwhile;
    ErrorCode code;
  };
  SUBCASE("create") {
    for (const Case& c : {Case{"updated", [](Editing& w) { w.PutSpec(With(TestSpec(9), 9)); },
                               ErrorCode::kUnknownOutcome},
                          Case{"corrupted by an outsider",
                               [](Editing& w) { w.ensemble.Put(w.paths.options(), "garbage"); },
                               ErrorCode::kUnknownOutcome},
                          Case{"created by another",
                               [](Editing& w) {
                                 w.ensemble.Remove(w.paths.base());
                                 w.PutSpec(With(TestSpec(9), 9));
                               },
                               ErrorCode::kExists}}) {
      CAPTURE(c.name);
      Editing w;
      w.ensemble.Put("/goreclusters", "");
      w.ensemble.LoseAnswer(*w.one.client, IsMulti());
      std::optional<Result<std::uint64_t>> answer;
      w.one.editor.Create(TestSpec(), [&](const auto& result) { answer = result; });
      REQUIRE(w.world.RunUntil([&] { return w.ensemble.Exists(w.paths.base()); },
                               std::chrono::seconds(9)));
      c.meanwhile(w);
      w.Run(std::chrono::minutes(1));
      REQUIRE(answer);
      CHECK(CodeOf(*answer) == c.code);
    }
  }
  SUBCASE("update that never arrived, and another one that did") {
    Editing w;
    const auto version = *w.Create(w.one, TestSpec());
    w.ensemble.DropRequest(*w.one.client, [&](const Request& request) {
      if (request.verb != Verb::kMulti) return false;
      w.PutSpec(With(TestSpec(8), version + 5));
      return true;
    });
    CHECK(CodeOf(w.Update(w.one, With(TestSpec(4), version))) == ErrorCode::kConflict);
  }
  SUBCASE("update that arrived, and a part of it that an outsider has written since") {
    Editing w;
    const auto version = *w.Create(w.one, TestSpec());
    w.ensemble.LoseAnswer(*w.one.client, IsMulti());
    std::optional<Result<std::uint64_t>> answer;
    w.one.editor.Update(With(TestSpec(4), version), [&](const auto& result) { answer = result; });
    REQUIRE(w.world.RunUntil(
        [&] { return w.ensemble.Get(w.paths.base())->data != std::to_string(version); },
        std::chrono::seconds(9)));
    w.ensemble.Put(w.paths.shards(), "not json");
    w.Run(std::chrono::minutes(1));
    REQUIRE(answer);
    CHECK(CodeOf(*answer) == ErrorCode::kUnknownOutcome);
  }
}

TEST_CASE("delete: nothing is left, with live ephemerals, Go voters, 1,000 events and 40 chunks") {
  Editing w;
  REQUIRE(w.Create(w.one, TestSpec()));
  SimLoop checker_loop(w.world, "checker");
  const auto checker = w.ensemble.NewClient(checker_loop, std::chrono::seconds(10));
  w.Run();
  for (const auto& [prefix, mode] :
       {std::pair{w.paths.election() + "/c1-x-", zk::CreateMode::kEphemeralSequential},
        std::pair{w.paths.vote("c1"), zk::CreateMode::kEphemeral},
        std::pair{w.paths.go_voters() + "/n_", zk::CreateMode::kEphemeralSequential}}) {
    checker->Create(prefix, "x", mode, [](const auto& result) { CHECK(result); });
  }
  w.Run();
  for (int i = 0; i < 1000; ++i) w.ensemble.Put(w.paths.event_prefix() + std::to_string(i), "{}");
  for (std::size_t k = 0; k < 40; ++k) w.ensemble.Put(w.paths.chunk(k), "{}");
  w.ensemble.Put(w.paths.head(), "{}");
  CHECK(CodeOf(w.Delete(w.two, 12345)) == ErrorCode::kConflict);
  CHECK(w.Delete(w.one));
  CHECK(w.ensemble.Children("/goreclusters").empty());
  CHECK(CodeOf(w.Delete(w.one)) == ErrorCode::kNotFound);
  CHECK(w.Create(w.one, TestSpec()));
}

TEST_CASE("delete: ephemerals and events appear between list and multi") {
  Editing w;
  REQUIRE(w.Create(w.one, TestSpec()));
  int times = 0;
  w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
    if (request.verb == Verb::kMulti && ++times <= 5) {
      w.ensemble.Put(w.paths.vote("c" + std::to_string(times)), "x");
      w.ensemble.Remove(w.paths.vote("c" + std::to_string(times - 1)));
      w.ensemble.Put(w.paths.event_prefix() + std::to_string(times), "x");
    }
    return Fate::kServe;
  });
  CHECK(w.Delete(w.one));
  CHECK(times == 6);
  CHECK(w.ensemble.Children("/goreclusters").empty());

  // Endless conflicts: it gives up, with the reason.
  REQUIRE(w.Create(w.two, TestSpec()));
  w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
    if (request.verb == Verb::kMulti) w.ensemble.Put(w.paths.vote(std::to_string(++times)), "x");
    return Fate::kServe;
  });
  CHECK(CodeOf(w.Delete(w.one)) == ErrorCode::kConflict);
  CHECK(w.ensemble.Exists(w.paths.shards()));
}

TEST_CASE("delete: the cluster changes between list and multi") {
  for (const bool guarded : {true, false}) {
    Editing w;
    const auto version = *w.Create(w.one, TestSpec());
    int times = 0;
    w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
      if (request.verb == Verb::kMulti && ++times == 1) w.PutSpec(With(TestSpec(9), version + 1));
      return Fate::kServe;
    });
    const auto deleted = w.Delete(w.one, guarded ? version : 0);
    CHECK(deleted.has_value() == !guarded);
    CHECK(w.ensemble.Exists(w.paths.base()) == guarded);
    if (!deleted) CHECK(deleted.error().code == ErrorCode::kConflict);
  }
}

TEST_CASE("init: a znode goes while the tree is walked") {
  Editing w;
  REQUIRE(w.Create(w.one, TestSpec()));
  const std::string gone = w.paths.vote("c1");
  w.ensemble.Put(gone, "x");
  w.ensemble.SetFateOfAll([&](const Arrival& arrival) {
    const bool visits = arrival.request.verb == Verb::kExists && arrival.request.path == gone;
    if (visits) w.ensemble.Remove(gone);
    return Fate::kServe;
  });
  const auto met = w.Wait<Initialized>([&](auto done) { w.one.editor.Init(done); });
  REQUIRE(met);
  CHECK_FALSE(w.ensemble.Exists(gone));
  CHECK(met->znodes > 5);
}

TEST_CASE("get: a change while reading is never seen half") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Editing w(seed);
    w.PutSpec(With(TestSpec(2), 2));
    int version = 2;
    w.ensemble.SetFate(*w.one.client, [&](const Request&) {
      if (version < 8 && w.world.Below(3) == 0) {
        ++version;
        w.PutSpec(With(TestSpec(version), static_cast<std::uint64_t>(version)));
      }
      return Fate::kServe;
    });
    const auto stored = w.Get(w.one);
    REQUIRE(stored);
    CHECK(stored->spec.shards.size() == stored->spec.version);
  }
}

TEST_CASE("list: sorted, without strangers, with corrupted clusters; an absent root is empty") {
  Editing w;
  const auto list = [&] {
    return w.Wait<std::vector<std::string>>([&](auto done) { w.one.editor.List(done); });
  };
  REQUIRE(list());
  CHECK(list()->empty());
  w.ensemble.Put("/goreclusters/b", "12");
  w.ensemble.Put("/goreclusters/a", "11");
  w.ensemble.Put("/goreclusters/stranger", "hello");
  w.ensemble.Put("/goreclusters/zz-corrupt", "?");
  w.ensemble.Put("/goreclusters/zz-corrupt/shards", "[]");
  for (int i = 0; i < 200; ++i) w.ensemble.Put("/goreclusters/c" + std::to_string(1000 + i), "1");
  const auto names = list();
  REQUIRE(names);
  CHECK(names->size() == 203);
  CHECK(names->front() == "a");
  CHECK(names->back() == "zz-corrupt");
  CHECK(std::is_sorted(names->begin(), names->end()));
}

TEST_CASE(
    "ensemble down: calls wait for it; abandoned, they say whether a change may have been made") {
  Editing w;
  w.ensemble.Down();
  std::optional<Result<std::uint64_t>> created;
  w.one.editor.Create(TestSpec(), [&](const auto& result) { created = result; });
  w.Run(std::chrono::minutes(1));
  CHECK_FALSE(created);
  w.ensemble.Up();
  w.Run(std::chrono::minutes(1));
  REQUIRE(created);
  REQUIRE(*created);

  w.ensemble.Down();
  w.Run(std::chrono::minutes(1));
  std::optional<Result<std::uint64_t>> updated;
  w.one.editor.Update(With(TestSpec(4), **created), [&](const auto& result) { updated = result; });
  w.Run(std::chrono::minutes(1));
  w.one.editor.Abandon();
  REQUIRE(updated);
  CHECK(CodeOf(*updated) == ErrorCode::kUnavailable);
  w.ensemble.Up();
  w.Run(std::chrono::minutes(1));
  CHECK(w.ensemble.Get(w.paths.base())->stat.version == 0);  // an abandoned call does nothing later

  updated.reset();
  w.ensemble.SetFate(*w.one.client, [&](const Request& request) {
    if (request.verb == Verb::kMulti) w.ensemble.Mute(*w.one.client);
    return Fate::kServe;
  });
  w.one.editor.Update(With(TestSpec(4), **created), [&](const auto& result) { updated = result; });
  w.Run(std::chrono::minutes(1));
  w.one.editor.Abandon();
  REQUIRE(updated);
  CHECK(CodeOf(*updated) == ErrorCode::kUnknownOutcome);
}

TEST_CASE("random trouble: what a call answers is what happened") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Editing w(seed);
    w.ensemble.SetFate(*w.one.client, [&](const Request&) {
      const auto dice = w.world.Below(12);
      return dice == 0 ? Fate::kDropRequest : dice == 1 ? Fate::kLoseAnswer : Fate::kServe;
    });
    const auto created = w.Create(w.one, TestSpec());
    REQUIRE_MESSAGE(created, (created ? "" : created.error().message));
    CHECK(w.Get(w.two)->spec.version == *created);
    const auto updated = w.Update(w.one, With(TestSpec(4), *created));
    REQUIRE_MESSAGE(updated, (updated ? "" : updated.error().message));
    CHECK(w.Get(w.two)->spec == With(TestSpec(4), *updated));
    CHECK(w.Delete(w.one, *updated));
    CHECK(w.ensemble.Children("/goreclusters").empty());
  }
}

TEST_CASE("update: the journal keeps who changed the spec, why, and the difference in words") {
  Editing w;
  const auto version = w.Create(w.one, TestSpec());
  REQUIRE(version);
  CHECK(w.ensemble.Children(w.paths.events()).empty());
  auto next = ValidSpec::Make(With(TestSpec(4), *version));
  REQUIRE(next);
  const auto updated = w.Wait<std::uint64_t>([&](auto done) {
    w.one.editor.Update(*next, {"ann@ops1", "one more"}, done);
  });
  REQUIRE(updated);
  const auto nodes = w.ensemble.Children(w.paths.events());
  REQUIRE(nodes.size() == 1);
  const auto event = DecodeEvent(w.ensemble.Get(w.paths.events() + "/" + nodes.front())->data);
  REQUIRE(event);
  CHECK(event->by == "ann@ops1");
  CHECK(event->spec_version == *updated);
  const auto* const update = event->As<Event::Update>();
  REQUIRE(update != nullptr);
  CHECK(update->note == "one more");
  REQUIRE(update->changes.size() == 1);
  CHECK(update->changes.front().find(" added (") != std::string::npos);
  REQUIRE(update->former);
  CHECK(RestoreSpec(*update->former, With(TestSpec(4), *updated)) == With(TestSpec(), *version));
  // Nothing is written, neither the spec nor the journal.
  CHECK(w.Update(w.one, With(TestSpec(4), *updated)) == *updated);
  CHECK(w.ensemble.Children(w.paths.events()).size() == 1);
  CHECK(w.Update(w.one, With(TestSpec(5), *updated)));
  CHECK(w.ensemble.Children(w.paths.events()).size() == 2);
}

TEST_CASE(
    "update: a change that is too large for the journal is written without what it replaced") {
  const auto list = [](std::size_t shards, const std::string& name) {
    ClusterSpec spec = TestSpec();
    spec.shards.clear();
    for (std::size_t i = 0; i < shards; ++i) {
      const std::string n = std::to_string(i);
      spec.shards.push_back({name + n, "h" + n + ":1"});
    }
    return spec;
  };
  const auto newest = [](Editing& w) {
    const auto nodes = w.ensemble.Children(w.paths.events());
    REQUIRE(nodes.size() == 1);
    const auto event = DecodeEvent(w.ensemble.Get(w.paths.events() + "/" + nodes.front())->data);
    REQUIRE(event);
    REQUIRE(event->As<Event::Update>() != nullptr);
    return *event->As<Event::Update>();
  };
  {
    Editing w;
    const auto version = w.Create(w.one, list(5000, "a"));
    REQUIRE(version);
    REQUIRE(w.Update(w.one, With(list(5000, "b"), *version)));
    CHECK_FALSE(newest(w).former);
    CHECK(newest(w).changes.size() == kMostDescribed);
  }
  // A list that fills the request leaves less room than the words need.
  for (const std::size_t spare : {6'000U, 900U, 600U}) {
    Editing w;
    ClusterSpec large = list(1, "a");
    const std::string filler(190, 'x');
    std::size_t bytes = EncodeShards(large.shards).size();
    while (bytes + 300 < zk::kMaxRequestBytes - spare) {
      const std::string n = std::to_string(large.shards.size());
      large.shards.push_back({filler + n, "h" + n + ":1"});
      bytes += EncodeShards({large.shards.back()}).size() - 1;  // "[" and "]", or ","
    }
    CAPTURE(spare);
    ClusterSpec small = large;
    small.shards.resize(1);
    const auto version = w.Create(w.one, small);
    REQUIRE(version);
    REQUIRE(w.Update(w.one, With(large, *version)));
    const auto words = newest(w).changes;
    CHECK((words.size() == kMostDescribed ||
           words == std::vector<std::string>{"more than the journal can hold"}));
  }
}

TEST_CASE("thresholds: who writes a contradiction is refused, who finds one stored may go on") {
  Editing w;
  ClusterSpec spec = TestSpec();
  spec.probe = {.threshold = std::chrono::milliseconds(300)};
  CHECK(CodeOf(w.Create(w.one, spec)) == ErrorCode::kInvalid);
  const auto version = w.Create(w.one, TestSpec());
  REQUIRE(version);
  CHECK(CodeOf(w.Update(w.one, With(spec, *version))) == ErrorCode::kInvalid);
  // Written by an older program.
  w.Commit({zk::SetOp{w.paths.options(), EncodeSpec(spec).options, zk::kAnyVersion}});
  REQUIRE(w.Get(w.one));
  ClusterSpec next = TestSpec(4);
  next.probe = spec.probe;
  CHECK(w.Update(w.one, With(next, *version)));
}

}  // namespace cluster_admin_test
