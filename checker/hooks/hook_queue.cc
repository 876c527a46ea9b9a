#include "checker/hooks/hook_queue.h"

#include <utility>

#include "base/overloaded.h"
#include "codec/json_writer.h"
#include "model/reason.h"

namespace zkcluster {

namespace {

bool IsForHooks(const Event& event) {
  return std::visit(Overloaded{
                        [](const Event::Flips&) { return true; },
                        [](const Event::Leader&) { return true; },
                        [](const Event::Spec&) { return false; },
                        [](const Event::Electorate&) { return false; },
                        [](const Event::Forget&) { return false; },
                        [](const Event::Freeze&) { return true; },
                        [](const Event::Unfreeze&) { return true; },
                        [](const Event::Pause&) { return false; },
                        [](const Event::Resume&) { return false; },
                        [](const Event::Maintenance&) { return false; },
                        [](const Event::MaintenanceOver&) { return false; },
                        [](const Event::KeysLost&) { return false; },
                        [](const Event::Redate&) { return false; },
                        [](const Event::Checker&) { return false; },
                        [](const Event::Quorum&) { return false; },
                        [](const Event::Update&) { return false; },
                        [](const Event::Unknown&) { return false; },
                    },
                    event.what);
}

void WriteFlip(JsonWriter& json, const Event::Flip& flip) {
  json.Open('{').Key("shard").Text(flip.shard).Key("addr").Text(flip.addr);
  json.Key("from").Text(ShardStatusName(flip.from)).Key("to").Text(ShardStatusName(flip.to));
  json.Key("reason");
  if (flip.reason == Reason::kNone) {
    json.Null();
  } else {
    json.Text(ReasonName(flip.reason));
  }
  json.Key("votes").Open('{');
  json.Key("alive").Number(flip.counts.alive).Key("dead").Number(flip.counts.dead);
  json.Key("unknown").Number(flip.counts.unknown).Close('}').Close('}');
}

std::string Describe(const HookEnd& end) {
  if (end.signal != 0) return "ended by signal " + std::to_string(end.signal);
  return "exit status " + std::to_string(end.code);
}

}  // namespace

std::string FormatHookEvent(const std::string& checker, const std::string& cluster,
                            const Event& event) {
  JsonWriter json;
  json.Open('{').Key("checker").Text(checker).Key("cluster").Text(cluster);
  json.Key("kind").Text(EventKindName(event)).Key("at").Number(event.at.count());
  json.Key("leader").Text(event.leader).Key("epoch").Number(event.epoch);
  json.Key("quorum").Number(event.quorum).Key("version").Number(event.spec_version);
  int dead = 0;
  if (const auto* const flips = event.As<Event::Flips>()) {
    json.Key("flips").Open('[');
    for (const Event::Flip& flip : flips->flips) WriteFlip(json, flip);
    json.Close(']').Key("more_flips").Number(flips->more);
  } else if (const auto* const freeze = event.As<Event::Freeze>()) {
    dead = freeze->dead;
  } else if (const auto* const unfreeze = event.As<Event::Unfreeze>()) {
    dead = unfreeze->dead;
  }
  if (dead != 0) json.Key("dead").Number(dead);
  json.Close('}');
  return json.Take() + "\n";
}

HookQueue::HookQueue(Loop& loop, Logger& logger, std::string checker, Start start)
    : logger_(logger),
      checker_(std::move(checker)),
      start_(std::move(start)),
      limit_(loop.NewTimer([this] {
        killed_ = true;
        running_->Kill();
      })),
      next_(loop.NewTimer([this] { RunNext(); })) {}

void HookQueue::Add(const std::string& cluster, const Event& event) {
  if (!IsForHooks(event)) return;
  if (waiting_.size() >= kMaxWaiting) {
    ++counters_.dropped;
    if (++dropped_in_a_row_ == 1) {
      logger_.Warn("hook.dropping", {{"cluster", cluster}, {"waiting", waiting_.size()}});
    }
    return;
  }
  waiting_.push_back(
      {cluster, std::string(EventKindName(event)), FormatHookEvent(checker_, cluster, event)});
  // Never in the turn in which the leader committed.
  if (!running_ && !next_->armed()) next_->Arm(Duration::zero());
}

void HookQueue::RunNext() {
  if (running_) return;
  if (waiting_.empty()) {
    if (dropped_in_a_row_ > 0) {
      logger_.Warn("hook.dropped", {{"events", std::exchange(dropped_in_a_row_, 0)}});
    }
    return;
  }
  current_ = std::move(waiting_.front());
  waiting_.pop_front();
  killed_ = false;
  run_.Reset();
  auto started = start_(current_, run_.Guard([this](const HookEnd& end) { OnEnd(end); }));
  if (!started) {
    Failed(current_, started.error().message, "");
    next_->Arm(Duration::zero());
    return;
  }
  running_ = *std::move(started);
  limit_->Arm(kLimit);
}

void HookQueue::OnEnd(const HookEnd& end) {
  limit_->Cancel();
  if (killed_) {
    Failed(current_,
           "killed: it ran for " + std::to_string(kLimit / std::chrono::seconds(1)) + " s",
           end.said);
  } else if (end.code != 0) {
    Failed(current_, Describe(end), end.said);
  } else {
    ++counters_.succeeded;
    logger_.Debug("hook.done", {{"cluster", current_.cluster}, {"kind", current_.kind}});
  }
  running_ = nullptr;
  next_->Arm(Duration::zero());
}

void HookQueue::Failed(const HookRun& run, const std::string& how, const std::string& said) {
  ++counters_.failed;
  logger_.Warn("hook.failed",
               {{"cluster", run.cluster}, {"kind", run.kind}, {"error", how}, {"stderr", said}});
}

}  // namespace zkcluster
