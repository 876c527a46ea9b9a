#include "base/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"

namespace zkcluster {
namespace {

struct EventDeleter {
  void operator()(event* e) const { event_free(e); }
};
using EventPtr = std::unique_ptr<event, EventDeleter>;

struct BaseDeleter {
  void operator()(event_base* base) const { event_base_free(base); }
};
struct ConfigDeleter {
  void operator()(event_config* config) const { event_config_free(config); }
};

using BasePtr = std::unique_ptr<event_base, BaseDeleter>;

// Tasks that post tasks would otherwise keep descriptors and timers waiting for ever.
constexpr std::size_t kTasksPerTurn = 128;
// Far enough to mean never, near enough to fit any clock after it is added to now.
constexpr Duration kLongestDelay = std::chrono::hours(24 * 365);

// Every callback of ours runs through here: an exception that reached libevent's C frames would
// leave the base half updated, and nobody up there could handle it anyway.
template <class F>
void RunGuarded(const F& callback) noexcept {
  try {
    callback();
  } catch (const std::exception& e) {
    internal::CheckFailed((std::string("no exception leaves a loop callback: ") + e.what()).c_str(),
                          __FILE__, __LINE__);
  } catch (...) {
    internal::CheckFailed("no exception leaves a loop callback", __FILE__, __LINE__);
  }
}

timeval ToTimeval(Duration delay) {
  delay = std::clamp(delay, Duration::zero(), kLongestDelay);
  // Rounds up: a timer that fires a microsecond early finds its deadline not reached and spins.
  const auto micros = std::chrono::ceil<std::chrono::microseconds>(delay).count();
  timeval result{};
  result.tv_sec = static_cast<decltype(result.tv_sec)>(micros / 1'000'000);
  result.tv_usec = static_cast<decltype(result.tv_usec)>(micros % 1'000'000);
  return result;
}

BasePtr NewBase() {
  const std::unique_ptr<event_config, ConfigDeleter> config(event_config_new());
  ZKC_CHECK(config != nullptr);
  // No cached time: an Arm late in a long turn counts from now, not from the beginning of the turn.
  // No locks: only this thread touches the base, others come through the eventfd.
  ZKC_CHECK(event_config_set_flag(config.get(), EVENT_BASE_FLAG_PRECISE_TIMER |
                                                    EVENT_BASE_FLAG_NO_CACHE_TIME |
                                                    EVENT_BASE_FLAG_NOLOCK) == 0);
  BasePtr base(event_base_new_with_config(config.get()));
  ZKC_CHECK(base != nullptr);
  return base;
}

class EventTimer final : public Timer {
 public:
  EventTimer(event_base* base, std::function<void()> callback)
      : callback_(std::make_shared<std::function<void()>>(std::move(callback))),
        event_(event_new(base, -1, 0, &EventTimer::Fire, this)) {
    ZKC_CHECK(event_ != nullptr);
  }
  void Arm(Duration delay) override {
    const timeval tv = ToTimeval(delay);
    event_del(event_.get());  // a run that is due already in this turn is replaced, too
    ZKC_CHECK(event_add(event_.get(), &tv) == 0);
  }
  void Cancel() override { event_del(event_.get()); }
  bool armed() const override { return event_pending(event_.get(), EV_TIMEOUT, nullptr) != 0; }

 private:
  static void Fire(evutil_socket_t, short, void* self) {
    // A copy, because the callback may destroy its timer.
    const auto callback = static_cast<EventTimer*>(self)->callback_;
    RunGuarded(*callback);
  }

  std::shared_ptr<std::function<void()>> callback_;
  EventPtr event_;
};

struct SignalHandle {
  std::shared_ptr<std::function<void()>> callback;
  EventPtr event;

  static void Fire(evutil_socket_t, short, void* self) {
    const auto held = static_cast<SignalHandle*>(self)->callback;
    RunGuarded(*held);
  }
};

}  // namespace

struct EventLoop::Impl {
  Impl()
      : base(NewBase()),
        wake_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        wake_event(event_new(base.get(), wake_fd.get(), EV_READ | EV_PERSIST, &Impl::Woken, this)),
        random(std::random_device{}()) {
    ZKC_CHECK(wake_fd.valid());
    ZKC_CHECK(wake_event != nullptr);
    ZKC_CHECK(event_add(wake_event.get(), nullptr) == 0);
  }
  ~Impl() {
    // What a task holds may be a timer of this loop, so tasks go before the base does.
    std::deque<std::function<void()>> dropped;
    {
      const std::lock_guard lock(mutex);
      ended = true;
      dropped.swap(tasks);
    }
  }

  void Wake() const {
    // Fails only when the counter is full, and then the loop is awake anyway.
    [[maybe_unused]] const int rc = eventfd_write(wake_fd.get(), 1);
  }

  static void Woken(evutil_socket_t, short, void* self) { static_cast<Impl*>(self)->RunTasks(); }

  void RunTasks() {
    eventfd_t ignored = 0;
    eventfd_read(wake_fd.get(), &ignored);
    std::vector<std::function<void()>> batch;
    bool more = false;
    {
      const std::lock_guard lock(mutex);
      const std::size_t count = std::min(tasks.size(), kTasksPerTurn);
      batch.reserve(count);
      for (std::size_t i = 0; i < count; ++i) {
        batch.push_back(std::move(tasks.front()));
        tasks.pop_front();
      }
      more = !tasks.empty();
    }
    if (more) Wake();
    for (auto& task : batch) {
      RunGuarded(task);
      task = nullptr;  // what it held is released in its turn, not at the end of the batch
    }
  }

  void Turn() {
    ZKC_CHECK(!running);  // libevent cannot run a base from within one of its own callbacks
    running = true;
    ZKC_CHECK(event_base_loop(base.get(), EVLOOP_ONCE) >= 0);
    running = false;
  }

  BasePtr base;
  UniqueFd wake_fd;
  EventPtr wake_event;
  std::mt19937_64 random;
  bool running = false;
  std::atomic<bool> stopping = false;

  std::mutex mutex;
  std::deque<std::function<void()>> tasks;  // under mutex
  bool ended = false;                       // under mutex
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

TimePoint EventLoop::Now() const {
  return std::chrono::steady_clock::now();
}

Micros EventLoop::WallNow() const {
  return std::chrono::duration_cast<Micros>(std::chrono::system_clock::now().time_since_epoch());
}

double EventLoop::Random() {
  // 53 bits, as many as a double holds: uniform_real_distribution may round up to 1.
  return static_cast<double>(impl_->random() >> 11) * 0x1.0p-53;
}

std::unique_ptr<Timer> EventLoop::NewTimer(std::function<void()> callback) {
  return std::make_unique<EventTimer>(impl_->base.get(), std::move(callback));
}

void EventLoop::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->ended) return;
    impl_->tasks.push_back(std::move(task));
    if (impl_->tasks.size() > 1) return;  // the first post has woken the loop
  }
  impl_->Wake();
}

void EventLoop::Run() {
  while (!impl_->stopping.load()) impl_->Turn();
  impl_->stopping = false;
}

void EventLoop::Stop() {
  impl_->stopping = true;
  impl_->Wake();
}

bool EventLoop::RunUntil(const std::function<bool()>& done, Duration limit) {
  bool late = false;
  EventTimer deadline(impl_->base.get(), [&late] { late = true; });
  deadline.Arm(limit);
  bool said_so = done();
  while (!said_so && !late && !impl_->stopping.load()) {
    impl_->Turn();
    said_so = done();
  }
  impl_->stopping = false;
  return said_so;
}

std::shared_ptr<void> EventLoop::OnSignal(int signal, std::function<void()> callback) {
  auto handle = std::make_shared<SignalHandle>();
  handle->callback = std::make_shared<std::function<void()>>(std::move(callback));
  handle->event.reset(event_new(impl_->base.get(), signal, EV_SIGNAL | EV_PERSIST,
                                &SignalHandle::Fire, handle.get()));
  ZKC_CHECK(handle->event != nullptr);
  ZKC_CHECK(event_add(handle->event.get(), nullptr) == 0);
  return handle;
}

event_base* EventLoop::base() const {
  return impl_->base.get();
}

}  // namespace zkcluster
