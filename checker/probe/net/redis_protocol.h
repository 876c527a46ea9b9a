// Protocol of RedisPing: AUTH where there is a password, then PING, and what the replies to both
// say about the server. Pure, but for the parser of hiredis in an exchange.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "checker/probe/net/protocol.h"
#include "checker/probe/net/redis_reply.h"

namespace zkcluster {

[[nodiscard]] std::unique_ptr<const Protocol> NewRedisProtocol(const RedisPing& ping);

// Its parts.

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
