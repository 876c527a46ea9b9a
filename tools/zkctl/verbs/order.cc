// Orders to the checkers of a cluster: pause, resume, unfreeze, forget.
#include "tools/zkctl/verbs/order.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "admin/orders.h"
#include "admin/snapshot.h"
#include "model/paths.h"
#include "text/duration.h"
#include "tools/zkctl/cli/confirm.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "yaml/suggest.h"
#include "zk/watcher.h"

namespace zkcluster::zkctl {
namespace {

// How long a leader may take to decide again: a round trip or two, and a margin for a busy machine.
constexpr Duration kNextRead = std::chrono::seconds(5);

std::string QuorumText(const Electorate& electorate) {
  return std::to_string(electorate.quorum) + " of " + std::to_string(electorate.size);
}

std::string ForgetQuestion(const Snapshot& snapshot, const std::string& id,
                           const Electorate& then) {
  const Electorate now = FindElectorate(snapshot);
  std::string text =
      "This takes checker " + id + " out of the electorate of " + snapshot.spec.spec.name + ": ";
  if (now.quorum == then.quorum && now.size == then.size) {
    return text + "the quorum stays " + QuorumText(now) +
           ", as the spec says how many checkers there are.";
  }
  return text + "the quorum becomes " + QuorumText(then) + ", it is " + QuorumText(now) + ".";
}

int RunPause(const Globals& globals, const PauseOptions& options) {
  const std::string& name = options.cluster;
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto ordered = Give(**connection, name, [&](ClusterAdmin& admin, auto done) {
    admin.Pause(name, {options.order.length, Who(), *options.order.reason}, std::move(done));
  });
  if (!ordered) return Complain(ordered.error());
  OrderedJson json = OrderJson(name, "paused");
  json["paused"] = PauseJson(ordered->left.pause);
  json["replaced"] = PauseJson(ordered->found.pause);
  return Emit(globals.output, json, [&](const Terminal&) {
    const Pause& pause = *ordered->left.pause;
    std::string text = "paused " + Printable(name) + ", " +
                       Printable(LengthText(pause.since, pause.until)) + ": \"" +
                       Printable(pause.reason) + "\"; by " + Printable(pause.by) + "\n";
    if (ordered->found.pause) {
      text += "it replaces the pause of " +
              Printable(OrderSentence(*ordered->found.pause, pause.since)) + "\n";
    }
    return text + GoNote(**connection, name) + ClockNote(**connection);
  });
}

int RunResume(const Globals& globals, const ClusterOperand& options) {
  const std::string& name = options.cluster;
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto ordered = Give(**connection, name, [&](ClusterAdmin& admin, auto done) {
    admin.Resume(name, Who(), std::move(done));
  });
  if (!ordered) return Complain(ordered.error());
  OrderedJson json = OrderJson(name, "resumed");
  json["ended"] = PauseJson(ordered->found.pause);
  const Micros now = (*connection)->loop().WallNow();
  return Emit(globals.output, json, [&](const Terminal&) {
    return "resumed " + Printable(name) + "; it was paused " +
           Printable(OrderSentence(*ordered->found.pause, now)) + "\n";
  });
}

int RunForget(const Globals& globals, const ForgetOptions& options) {
  const std::string& name = options.cluster;
  const std::string& id = options.id;
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto snapshot = TakeSnapshot(**connection, name);
  if (!snapshot) return Complain(snapshot.error());
  const std::set<std::string> known =
      snapshot->ledger ? snapshot->ledger->electorate : std::set<std::string>();
  const std::string suggestion = DidYouMean(id, {known.begin(), known.end()});
  if (!known.contains(id) && !suggestion.empty()) {
    return Complain(
        Error{ErrorCode::kNotFound,
              "no checker \"" + id + "\" in the electorate of \"" + name + "\"" + suggestion});
  }
  // No question about an order that will be refused: the checker is unknown, or still there.
  const Electorate then = FindElectorate(*snapshot, id);
  if (known.contains(id) && !then.ids.contains(id)) {
    const auto confirmed = Confirm(ForgetQuestion(*snapshot, id, then), name, options.yes);
    if (!confirmed) return Complain(confirmed.error());
  }
  const auto ordered = Give(**connection, name, [&](ClusterAdmin& admin, auto done) {
    admin.Forget(name, id, Who(), std::move(done));
  });
  if (!ordered) return Complain(ordered.error());
  OrderedJson json = OrderJson(name, "forgot");
  json["id"] = id;
  json["quorum"] = then.quorum;
  json["electorate_size"] = then.size;
  return Emit(globals.output, json, [&](const Terminal&) {
    return "forgot " + Printable(id) + " of " + Printable(name) + "; the quorum is " +
           QuorumText(then) + "\n";
  });
}

// The result of ending a freeze.
enum class Thaw {
  kDecided,    // the deaths held back have passed, or the shards are alive again
  kFrozen,     // it began again
  kHeld,       // nothing is decided at all
  kUndecided,  // no leader has decided since
};

Thaw ThawOf(const Assessment& assessment) {
  const auto flips = ChangesOf<Flip>(assessment.next.changes);
  const bool dying = std::any_of(flips.begin(), flips.end(),
                                 [](const Flip& flip) { return flip.to == ShardStatus::kDead; });
  if (assessment.freeze.frozen && !assessment.freeze.accept) return Thaw::kFrozen;
  if (assessment.hold != Hold::kNone) return Thaw::kHeld;
  const bool freezes = CountOf<FreezeBegan>(assessment.next.changes) > 0;
  return assessment.freeze.accept || freezes || dying ? Thaw::kUndecided : Thaw::kDecided;
}

// Reads again when ledger or head change, until a leader has decided or kNextRead has passed.
Result<Snapshot> AwaitThaw(Connection& connection, const Globals& globals,
                           const std::string& name) {
  const ClusterPaths paths(globals.root, name);
  bool changed = false;
  const auto note = [&changed](const std::optional<zk::Node>&) { changed = true; };
  const zk::NodeWatcher ledger(connection.loop(), connection.client(), paths.ledger(), note);
  const zk::NodeWatcher head(connection.loop(), connection.client(), paths.head(), note);
  const TimePoint limit = connection.loop().Now() + std::min(kNextRead, globals.timeout);
  for (;;) {
    changed = false;
    auto snapshot = TakeSnapshot(connection, name);
    const Duration left = limit - connection.loop().Now();
    if (!snapshot || left <= Duration::zero() || ThawOf(Assess(*snapshot)) != Thaw::kUndecided) {
      return snapshot;
    }
    (void)connection.loop().RunUntil([&] { return changed; }, left);
  }
}

OrderedJson NumbersJson(const Snapshot& snapshot, const Assessment& assessment) {
  OrderedJson json;
  json["frozen"] = assessment.freeze.frozen;
  json["shards"] = snapshot.spec.spec.shards.size();
  json["dead"] = assessment.dead;
  json["would_be_dead"] = assessment.next.would_be_dead;
  return json;
}

std::string ThawText(const std::string& name, Thaw thaw, const Snapshot& after,
                     const Assessment& assessment) {
  const std::string shards = Counted(after.spec.spec.shards.size(), "shard");
  switch (thaw) {
    case Thaw::kDecided:
      return "unfroze " + Printable(name) + ": " + std::to_string(assessment.dead) + " of " +
             shards + " are dead\n";
    case Thaw::kHeld:
      return "unfroze " + Printable(name) + "; the leader decides when nothing holds it back: " +
             std::string(HoldExplanation(assessment.hold)) + "\n";
    case Thaw::kUndecided:
      return "unfroze " + Printable(name) + "; no leader has decided since\n";
    case Thaw::kFrozen:
      break;
  }
  return "";
}

int RunUnfreeze(const Globals& globals, const UnfreezeOptions& options) {
  const std::string& name = options.cluster;
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto before = TakeSnapshot(**connection, name);
  if (!before) return Complain(before.error());
  const Assessment was = Assess(*before);
  if (was.freeze.frozen && globals.output == OutputForm::kTable) {
    const bool printed = Print(FreezeSentence(*before, was) + "; " + std::to_string(was.dead) +
                               (was.dead == 1 ? " is" : " are") + " by now\n");
    if (!printed) return kRefused;
  }
  const auto ordered = Give(**connection, name, [&](ClusterAdmin& admin, auto done) {
    admin.Unfreeze(name, options.accept, Who(), std::move(done));
  });
  if (!ordered) return Complain(ordered.error());
  const auto after = AwaitThaw(**connection, globals, name);
  if (!after) return Complain(after.error().Within("unfroze \"" + name + "\", then"));
  const Assessment is = Assess(*after);
  const Thaw thaw = ThawOf(is);
  OrderedJson json = OrderJson(name, "unfroze");
  json["accept"] = options.accept;
  json["before"] = NumbersJson(*before, was);
  json["after"] = NumbersJson(*after, is);
  const int printed =
      Emit(globals.output, json, [&](const Terminal&) { return ThawText(name, thaw, *after, is); });
  if (printed != kDone || thaw != Thaw::kFrozen) return printed;
  return Complain(Error{ErrorCode::kConflict,
                        "\"" + name + "\" froze again: " + FreezeSentence(*after, is) +
                            "; `zkctl unfreeze " + name + " --accept` lets the deaths pass"});
}

}  // namespace

Verb PauseVerb() {
  return MakeVerb<PauseOptions>({
      .name = "pause",
      .summary = "let no status flip; checkers go on probing and voting",
      .help = "  zkctl pause NAME --reason \"switch in rack 7 replaced\" [--for 30m]\n"
              "With --for it ends by itself, without it `zkctl resume` ends it. A pause replaces "
              "another.\n",
      .declare =
          [](OptionSet& set, PauseOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            DeclareTimedOrder(set, into.order);
          },
      .check = [](const Globals&,
                  const PauseOptions& options) { return CheckTimedOrder("pause", options.order); },
      .run = RunPause,
  });
}

Verb ResumeVerb() {
  return MakeVerb<ClusterOperand>({
      .name = "resume",
      .summary = "end a pause: what has died meanwhile flips at once",
      .declare = DeclareCluster,
      .run = RunResume,
  });
}

Verb CheckersForgetVerb() {
  return MakeVerb<ForgetOptions>({
      .name = "checkers forget",
      .summary = "remove a retired checker from the electorate",
      .help =
          "Every checker ever seen may vote and counts for the quorum, until it is forgotten. A "
          "checker\n"
          "that is registered must be stopped first: it would be learned again at once.\n"
          "Asks first; --yes does not ask, and is needed without a terminal.\n",
      .declare =
          [](OptionSet& set, ForgetOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.TakeOperand("ID", into.id);
            DeclareYes(set, into.yes);
          },
      .run = RunForget,
  });
}

Verb UnfreezeVerb() {
  return MakeVerb<UnfreezeOptions>({
      .name = "unfreeze",
      .summary = "end a freeze",
      .help = "  zkctl unfreeze NAME [--accept]\n"
              "Without --accept the freeze begins again, and the exit code is 1, when still more "
              "shards\n"
              "would be dead than max_dead_fraction allows. With --accept the deaths pass.\n",
      .declare =
          [](OptionSet& set, UnfreezeOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.Flag({"accept", "", "let the deaths pass"}, into.accept);
          },
      .run = RunUnfreeze,
  });
}

}  // namespace zkcluster::zkctl
