// One connection to a Redis server, lent to one borrower after the other. Nothing that a borrower
// did to it may reach the next one. Adapter of hiredis' blocking contexts. One thread at a time:
// the pool's or the borrower's.
//
// We cannot see what a borrower sends, because hiredis writes it by itself; we see what it reads.
// Every change of a connection's state (SELECT, MULTI, WATCH, AUTH, CLIENT SETNAME, MONITOR ...) is
// answered by a status such as +OK, subscriptions by an array that says so. So:
//
//   replies read meanwhile                        when given back
//   values, numbers, errors, PONG                 kept as it is: no byte is sent
//   a status (SET answers +OK, too), or none      reset: RESET and AUTH; before Redis 6.2 by parts
//   of a subscription, or of HELLO                closed
//   an unread or half read one, bytes unsent      closed
//
// The reset is sent when the connection is given back, and its replies are read when it is next
// lent, when they have usually arrived.
#pragma once

#include <zkcluster/cluster.h>
#include <atomic>
#include <memory>
#include <string>

#include "text/address.h"

namespace zkcluster {

class RedisConnection {
 public:
  // Connects within `limit`, and authenticates if the options say so. `addr` is what errors call
  // it. REQUIRES: `to.host` is an IP literal: hiredis would wait for a name without any limit.
  // Errors: kUnavailable, kDenied.
  [[nodiscard]] static Result<std::unique_ptr<RedisConnection>> Open(const Address& to,
                                                                     const std::string& addr,
                                                                     Duration limit,
                                                                     const PoolOptions& options);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  [[nodiscard]] redisContext* context() const { return context_.get(); }
  // The IP literal that it is connected to.
  [[nodiscard]] const std::string& peer() const { return peer_; }

  // A borrower has given it back. False: nobody else can use it, close it. `knows_reset`: whether
  // the server is thought to know RESET.
  [[nodiscard]] bool TakeBack(const PoolOptions& options, const std::atomic<bool>& knows_reset);

  enum class Check {
    kGood,
    kBad,     // close it
    kSilent,  // close it: the server does not answer
  };
  // Prepares it for the next borrower: everything is as after Open, its time limits too. Waits for
  // the replies to a reset, at most for command_timeout, and not at all unless `may_wait`. Learns
  // whether the server knows RESET.
  [[nodiscard]] Check Prepare(const PoolOptions& options, std::atomic<bool>& knows_reset,
                              bool may_wait);

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };
  // What the replies since the last Prepare have shown.
  struct Traces {
    bool read = false;     // there were any
    bool changed = false;  // the connection's state may have changed
    bool listens = false;  // it takes part in a subscription, or speaks another protocol
  };
  // hiredis' functions that make replies, each wrapped so that we see what it makes.
  struct Watching;
  enum class Pending { kNone, kReset, kParts };

  RedisConnection(std::unique_ptr<redisContext, FreeContext> context, std::string peer);
  [[nodiscard]] Result<void> Authenticate(const std::string& addr, const PoolOptions& options);
  [[nodiscard]] bool IsSettled() const;
  [[nodiscard]] bool IsQuiet() const;
  [[nodiscard]] Check ReadReset(const PoolOptions& options, std::atomic<bool>& knows_reset);

  std::unique_ptr<redisContext, FreeContext> context_;
  const std::string peer_;
  const int flags_;  // of hiredis, as after connecting
  Traces traces_;
  Pending pending_ = Pending::kNone;
};

}  // namespace zkcluster
