#include "client/redis_connection.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <string_view>
#include <utility>
#include <vector>

namespace zkcluster {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

timeval ToTimeval(Duration duration) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {static_cast<time_t>(micros / 1'000'000), static_cast<suseconds_t>(micros % 1'000'000)};
}

// hiredis 0.14 writes with write(2), and a peer that has just gone turns that into SIGPIPE, which
// ends a program that does not expect it. While the library itself sends, the signal is blocked on
// this thread and then consumed; the process's own disposition is not touched.
class HoldSigpipe {
 public:
  HoldSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~HoldSigpipe() {
    const timespec at_once{0, 0};
    if (!was_pending_) {
      while (sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  HoldSigpipe(const HoldSigpipe&) = delete;
  HoldSigpipe& operator=(const HoldSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

// The code of an error reply: "WRONGPASS". Never more: a server that does not know a command
// repeats its arguments, and the password of AUTH must not reach a log.
std::string_view ErrorWord(const redisReply& reply) {
  const std::string_view text(reply.str, static_cast<std::size_t>(reply.len));
  const std::string_view word = text.substr(0, text.find(' '));
  const bool is_code =
      !word.empty() && std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
  return is_code ? word : "refused";
}

bool IsStatus(const redisReply& reply, std::string_view text) {
  return reply.type == REDIS_REPLY_STATUS &&
         std::string_view(reply.str, static_cast<std::size_t>(reply.len)) == text;
}

// "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
void AppendCommand(const std::vector<std::string_view>& words, std::string& bytes) {
  bytes += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n";
    bytes += word;
    bytes += "\r\n";
  }
}

void AppendAuth(const PoolOptions& options, std::string& bytes) {
  if (options.password.empty()) return;
  std::vector<std::string_view> words = {"AUTH"};
  if (!options.user.empty()) words.emplace_back(options.user);
  words.emplace_back(options.password);
  AppendCommand(words, bytes);
}

}  // namespace

struct RedisConnection::Watching {
  static Traces* TracesOf(const redisReadTask* task) {
    auto* traces = static_cast<Traces*>(task->privdata);
    traces->read = true;
    return traces;
  }
  static void* MakeString(const redisReadTask* task, char* text, std::size_t length) {
    Traces* const traces = TracesOf(task);
    const std::string_view seen(text, length);
    if (task->type == REDIS_REPLY_STATUS && seen != "PONG") traces->changed = true;
    if (task->parent != nullptr && task->idx == 0) {
      for (const std::string_view word : {"subscribe", "psubscribe", "ssubscribe", "server"}) {
        if (seen == word) traces->listens = true;
      }
    }
    return Plain().createString(task, text, length);
  }
  static void* MakeInteger(const redisReadTask* task, long long value) {
    TracesOf(task);
    return Plain().createInteger(task, value);
  }
  static void* MakeNil(const redisReadTask* task) {
    TracesOf(task);
    return Plain().createNil(task);
  }

  // hiredis' own, as every context has them.
  static redisReplyObjectFunctions& Plain() {
    static redisReplyObjectFunctions plain = [] {
      redisReader* const reader = redisReaderCreate();
      const redisReplyObjectFunctions found = *reader->fn;
      redisReaderFree(reader);
      return found;
    }();
    return plain;
  }
  static redisReplyObjectFunctions* Functions() {
    static redisReplyObjectFunctions watching = [] {
      redisReplyObjectFunctions made = Plain();
      made.createString = &MakeString;
      made.createInteger = &MakeInteger;
      made.createNil = &MakeNil;
      return made;
    }();
    return &watching;
  }
};

void RedisConnection::FreeContext::operator()(redisContext* context) const {
  redisFree(context);
}

RedisConnection::RedisConnection(std::unique_ptr<redisContext, FreeContext> context,
                                 std::string peer)
    : context_(std::move(context)), peer_(std::move(peer)), flags_(context_->flags) {
  context_->reader->fn = Watching::Functions();
  context_->reader->privdata = &traces_;
}

RedisConnection::~RedisConnection() = default;

Result<std::unique_ptr<RedisConnection>> RedisConnection::Open(const Address& to,
                                                               const std::string& addr,
                                                               Duration limit,
                                                               const PoolOptions& options) {
  std::unique_ptr<redisContext, FreeContext> context(
      redisConnectWithTimeout(to.host.c_str(), to.port, ToTimeval(limit)));
  const auto failed = [&](const char* why) {
    return Fail(ErrorCode::kUnavailable, "connect " + addr + ": " + why);
  };
  if (!context || context->reader == nullptr) return failed("out of memory");
  if (context->err != 0) return failed(context->errstr);
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  std::unique_ptr<RedisConnection> connection(new RedisConnection(std::move(context), to.host));
  redisContext& made = *connection->context_;
  if (redisSetTimeout(&made, ToTimeval(options.command_timeout)) != REDIS_OK) {
    return failed(made.errstr);
  }
  if (const auto known = connection->Authenticate(addr, options); !known) {
    return Fail(known.error());
  }
  connection->traces_ = {};
  return connection;
}

Result<void> RedisConnection::Authenticate(const std::string& addr, const PoolOptions& options) {
  if (options.password.empty()) return {};
  const HoldSigpipe hold;
  std::string bytes;
  AppendAuth(options, bytes);
  void* answer = nullptr;
  if (redisAppendFormattedCommand(context_.get(), bytes.data(), bytes.size()) != REDIS_OK ||
      redisGetReply(context_.get(), &answer) != REDIS_OK) {
    return Fail(ErrorCode::kUnavailable, "authenticate with " + addr + ": " + context_->errstr);
  }
  const Reply reply(static_cast<redisReply*>(answer));
  if (reply->type == REDIS_REPLY_ERROR) {
    return Fail(ErrorCode::kDenied,
                "authenticate with " + addr + ": " + std::string(ErrorWord(*reply)));
  }
  return {};
}

// An idle connection has nothing to read: bytes would be a late reply to an earlier borrower, and
// an end of file means that it is closed.
bool RedisConnection::IsQuiet() const {
  char byte;
  return recv(context_->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

// The last reply was read completely (ridx: none begun), nothing is left to send, and it is still
// the context that was lent.
bool RedisConnection::IsSettled() const {
  const redisReader* const reader = context_->reader;
  return context_->err == 0 && context_->flags == flags_ && sdslen(context_->obuf) == 0 &&
         reader != nullptr && reader->fn == Watching::Functions() && reader->privdata == &traces_ &&
         reader->ridx == -1 && reader->pos == reader->len &&
         (fcntl(context_->fd, F_GETFL) & O_NONBLOCK) == 0 && IsQuiet();
}

bool RedisConnection::TakeBack(const PoolOptions& options, const std::atomic<bool>& knows_reset) {
  if (!IsSettled() || traces_.listens) return false;
  const bool needs_reset = traces_.changed || !traces_.read;
  if (options.reset == LeaseReset::kNever) return true;
  if (options.reset == LeaseReset::kWhenNeeded && !needs_reset) return true;
  std::string bytes;
  if (knows_reset.load(std::memory_order_relaxed)) {
    pending_ = Pending::kReset;
    AppendCommand({"RESET"}, bytes);
  } else {
    // In a MULTI or a subscription each gets an error or another reply: then it is closed.
    pending_ = Pending::kParts;
    AppendCommand({"UNWATCH"}, bytes);
    AppendCommand({"SELECT", "0"}, bytes);
    AppendCommand({"CLIENT", "SETNAME", ""}, bytes);
  }
  AppendAuth(options, bytes);
  const ssize_t sent = send(context_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == static_cast<ssize_t>(bytes.size());
}

RedisConnection::Check RedisConnection::Prepare(const PoolOptions& options,
                                                std::atomic<bool>& knows_reset, bool may_wait) {
  // The borrower may have changed them; a wait below must not take longer than ours.
  if (redisSetTimeout(context_.get(), ToTimeval(options.command_timeout)) != REDIS_OK) {
    return Check::kBad;
  }
  if (pending_ != Pending::kNone) {
    if (!may_wait && IsQuiet()) return Check::kSilent;
    if (const Check check = ReadReset(options, knows_reset); check != Check::kGood) return check;
    pending_ = Pending::kNone;
    if (context_->reader->pos != context_->reader->len) return Check::kBad;
  }
  traces_ = {};
  return IsQuiet() ? Check::kGood : Check::kBad;
}

RedisConnection::Check RedisConnection::ReadReset(const PoolOptions& options,
                                                  std::atomic<bool>& knows_reset) {
  const bool by_parts = pending_ == Pending::kParts;
  const int commands = (by_parts ? 3 : 1) + (options.password.empty() ? 0 : 1);
  for (int i = 0; i < commands; ++i) {
    void* answer = nullptr;
    if (redisGetReply(context_.get(), &answer) != REDIS_OK) {
      const bool is_silent = context_->err == REDIS_ERR_IO && errno == EAGAIN;
      return is_silent ? Check::kSilent : Check::kBad;
    }
    const Reply reply(static_cast<redisReply*>(answer));
    const bool is_reset = i == 0 && !by_parts;
    if (IsStatus(*reply, is_reset ? "RESET" : "OK")) continue;
    // A Redis before 6.2, or another product.
    if (is_reset && reply->type == REDIS_REPLY_ERROR) {
      knows_reset.store(false, std::memory_order_relaxed);
    }
    return Check::kBad;
  }
  return Check::kGood;
}

}  // namespace zkcluster
