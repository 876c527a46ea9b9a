#include "tests/faults/intervention.h"

#include <algorithm>

#include "tests/faults/bounds.h"
#include "tests/faults/play.h"

namespace zkcluster::faults {
namespace {

constexpr const char* kNewShard = "x1";

// The list in another order, with one shard more where nobody listens.
ClusterSpec Changed(Play& play) {
  ClusterSpec changed = play.site.spec;
  std::reverse(changed.shards.begin(), changed.shards.end());
  changed.shards.push_back({kNewShard, play.site.redis("s6").place().host + ":1"});
  return changed;
}

Intervention Update() {
  return {.name = "update_mid",
          .must_hold =
              "the list that is changed during it is decided on within 15 s, and so is the old "
              "list afterwards",
          .give_orders =
              [](Play& play) {
                play.Note(kNewShard, Truth::kDead);
                play.Apply(Changed(play));
              },
          .await_decisions =
              [](Play& play) {
                play.AwaitTruth(Changed(play).shards, kAfterOutage);
                play.Note(kNewShard, Truth::kOpen);
                play.Apply(play.site.spec);
                play.AwaitTruth(play.site.spec.shards, kAfterOutage);
              },
          .try_in_vain =
              [](Play& play, const std::string& timeout) {
                return play.site.Apply(Changed(play), timeout);
              }};
}

// Created again with shards that may be dead from the start.
Intervention Delete() {
  return {
      .name = "delete_mid",
      .must_hold =
          "the cluster that is deleted during it and created again is decided on within 15 s, "
          "without anything of the old one",
      .give_orders =
          [](Play& play) {
            play.Delete();
            play.Pass(std::chrono::seconds(1));
            play.Apply(play.site.spec);
          },
      .await_decisions = [](Play& play) { play.AwaitTruth(play.site.spec.shards, kAfterOutage); },
      .try_in_vain =
          [](Play& play, const std::string& timeout) {
            return play.site.Zkctl({"delete", kCluster, "--yes", "--timeout", timeout});
          }};
}

}  // namespace

const std::vector<Intervention>& Interventions() {
  static const std::vector<Intervention> kAll = {Update(), Delete()};
  return kAll;
}

}  // namespace zkcluster::faults
