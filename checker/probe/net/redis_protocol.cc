#include "checker/probe/net/redis_protocol.h"

#include <array>
#include <utility>

namespace zkcluster {
namespace {

struct ErrorMeaning {
  std::string_view prefix;
  ProbeVerdict verdict;
  Reason reason;
  ProbeAlarm alarm;
};

// The first match in this order wins.
constexpr std::array kMeanings = {
    ErrorMeaning{"NOAUTH", ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kNoAuth},
    // Before Redis 2.8.
    ErrorMeaning{"ERR operation not permitted", ProbeVerdict::kAlive, Reason::kNone,
                 ProbeAlarm::kNoAuth},
    ErrorMeaning{"WRONGPASS", ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kWrongPass},
    ErrorMeaning{"ERR invalid password", ProbeVerdict::kAlive, Reason::kNone,
                 ProbeAlarm::kWrongPass},
    ErrorMeaning{"NOPERM", ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kNoPerm},
    ErrorMeaning{"DENIED", ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kDenied},
    ErrorMeaning{"ERR unknown command", ProbeVerdict::kAlive, Reason::kNone,
                 ProbeAlarm::kUnknownCommand},
    ErrorMeaning{"LOADING", ProbeVerdict::kFailed, Reason::kLoading, ProbeAlarm::kNone},
    ErrorMeaning{"MASTERDOWN", ProbeVerdict::kFailed, Reason::kMasterDown, ProbeAlarm::kNone},
    ErrorMeaning{"BUSY", ProbeVerdict::kFailed, Reason::kBusy, ProbeAlarm::kNone},
    ErrorMeaning{"MISCONF", ProbeVerdict::kFailed, Reason::kMisconf, ProbeAlarm::kNone},
    ErrorMeaning{"ERR max number of clients reached", ProbeVerdict::kFailed, Reason::kMaxClients,
                 ProbeAlarm::kNone},
};

bool Is(const RedisReply& reply, RedisReply::Type type, std::string_view text) {
  return reply.type == type && reply.text == text;
}

ProbeResult JudgePing(const RedisReply& ping) {
  ProbeResult result;
  if (Is(ping, RedisReply::Type::kStatus, "PONG")) {
    result.verdict = ProbeVerdict::kAlive;
    return result;
  }
  result.verdict = ProbeVerdict::kFailed;
  result.reason = ping.type == RedisReply::Type::kError ? Reason::kErrorReply : Reason::kProtocol;
  if (ping.type != RedisReply::Type::kError) return result;
  for (const ErrorMeaning& meaning : kMeanings) {
    // A whole word: "BUSYGROUP" or "BUSYKEY" is not BUSY.
    if (!ping.text.starts_with(meaning.prefix)) continue;
    const auto rest = std::string_view(ping.text).substr(meaning.prefix.size());
    if (!rest.empty() && rest[0] >= 'A' && rest[0] <= 'Z') continue;
    return ProbeResult{meaning.verdict, meaning.reason, meaning.alarm, Duration(0)};
  }
  return result;
}

// Whether the connection may serve the next probe. Not after an alarm: the next probe must send
// AUTH again, so that corrected credentials are noticed.
bool WorthKeeping(const ProbeResult& result) {
  switch (result.reason) {
    case Reason::kNone:
    case Reason::kLoading:
    case Reason::kMasterDown:
    case Reason::kBusy:
    case Reason::kMisconf:
      return result.alarm == ProbeAlarm::kNone;
    default:
      return false;
  }
}

class RedisExchange final : public Exchange {
 public:
  explicit RedisExchange(bool opened) : auth_pending_(opened) {}

  [[nodiscard]] std::optional<Answer> Feed(std::string_view bytes) override {
    reader_.Feed(bytes);
    while (auto reply = reader_.Next()) {
      if (!std::exchange(auth_pending_, false)) {
        const ProbeResult result = JudgeReplies(auth_, *reply);
        return Answer{result, WorthKeeping(result) && reader_.empty()};
      }
      if (IsFarewell(*reply)) return Answer{JudgeReplies(std::nullopt, *reply), false};
      auth_ = std::move(reply);
    }
    if (reader_.broken()) return Answer{ProbeResult::Failed(Reason::kProtocol), false};
    return std::nullopt;
  }

 private:
  bool auth_pending_;
  std::optional<RedisReply> auth_;
  ReplyReader reader_;
};

class RedisProtocol final : public Protocol {
 public:
  explicit RedisProtocol(const RedisPing& ping) : auth_(EncodeAuth(ping.credentials)) {}

  [[nodiscard]] std::string_view opening() const override { return auth_; }
  [[nodiscard]] std::string_view question() const override { return kPing; }
  [[nodiscard]] std::optional<Answer> Recognize(std::string_view bytes) const override {
    if (bytes != kPongReply) return std::nullopt;
    return Answer{ProbeResult::Alive(), true};
  }
  [[nodiscard]] std::unique_ptr<Exchange> NewExchange(bool opened) const override {
    return std::make_unique<RedisExchange>(opened && !auth_.empty());
  }

 private:
  const std::string auth_;
};

}  // namespace

std::unique_ptr<const Protocol> NewRedisProtocol(const RedisPing& ping) {
  return std::make_unique<RedisProtocol>(ping);
}

ProbeResult JudgeReplies(const std::optional<RedisReply>& auth, const RedisReply& ping) {
  ProbeResult result = JudgePing(ping);
  const bool refused = auth && !Is(*auth, RedisReply::Type::kStatus, "OK");
  if (!refused || result.verdict != ProbeVerdict::kAlive) return result;
  // The server is alive, but our credentials do not fit: they are wrong, or the server has none. A
  // person has to correct either. A missing permission or a renamed PING is more specific and keeps
  // its own alarm.
  if (result.alarm == ProbeAlarm::kNone || result.alarm == ProbeAlarm::kNoAuth) {
    result.alarm = ProbeAlarm::kWrongPass;
  }
  return result;
}

bool IsFarewell(const RedisReply& reply) {
  if (reply.type != RedisReply::Type::kError) return false;
  const ProbeResult result = JudgePing(reply);
  return result.reason == Reason::kMaxClients || result.alarm == ProbeAlarm::kDenied;
}

std::string EncodeAuth(const RedisCredentials& credentials) {
  if (credentials.password.empty()) return {};
  const auto bulk = [](std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  };
  if (credentials.user.empty()) return "*2\r\n" + bulk("AUTH") + bulk(credentials.password);
  return "*3\r\n" + bulk("AUTH") + bulk(credentials.user) + bulk(credentials.password);
}

}  // namespace zkcluster
