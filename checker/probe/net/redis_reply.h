// What a Redis server's replies to AUTH and PING say about it, and the reader that takes them out
// of a byte stream without storing more than the start of one line, however large or deep a hostile
// reply is. Pure, but for hiredis' parser inside ReplyReader.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "checker/probe/prober.h"

struct redisReader;

namespace zkcluster {

struct RedisReply {
  enum class Type : unsigned char { kStatus, kError, kOther };
  Type type = Type::kOther;
  std::string text;  // of a status or an error, at most 256 bytes
  bool operator==(const RedisReply&) const = default;
};

// One connection's stream of replies.
class ReplyReader {
 public:
  // No reply to AUTH or PING comes near it; a server that sends more without finishing
  // one is no Redis.
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;

  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void Feed(std::string_view bytes);
  // The next complete reply, if there is one.
  [[nodiscard]] std::optional<RedisReply> Next();
  // The bytes are no RESP, or too many: the stream is of no more use.
  [[nodiscard]] bool broken() const { return broken_; }
  // No byte waits for the rest of its reply.
  [[nodiscard]] bool empty() const { return pending_bytes_ == 0; }

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  RedisReply current_;
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t pending_bytes_ = 0;
  bool broken_ = false;
};

// The judgement on a server that answered `ping` to PING, and before that `auth` to AUTH (nothing:
// it was not sent). `latency` is left 0.
[[nodiscard]] ProbeResult JudgeReplies(const std::optional<RedisReply>& auth,
                                       const RedisReply& ping);

// An error that a server sends to whatever comes first and then closes (too many clients, protected
// mode): no reply to PING will follow it.
[[nodiscard]] bool IsFarewell(const RedisReply& reply);

// What to send, as RESP.
[[nodiscard]] std::string EncodeAuth(const RedisCredentials& credentials);  // empty: no AUTH
inline constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
// What nearly every answer to it is: worth a comparison before a parser.
inline constexpr std::string_view kPongReply = "+PONG\r\n";

}  // namespace zkcluster
