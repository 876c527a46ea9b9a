#include "tools/zkctl/dev/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/join.h"
#include "base/overloaded.h"
#include "zk/native_client.h"

namespace zkcluster::zkctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How soon a signal is noticed, and a line printed.
constexpr Duration kPulse = milliseconds(10);
constexpr Duration kSessionLimit = seconds(10);

std::string Because(Reason reason) {
  return reason == Reason::kNone ? std::string() : " (" + std::string(ReasonName(reason)) + ")";
}

}  // namespace

Stage::Stage(const DevSandbox& sandbox, Timeline& timeline)
    : timeline_(timeline), start_(std::chrono::steady_clock::now()), logger_(NullLogger()) {
  const std::string zookeeper = sandbox.zookeeper_address();
  client_ = zk::NewNativeClient(loop_, *logger_, {{zookeeper}, seconds(10)});
  if (!Await([this] { return client_->state() == SessionState::kConnected; }, kSessionLimit)) {
    throw std::runtime_error("no session with the sandbox's ZooKeeper within 10 s");
  }
  ClusterOptions options;
  options.zookeeper = zookeeper;
  options.name = kDevCluster;
  auto cluster = Cluster::Open(std::move(options));
  if (!cluster) throw std::runtime_error("open the cluster: " + cluster.error().message);
  cluster_ = std::move(*cluster);
  // Registered first: a table that comes meanwhile is called for, or is the view already.
  subscription_ = cluster_->OnChange([this](const ClusterView& view) {
    loop_.Post([this, view, at = std::chrono::steady_clock::now()] { OnTable(at, view); });
  });
  OnTable(std::chrono::steady_clock::now(), cluster_->view());
  Observer::Hooks hooks;
  hooks.on_vote = [this](const std::string& checker, const std::string& shard, Vote vote,
                         Micros stamped) { OnVote(checker, shard, vote, stamped); };
  hooks.on_checker = [this](const std::string& checker, bool here) { OnChecker(checker, here); };
  hooks.on_event = [this](const Event& event, Micros stamped) { OnEvent(event, stamped); };
  observer_ = std::make_unique<Observer>(
      loop_, *client_, ClusterPaths("/goreclusters", kDevCluster), std::move(hooks));
}

Stage::~Stage() = default;

bool Stage::Await(const std::function<bool()>& done, Duration limit) {
  const auto over = [&] { return InterruptSeen() || !timeline_.readable(); };
  const auto pulse = loop_.NewTimer([] {});
  bool reached = false;
  static_cast<void>(loop_.RunUntil(
      [&] {
        timeline_.PrintSettled();
        if (!pulse->armed()) pulse->Arm(kPulse);
        reached = done();
        return reached || over();
      },
      limit));
  if (over()) throw Interrupted();
  return reached;
}

void Stage::OnVote(const std::string& checker, const std::string& shard, Vote vote,
                   Micros stamped) {
  const TimePoint at = OnOurClock(stamped, start_);
  const auto last = std::find_if(votes_.rbegin(), votes_.rend(), [&](const SeenVote& seen) {
    return seen.checker == checker && seen.shard == shard;
  });
  const bool first = last == votes_.rend();
  const bool same_again = !first && last->opinion == vote.opinion;
  votes_.push_back({at, checker, shard, vote.opinion});
  // A shard that is alive from the start is no news, nor is another reason for the same vote.
  if (same_again || (first && vote.opinion == Opinion::kAlive)) return;
  switch (vote.opinion) {
    case Opinion::kAlive:
      return timeline_.Add(at, checker, "votes " + shard + " alive", Color::kGood);
    case Opinion::kDead:
      return timeline_.Add(at, checker, "votes " + shard + " dead" + Because(vote.reason),
                           Color::kBad);
    case Opinion::kUnknown:
      return timeline_.Add(at, checker, "votes " + shard + " unknown" + Because(vote.reason),
                           Color::kDoubtful);
    case Opinion::kNotProbed:
      return;
  }
}

void Stage::OnChecker(const std::string& checker, bool present) {
  timeline_.Now(checker, present ? "its ballot is there" : "its ballot is gone",
                present ? Color::kNone : Color::kDoubtful);
}

void Stage::OnEvent(const Event& event, Micros stamped) {
  const TimePoint at = OnOurClock(stamped, start_ - seconds(60));
  const auto add = [&](std::string_view what, std::string text) {
    timeline_.Add(at, std::string(what), std::move(text));
  };
  std::visit(Overloaded{
                 [&](const Event::Flips& e) { OnFlips(event, e, at); },
                 [&](const Event::Leader& e) {
                   const std::string deposed = Join(e.deposed, " ");
                   add("election", fmt::format("{} leads, epoch {}{}{}", event.leader, event.epoch,
                                               deposed.empty() ? "" : ", deposed ", deposed));
                 },
                 [&](const Event::Spec&) {
                   add("spec", fmt::format("version {} is taken", event.spec_version));
                 },
                 [&](const Event::Electorate& e) {
                   add("election", "may vote from now on: " + Join(e.ids, " "));
                 },
                 [&](const Event::Forget& e) {
                   add("election", "may no longer vote: " + Join(e.ids, " "));
                 },
                 [&](const Event::Freeze& e) {
                   add("freeze",
                       fmt::format("{} shards would be dead: no more flips to dead", e.dead));
                 },
                 [&](const Event::Unfreeze&) { add("freeze", "over"); },
                 [&](const Event::Pause& e) { add("pause", "nothing flips: " + e.note); },
                 [&](const Event::Resume&) { add("pause", "over"); },
                 [&](const Event::Maintenance& e) {
                   add("maintenance", Join(e.shards, " ") + " do not flip: " + e.note);
                 },
                 [&](const Event::MaintenanceOver& e) {
                   add("maintenance", "over for " + Join(e.shards, " "));
                 },
                 [&](const Event::KeysLost& e) { add("spec", "lost " + Join(e.keys, " ")); },
                 [&](const Event::Redate&) { add("order", "statuses are dated again"); },
                 [&](const Event::Checker& e) {
                   add("election", e.id + (e.back ? " is back" : " is gone"));
                 },
                 [&](const Event::Quorum& e) {
                   add("quorum", e.restored ? "there are enough checkers again"
                                            : "too few checkers: nothing can flip");
                 },
                 [&](const Event::Update& e) {
                   add("spec", event.by + " changes it: " + Join(e.changes, ", "));
                 },
                 [&](const Event::Unknown& e) { add("event", e.kind); },
             },
             event.what);
}

void Stage::OnFlips(const Event& event, const Event::Flips& flips, TimePoint at) {
  std::vector<std::string> first_seen_alive;
  for (const Event::Flip& flip : flips.flips) {
    flips_.push_back({at, flip.shard, flip.to});
    if (flip.from == ShardStatus::kUnknown && flip.to == ShardStatus::kAlive) {
      first_seen_alive.push_back(flip.shard);
      continue;
    }
    const int votes = flip.to == ShardStatus::kDead ? flip.counts.dead : flip.counts.alive;
    timeline_.Add(
        at, "status",
        fmt::format("{} {} -> {}{}, by {} with {}, {} needed", flip.shard,
                    ShardStatusName(flip.from), ShardStatusName(flip.to), Because(flip.reason),
                    event.leader, Counted(static_cast<std::size_t>(votes), "vote"), event.quorum),
        ColorOf(flip.to));
  }
  if (first_seen_alive.empty()) return;
  timeline_.Add(at, "status", "alive: " + Join(first_seen_alive, " "), Color::kGood);
}

void Stage::OnTable(TimePoint at, const ClusterView& view) {
  // A table that comes during registration is seen in the view and by the callback.
  if (view.generation <= shown_generation_) return;
  shown_generation_ = view.generation;
  std::vector<std::string> dead;
  std::vector<std::string> undecided;
  for (const ClusterView::Shard& shard : view.shards) {
    if (shard.status == ShardStatus::kDead) dead.push_back(shard.spec.name);
    if (shard.status == ShardStatus::kUnknown) undecided.push_back(shard.spec.name);
  }
  tables_.push_back({at, view.shards});
  std::string text = fmt::format("ring rebuilt, table {}: ", view.generation);
  if (dead.empty() && undecided.empty()) text += "every shard serves";
  if (!dead.empty()) text += Join(dead, " ") + (dead.size() == 1 ? " is out" : " are out");
  if (!undecided.empty()) text += (dead.empty() ? "" : "; ") + Join(undecided, " ") + " undecided";
  timeline_.Add(at, "client", text, dead.empty() ? Color::kNone : Color::kDoubtful);
}

}  // namespace zkcluster::zkctl
