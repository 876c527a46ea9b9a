#include "tests/fakes/sim_loop.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkcluster::sim {
namespace {

// Neither clock begins at zero, so that a forgotten initial value shows.
constexpr TimePoint kStart = TimePoint(std::chrono::hours(1000));
constexpr Micros kWallAtStart = std::chrono::seconds(1'700'000'000);
// More events than any world has at one instant: something posts to itself for ever.
constexpr std::uint64_t kMostStepsAtOneInstant = 1'000'000;

double ToUnit(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

class SimTimer final : public Timer {
 public:
  SimTimer(SimLoop& loop, std::function<void()> callback)
      : loop_(loop),
        world_(loop.world()),
        callback_(std::make_shared<std::function<void()>>(std::move(callback))) {}
  ~SimTimer() override { SimTimer::Cancel(); }

  void Arm(Duration delay) override {
    Cancel();
    id_ = world_.After(delay, &loop_, [this] {
      id_ = 0;
      const auto callback = callback_;  // it may destroy this timer
      (*callback)();
    });
  }
  void Cancel() override {
    if (id_ != 0) world_.Cancel(id_);
    id_ = 0;
  }
  bool armed() const override { return id_ != 0; }

 private:
  SimLoop& loop_;
  SimWorld& world_;  // outlives the loop, which may be gone when this is destroyed
  std::shared_ptr<std::function<void()>> callback_;
  SimWorld::EventId id_ = 0;
};

}  // namespace

SimWorld::SimWorld(std::uint64_t seed) : seed_(seed), random_(seed), now_(kStart) {}

SimWorld::~SimWorld() {
  // The captures of an event may cancel others when destroyed, so they are destroyed while the
  // queue is empty.
  const EventQueue dropped = std::exchange(events_, {});
}

Micros SimWorld::wall_now() const {
  return kWallAtStart + std::chrono::duration_cast<Micros>(now_ - kStart);
}

double SimWorld::Random() {
  return ToUnit(random_());
}

Duration SimWorld::Between(Duration low, Duration high) {
  return low +
         Duration(static_cast<Duration::rep>(static_cast<double>((high - low).count()) * Random()));
}

std::size_t SimWorld::Below(std::size_t bound) {
  ZKC_CHECK(bound > 0);
  return static_cast<std::size_t>(random_() % bound);
}

SimWorld::EventId SimWorld::At(TimePoint due, SimLoop* loop, std::function<void()> event) {
  const TimePoint when = std::max(due, now_);
  return events_.Add(when, when, loop, std::move(event));
}

SimWorld::EventId SimWorld::After(Duration delay, SimLoop* loop, std::function<void()> event) {
  constexpr Duration kLongest = std::chrono::hours(24 * 365 * 10);
  return At(now_ + std::clamp(delay, Duration::zero(), kLongest), loop, std::move(event));
}

void SimWorld::Cancel(EventId id) {
  const auto dropped = events_.Take(id);
}

bool SimWorld::Step() {
  while (!events_.empty()) {
    if (events_.NextWhen() > now_) {
      now_ = events_.NextWhen();
      steps_at_now_ = 0;
    }
    if (const SimLoop* const loop = events_.NextLoop(); loop != nullptr && loop->paused()) {
      events_.PutOffNext(loop->paused_until_);
      continue;
    }
    const auto event = events_.TakeNext();
    ++steps_;
    ZKC_CHECK(++steps_at_now_ < kMostStepsAtOneInstant);
    event.run();
    return true;
  }
  return false;
}

void SimWorld::RunFor(Duration duration) {
  const TimePoint end = now_ + duration;
  RunUntil([] { return false; }, duration);
  now_ = end;
}

bool SimWorld::RunUntil(const std::function<bool()>& done, Duration limit) {
  // A fence after everything that is due by then. Both hold its result, because `done` may throw
  // (as a failed assertion does) and leave the fence behind.
  const auto at_end = std::make_shared<bool>(false);
  const EventId fence =
      events_.Add(now_ + limit, TimePoint::max(), nullptr, [at_end] { *at_end = true; });
  steps_at_now_ = 0;
  while (!done()) {
    Step();
    if (*at_end) return done();
  }
  Cancel(fence);
  return true;
}

SimLoop::SimLoop(SimWorld& world, std::string name)
    : world_(world), name_(std::move(name)), random_(world.RandomBits()) {}

SimLoop::~SimLoop() {
  const auto dropped = world_.events_.TakeAllOf(this);
}

double SimLoop::Random() {
  return ToUnit(random_());
}

std::unique_ptr<Timer> SimLoop::NewTimer(std::function<void()> callback) {
  return std::make_unique<SimTimer>(*this, std::move(callback));
}

void SimLoop::Post(std::function<void()> task) {
  world_.After(Duration::zero(), this, std::move(task));
}

void SimLoop::Pause(Duration duration) {
  paused_until_ = std::max(paused_until_, world_.now() + duration);
}

void SimLoop::Resume() {
  if (!paused()) return;
  paused_until_ = TimePoint::min();
  // Events postponed to the end of the pause run from now on, in the order of their due times.
  world_.events_.BringForward(this, world_.now());
}

}  // namespace zkcluster::sim
