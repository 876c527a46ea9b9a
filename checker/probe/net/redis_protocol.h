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

// The parts of the protocol.

// The result for a server that answered `ping` to PING, and before that `auth` to AUTH (nothing:
// AUTH was not sent). `latency` is 0.
[[nodiscard]] ProbeResult JudgeReplies(const std::optional<RedisReply>& auth,
                                       const RedisReply& ping);

// True for an error that a server sends to the first command before it closes the connection (too
// many clients, protected mode): no reply to PING follows it.
[[nodiscard]] bool IsFarewell(const RedisReply& reply);

// The commands, as RESP.
[[nodiscard]] std::string EncodeAuth(const RedisCredentials& credentials);  // empty: no AUTH
inline constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
// Nearly every reply to PING: compared before a parser is used.
inline constexpr std::string_view kPongReply = "+PONG\r\n";

}  // namespace zkcluster
