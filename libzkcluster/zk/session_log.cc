#include "zk/session_log.h"

#include <fmt/format.h>

#include "base/join.h"

namespace zkcluster::zk {
namespace {

using std::chrono::milliseconds;

}  // namespace

SessionLog::SessionLog(Logger& logger, const std::vector<std::string>& servers)
    : logger_(logger), servers_(Join(servers, ",")) {}

void SessionLog::Log(SessionState state, const Facts& facts) {
  const std::string session = fmt::format("{:#x}", static_cast<std::uint64_t>(facts.session_id));
  const auto silent_ms = std::chrono::duration_cast<milliseconds>(facts.silent).count();
  switch (state) {
    case SessionState::kConnecting:
      logger_.Info("zk.connecting", {{"servers", servers_}, {"generation", facts.generation}});
      return;
    case SessionState::kConnected:
      logger_.Info("zk.connected",
                   {{"server", facts.server},
                    {"session", session},
                    {"generation", facts.generation},
                    {"timeout_ms", std::chrono::ceil<milliseconds>(facts.timeout).count()}});
      return;
    case SessionState::kSuspended:
      logger_.Warn("zk.suspended",
                   {{"session", session}, {"reason", facts.reason}, {"silent_ms", silent_ms}});
      return;
    case SessionState::kLost:
      logger_.Warn("zk.lost",
                   {{"session", session}, {"reason", facts.reason}, {"silent_ms", silent_ms}});
      return;
  }
}

}  // namespace zkcluster::zk
