// What a Participant tells of itself: its log lines on shards, its events, its details. Nothing
// here decides anything.
#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "checker/cluster/participant.h"
#include "codec/codec.h"

namespace zkcluster {

namespace {

std::string_view AlarmName(ProbeAlarm alarm) {
  switch (alarm) {
    case ProbeAlarm::kNone:
      return "none";
    case ProbeAlarm::kNoAuth:
      return "noauth";
    case ProbeAlarm::kWrongPass:
      return "wrongpass";
    case ProbeAlarm::kNoPerm:
      return "noperm";
    case ProbeAlarm::kDenied:
      return "denied";
    case ProbeAlarm::kUnknownCommand:
      return "ping_unknown";
    case ProbeAlarm::kUnresolved:
      return "unresolved";
    case ProbeAlarm::kLocalLimit:
      return "local_limit";
    case ProbeAlarm::kTlsRefused:
      return "tls_refused";
    case ProbeAlarm::kTlsUntrusted:
      return "tls_untrusted";
    case ProbeAlarm::kTlsWrongName:
      return "tls_wrong_name";
  }
  return "none";
}

std::string_view OpinionEvent(Opinion opinion) {
  switch (opinion) {
    case Opinion::kAlive:
      return "opinion.alive";
    case Opinion::kDead:
      return "opinion.dead";
    case Opinion::kUnknown:
      return "opinion.unknown";
    case Opinion::kNotProbed:
      return "opinion.withdrawn";
  }
  return "opinion.withdrawn";
}

}  // namespace

void Participant::LogAlarm(const Server& server, ProbeAlarm alarm) {
  const bool raised = alarm != ProbeAlarm::kNone;
  const LogLevel level = Braked(raised ? LogLevel::kWarn : LogLevel::kInfo);
  if (level == LogLevel::kDebug) ++withheld_alarms_;
  logger_.Log(level, raised ? "probe.alarm" : "probe.alarm_over",
              {{"cluster", paths_.name()},
               {"shard", server.shard.name},
               {"addr", server.shard.addr},
               {"alarm", AlarmName(alarm)}});
}

void Participant::LogOpinion(const Server& server, const Vote& vote) {
  // That a server is alive at the first look is what everybody expects:
  // not worth ten thousand lines.
  const bool expected =
      server.vote.opinion == Opinion::kNotProbed && vote.opinion == Opinion::kAlive;
  const LogLevel level = expected ? LogLevel::kDebug : Braked(LogLevel::kInfo);
  if (level == LogLevel::kDebug && !expected) {
    ++withheld_opinions_[static_cast<std::size_t>(vote.opinion)];
  }
  logger_.Log(level, OpinionEvent(vote.opinion),
              {{"cluster", paths_.name()},
               {"shard", server.shard.name},
               {"addr", server.shard.addr},
               {"reason", ReasonName(vote.reason)}});
}

// In a storm all lines but the first go to whoever debugs; everybody else is told a sum.
LogLevel Participant::Braked(LogLevel level) {
  if (brake_.Admit(loop_.Now())) return level;
  if (!storm_end_->armed()) storm_end_->Arm(brake_.Left(loop_.Now()));
  return LogLevel::kDebug;
}

void Participant::LogStorm() {
  const auto withheld = std::exchange(withheld_opinions_, {});
  const auto of = [&](Opinion opinion) { return withheld[static_cast<std::size_t>(opinion)]; };
  logger_.Warn("storm", {{"cluster", paths_.name()},
                         {"alive", of(Opinion::kAlive)},
                         {"dead", of(Opinion::kDead)},
                         {"unknown", of(Opinion::kUnknown)},
                         {"withdrawn", of(Opinion::kNotProbed)},
                         {"alarms", std::exchange(withheld_alarms_, 0)},
                         {"logged", StormBrake::kLines}});
}

// Written once in each epoch: to know who leads costs one read a take-over.
void Participant::FollowLeader() {
  leader_watch_ = std::make_unique<zk::NodeWatcher>(loop_, client_, paths_.leader(),
                                                    [this](const std::optional<zk::Node>& node) {
                                                      last_leader_.reset();
                                                      if (!node) return;
                                                      if (auto record = DecodeLeader(node->data))
                                                        last_leader_ = *std::move(record);
                                                    });
}

void Participant::OnCommitted(const std::vector<Change>& changes,
                              const std::vector<Event>& events) {
  const Overloaded count{
      [&](const Flip& flip) {
        flips_to_dead_ += flip.to == ShardStatus::kDead ? 1 : 0;
        flips_to_alive_ += flip.to == ShardStatus::kAlive ? 1 : 0;
      },
      [](const PauseOver&) {},
      [](const MaintenanceOver&) {},
      [](const FreezeBegan&) {},
      [](const FreezeEnded&) {},
  };
  for (const Change& change : changes) std::visit(count, change);
  if (!on_event_) return;
  for (const Event& event : events) on_event_(paths_.name(), event);
}

void Participant::TellTakeOver(const LeaderRecord& record) {
  if (!on_event_) return;
  Event event;
  event.what = Event::Leader{};
  event.at = record.since;
  event.leader = record.id;
  event.epoch = record.epoch;
  on_event_(paths_.name(), event);
}

ClusterDetails Participant::details() const {
  const Summary now = summary();
  ClusterDetails details;
  details.group = group_;
  details.spec_version = spec_ ? spec_->spec.version : 0;
  details.registered = registered_;
  details.leading = now.leading;
  details.frozen = now.frozen;
  details.paused = now.paused;
  details.maintained = leader_ ? leader_->maintained() : 0;
  details.opinions = now.opinions;
  for (const Server& server : servers_) {
    if (details.dead.size() == kMaxShardsListed) break;
    if (server.vote.opinion != Opinion::kDead) continue;
    details.dead.push_back({server.shard.name, server.shard.addr, server.vote.reason, Micros(0)});
  }
  details.ballot_published = voter_.published();
  details.ballot_age = voter_.age();
  if (last_leader_) {
    details.leader = last_leader_->id;
    details.epoch = last_leader_->epoch;
  }
  details.flips_to_dead = flips_to_dead_;
  details.flips_to_alive = flips_to_alive_;
  if (leader_) details.led = leader_->details();
  return details;
}

}  // namespace zkcluster
