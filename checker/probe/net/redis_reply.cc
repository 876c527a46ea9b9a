#include "checker/probe/net/redis_reply.h"

#include <hiredis/read.h>

#include <algorithm>
#include <array>

namespace zkcluster {
namespace {

constexpr std::size_t kMaxText = 256;

// The reader wants an object per value. Only the top one's type and text matter, and they are kept
// beside it: no allocation follows from what a server claims ("*1000000000").
char g_sentinel;

void* KeepText(const redisReadTask* task, char* text, std::size_t size) {
  if (task->parent == nullptr) {
    auto* reply = static_cast<RedisReply*>(task->privdata);
    reply->type = task->type == REDIS_REPLY_STATUS  ? RedisReply::Type::kStatus
                  : task->type == REDIS_REPLY_ERROR ? RedisReply::Type::kError
                                                    : RedisReply::Type::kOther;
    reply->text.assign(text, std::min(size, kMaxText));
  }
  return &g_sentinel;
}
void* KeepOther(const redisReadTask* task) {
  if (task->parent == nullptr) *static_cast<RedisReply*>(task->privdata) = RedisReply{};
  return &g_sentinel;
}
void* KeepArray(const redisReadTask* task, int) {
  return KeepOther(task);
}
void* KeepInteger(const redisReadTask* task, long long) {
  return KeepOther(task);
}

redisReplyObjectFunctions g_functions = {
    .createString = KeepText,
    .createArray = KeepArray,
    .createInteger = KeepInteger,
    .createNil = KeepOther,
    .freeObject = [](void*) {},
};

struct ErrorMeaning {
  std::string_view prefix;
  ProbeVerdict verdict;
  Reason reason;
  ProbeAlarm alarm;
};

// In this order; the first that fits.
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

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&g_functions)) {
  // Out of memory leaves none; the stream then counts as broken, and the next probe tries again.
  broken_ = reader_ == nullptr;
  if (reader_) reader_->privdata = &current_;
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::Feed(std::string_view bytes) {
  if (broken_) return;
  pending_bytes_ += bytes.size();
  if (pending_bytes_ > kMaxBytes ||
      redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    broken_ = true;
  }
}

std::optional<RedisReply> ReplyReader::Next() {
  if (broken_ || pending_bytes_ == 0) return std::nullopt;
  void* object = nullptr;
  if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) {
    broken_ = true;
    return std::nullopt;
  }
  if (object == nullptr) return std::nullopt;
  // What the reader consumed it may drop from its buffer at any time:
  // the rest is what is left after `pos`.
  pending_bytes_ = reader_->len - reader_->pos;
  return current_;
}

ProbeResult JudgeReplies(const std::optional<RedisReply>& auth, const RedisReply& ping) {
  ProbeResult result = JudgePing(ping);
  const bool refused = auth && !Is(*auth, RedisReply::Type::kStatus, "OK");
  if (!refused || result.verdict != ProbeVerdict::kAlive) return result;
  // The server lives, and our credentials are not right: wrong ones, or a server that has none.
  // Both are a person's to mend. A missing right or a renamed PING says more than that and keeps
  // its own name.
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
