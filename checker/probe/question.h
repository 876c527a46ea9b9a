// The question of a probe: one alternative for each kind of probe, with the settings of that kind.
// The checker's file fills it in, the pool and its workers pass it on unread, and the protocol of
// the same name (checker/probe/net/) turns it into bytes. Pure.
#pragma once

#include <string>
#include <variant>

namespace zkcluster {

// The arguments of AUTH. Empty password: no AUTH.
struct RedisCredentials {
  std::string user;  // empty: AUTH with only the password
  std::string password;
  bool operator==(const RedisCredentials&) const = default;
};

// PING, after AUTH on each new connection.
struct RedisPing {
  RedisCredentials credentials;
  bool operator==(const RedisPing&) const = default;
};

// No question: a server that accepts a connection (with TLS: completes the handshake) is alive.
struct TcpConnect {
  bool operator==(const TcpConnect&) const = default;
};

using ProbeQuestion = std::variant<RedisPing, TcpConnect>;

}  // namespace zkcluster
