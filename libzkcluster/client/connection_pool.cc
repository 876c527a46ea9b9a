#include "client/connection_pool.h"

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

#include "text/address.h"

namespace zkcluster {
namespace {

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;

timeval ToTimeval(Duration duration) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {static_cast<time_t>(micros / 1'000'000), static_cast<suseconds_t>(micros % 1'000'000)};
}

// hiredis 0.14 writes with write(2), and a peer that has just gone turns that into SIGPIPE, which
// ends a program that does not expect it. For what the library itself sends the signal is held back
// on this thread and taken out again; the process's own disposition is not touched.
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

// An idle connection has nothing to say: bytes are a late reply to somebody else, an end is an end.
bool IsQuiet(const redisContext& context) {
  char byte;
  return recv(context.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

// The conversation ended with the last reply read whole (ridx:
// none begun) and nothing left to send.
bool IsSettled(const redisContext& context) {
  return context.err == 0 && sdslen(context.obuf) == 0 && context.reader != nullptr &&
         context.reader->ridx == -1 && context.reader->pos == context.reader->len &&
         IsQuiet(context);
}

// The code of an error reply: "WRONGPASS". Never more: a server that does not know a command
// repeats its arguments, and those of AUTH are not for logs.
std::string_view ErrorWord(const redisReply& reply) {
  const std::string_view text(reply.str, static_cast<std::size_t>(reply.len));
  const std::string_view word = text.substr(0, text.find(' '));
  const bool is_code =
      !word.empty() && std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
  return is_code ? word : "refused";
}

Result<Context> Open(const std::string& addr, const PoolOptions& options) {
  const auto address = ParseAddress(addr);
  if (!address) return Fail(ErrorCode::kUnavailable, address.error().message);
  const std::string host = address->host.empty() ? "127.0.0.1" : address->host;
  Context context(
      redisConnectWithTimeout(host.c_str(), address->port, ToTimeval(options.connect_timeout)));
  const auto failed = [&](const char* what) {
    const std::string why = context ? context->errstr : "out of memory";
    return Fail(ErrorCode::kUnavailable, std::string(what) + " " + addr + ": " + why);
  };
  if (!context || context->err != 0) return failed("connect");
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  if (redisSetTimeout(context.get(), ToTimeval(options.command_timeout)) != REDIS_OK) {
    return failed("connect");
  }
  if (options.password.empty()) return context;

  const HoldSigpipe hold;
  const std::string& user = options.user;
  const std::string& password = options.password;
  auto* reply = static_cast<redisReply*>(
      user.empty() ? redisCommand(context.get(), "AUTH %b", password.data(), password.size())
                   : redisCommand(context.get(), "AUTH %b %b", user.data(), user.size(),
                                  password.data(), password.size()));
  const std::unique_ptr<redisReply, decltype(&freeReplyObject)> owned(reply, freeReplyObject);
  if (reply == nullptr) return failed("authenticate with");
  if (reply->type == REDIS_REPLY_ERROR) {
    return Fail(ErrorCode::kDenied,
                "authenticate with " + addr + ": " + std::string(ErrorWord(*reply)));
  }
  return context;
}

}  // namespace

struct ConnectionPool::Slot {
  explicit Slot(std::size_t l) : limit(l) {}

  // Empty when there is none.
  Context Take() {
    while (true) {
      Context context;
      {
        const std::lock_guard lock(mutex);
        if (idle.empty()) return nullptr;
        // The last given back: the others may grow old enough for the server to close them.
        context = std::move(idle.back());
        idle.pop_back();
      }
      if (IsQuiet(*context)) return context;
    }
  }
  void Give(Context context) {
    if (!IsSettled(*context)) return;
    const std::lock_guard lock(mutex);
    if (!retired && idle.size() < limit) idle.push_back(std::move(context));
  }
  void Retire() {
    std::vector<Context> closing;
    const std::lock_guard lock(mutex);
    retired = true;
    closing.swap(idle);
  }

  const std::size_t limit;
  std::mutex mutex;
  bool retired = false;
  std::vector<Context> idle;
};

// --- Lease ---

struct Lease::State {
  std::shared_ptr<ConnectionPool::Slot> slot;
  Context context;
  Location location;
  bool discard = false;

  State(std::shared_ptr<ConnectionPool::Slot> s, Context c, Location l)
      : slot(std::move(s)), context(std::move(c)), location(std::move(l)) {}
  ~State() {
    if (!discard) slot->Give(std::move(context));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;
Lease::~Lease() = default;

redisContext* Lease::get() const {
  return state_ ? state_->context.get() : nullptr;
}
const Location& Lease::location() const {
  static const Location kNowhere;
  return state_ ? state_->location : kNowhere;
}
void Lease::Discard() {
  if (state_) state_->discard = true;
}

// --- ConnectionPool ---

ConnectionPool::ConnectionPool(PoolOptions options) : options_(std::move(options)) {}

ConnectionPool::~ConnectionPool() {
  Retain({});
}

std::shared_ptr<ConnectionPool::Slot> ConnectionPool::SlotOf(const std::string& address) {
  const std::lock_guard lock(mutex_);
  // By an old table: nobody would ever close what is left idle there.
  if (retained_ && !retained_->contains(address)) return std::make_shared<Slot>(0);
  auto& slot = slots_[address];
  if (!slot) slot = std::make_shared<Slot>(options_.idle_per_shard);
  return slot;
}

Result<Lease> ConnectionPool::Take(Location location) {
  auto slot = SlotOf(location.addr);
  Context context = slot->Take();
  if (context) {
    reused_.fetch_add(1, std::memory_order_relaxed);
  } else {
    auto opened = Open(location.addr, options_);
    if (!opened) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      return Fail(opened.error());
    }
    opened_.fetch_add(1, std::memory_order_relaxed);
    context = std::move(*opened);
  }
  return Lease(
      std::make_unique<Lease::State>(std::move(slot), std::move(context), std::move(location)));
}

void ConnectionPool::Retain(const std::set<std::string>& addresses) {
  std::vector<std::shared_ptr<Slot>> gone;
  {
    const std::lock_guard lock(mutex_);
    retained_ = addresses;
    for (auto slot = slots_.begin(); slot != slots_.end();) {
      if (addresses.contains(slot->first)) {
        ++slot;
      } else {
        gone.push_back(std::move(slot->second));
        slot = slots_.erase(slot);
      }
    }
  }
  for (const auto& slot : gone) slot->Retire();
}

ConnectionPool::Counters ConnectionPool::counters() const {
  return {opened_.load(std::memory_order_relaxed), failed_.load(std::memory_order_relaxed),
          reused_.load(std::memory_order_relaxed)};
}

}  // namespace zkcluster
