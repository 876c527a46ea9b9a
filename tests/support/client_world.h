// Shared by the tests of client/: a world with an ensemble, an operator's editor, and shorthands.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/cluster_admin.h"
#include "codec/codec.h"
#include "model/paths.h"
#include "tests/fakes/fake_ensemble.h"
#include "tests/fakes/sim_loop.h"

namespace zkcluster::sim {

inline ClusterSpec TestSpec(int shards = 3) {
  ClusterSpec spec;
  spec.name = "sessions";
  for (int i = 1; i <= shards; ++i) {
    spec.shards.push_back({"s" + std::to_string(i), "10.0.0.1:" + std::to_string(6000 + i)});
  }
  return spec;
}

struct Operator {
  explicit Operator(SimWorld& world, FakeEnsemble& ensemble,
                    const std::string& root = "/goreclusters")
      : loop(world, "operator"),
        client(ensemble.NewClient(loop, std::chrono::seconds(10))),
        editor(loop, *client, root) {}
  SimLoop loop;
  std::unique_ptr<zk::Client> client;
  ClusterAdmin editor;
};

struct ClientWorld {
  explicit ClientWorld(std::uint64_t seed = 1) : world(seed), ensemble(world) {}

  // Runs the world until the one answer is there.
  template <class T, class Begin>
  Result<T> Wait(Begin begin, Duration limit = std::chrono::minutes(5)) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    begin([answer](Result<T> result) {
      CHECK_FALSE(answer->has_value());
      *answer = std::move(result);
    });
    CHECK_FALSE(answer->has_value());
    if (!world.RunUntil([&] { return answer->has_value(); }, limit)) {
      return Fail(ErrorCode::kInternal, "no answer");
    }
    return **answer;
  }
  Result<std::uint64_t> Create(Operator& who, const ClusterSpec& spec) {
    return Wait<std::uint64_t>([&](auto done) { who.editor.Create(spec, done); });
  }
  Result<std::uint64_t> Update(Operator& who, const ClusterSpec& spec) {
    return Wait<std::uint64_t>([&](auto done) { who.editor.Update(spec, done); });
  }
  Result<void> Delete(Operator& who, std::uint64_t version = 0) {
    return Wait<void>([&](auto done) { who.editor.Delete("sessions", version, done); });
  }
  Result<StoredSpec> Get(Operator& who) {
    return Wait<StoredSpec>([&](auto done) { who.editor.Get("sessions", done); });
  }
  void Run(Duration duration = std::chrono::seconds(5)) { world.RunFor(duration); }

  // Writes what an operator's manager would, directly.
  void PutSpec(const ClusterSpec& spec) {
    const auto payloads = EncodeSpec(spec);
    if (!ensemble.Exists(paths.base())) {
      ensemble.Put("/goreclusters", "goreclusters");
      Commit({zk::CreateOp{paths.base(), payloads.version},
              zk::CreateOp{paths.shards(), payloads.shards},
              zk::CreateOp{paths.options(), payloads.options}, zk::CreateOp{paths.quorum(), ""},
              zk::CreateOp{paths.chunks(), ""}});
    } else {
      Commit({zk::SetOp{paths.base(), payloads.version, zk::kAnyVersion},
              zk::SetOp{paths.shards(), payloads.shards, zk::kAnyVersion},
              zk::SetOp{paths.options(), payloads.options, zk::kAnyVersion}});
    }
  }
  void Commit(const std::vector<zk::Op>& ops) {
    const auto result = ensemble.Commit(ops);
    REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
  }

  SimWorld world;
  FakeEnsemble ensemble;
  ClusterPaths paths{"/goreclusters", "sessions"};
};

// A predicate for one request of a kind.
inline RequestPredicate IsMulti() {
  return [](const Request& request) { return request.verb == Verb::kMulti; };
}

}  // namespace zkcluster::sim
