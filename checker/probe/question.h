// What a probe asks: one alternative for each kind of probe, holding what that kind alone has to
// know. The checker's file fills it in, the pool and its workers pass it on unread, and a prober's
// protocol of the same name (checker/probe/net/) turns it into bytes. Pure.
#pragma once

#include <string>
#include <variant>

namespace zkcluster {

// What AUTH is sent with. Empty password: no AUTH.
struct RedisCredentials {
  std::string user;  // empty: AUTH with the password alone
  std::string password;
  bool operator==(const RedisCredentials&) const = default;
};

// PING, after AUTH on each new connection.
struct RedisPing {
  RedisCredentials credentials;
  bool operator==(const RedisPing&) const = default;
};

// Nothing: a server that accepts a connection (within TLS: that ends the handshake) is alive.
struct TcpConnect {
  bool operator==(const TcpConnect&) const = default;
};

using ProbeQuestion = std::variant<RedisPing, TcpConnect>;

}  // namespace zkcluster
