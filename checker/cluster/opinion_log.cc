#include "checker/cluster/opinion_log.h"

#include <utility>

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

OpinionLog::OpinionLog(const ClusterScope& scope)
    : loop_(scope.loop),
      logger_(scope.logger),
      cluster_(scope.paths.name()),
      storm_end_(scope.loop.NewTimer([this] { LogStorm(); })) {}

void OpinionLog::NoteAlarm(const Server& server, ProbeAlarm alarm) {
  const bool raised = alarm != ProbeAlarm::kNone;
  const LogLevel level = Braked(raised ? LogLevel::kWarn : LogLevel::kInfo);
  if (level == LogLevel::kDebug) ++withheld_alarms_;
  logger_.Log(level, raised ? "probe.alarm" : "probe.alarm_over",
              {{"cluster", cluster_},
               {"shard", server.shard},
               {"addr", server.addr},
               {"alarm", AlarmName(alarm)}});
}

void OpinionLog::NoteOpinion(const Server& server, const Vote& from, const Vote& to) {
  // A first probe that finds a server alive is expected, and not worth ten thousand log lines.
  const bool expected = from.opinion == Opinion::kNotProbed && to.opinion == Opinion::kAlive;
  const LogLevel level = expected ? LogLevel::kDebug : Braked(LogLevel::kInfo);
  if (level == LogLevel::kDebug && !expected) ++withheld_opinions_[to.opinion];
  logger_.Log(level, OpinionEvent(to.opinion),
              {{"cluster", cluster_},
               {"shard", server.shard},
               {"addr", server.addr},
               {"reason", ReasonName(to.reason)}});
}

// In a storm only the first lines are logged at their usual level. The others go to the debug
// level, and the usual log gets their sum.
LogLevel OpinionLog::Braked(LogLevel level) {
  if (brake_.Admit(loop_.Now())) return level;
  if (!storm_end_->armed()) storm_end_->Arm(brake_.Left(loop_.Now()));
  return LogLevel::kDebug;
}

void OpinionLog::LogStorm() {
  const OpinionCounts withheld = std::exchange(withheld_opinions_, {});
  logger_.Warn("storm", {{"cluster", cluster_},
                         {"alive", withheld[Opinion::kAlive]},
                         {"dead", withheld[Opinion::kDead]},
                         {"unknown", withheld[Opinion::kUnknown]},
                         {"withdrawn", withheld[Opinion::kNotProbed]},
                         {"alarms", std::exchange(withheld_alarms_, 0)},
                         {"logged", StormBrake::kLines}});
}

}  // namespace zkcluster
