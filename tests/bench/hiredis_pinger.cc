#include "tests/bench/hiredis_pinger.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
// The adapter converts signs and pointers as C does.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <hiredis/adapters/libevent.h>
#pragma GCC diagnostic pop

#include <stdexcept>
#include <vector>

namespace zkcluster::bench {
namespace {

struct Run {
  event_base* base = nullptr;
  Measured measured;
  timeval interval{};
  bool failed = false;
};

struct Target {
  Run* run = nullptr;
  redisAsyncContext* context = nullptr;
  event* timer = nullptr;
};

void OnReply(redisAsyncContext*, void* reply, void* argument) {
  Run& run = *static_cast<Target*>(argument)->run;
  if (reply == nullptr) {
    run.failed = true;
    event_base_loopbreak(run.base);
    return;
  }
  ++run.measured.probes;
}

void OnDue(evutil_socket_t, short, void* argument) {
  auto& target = *static_cast<Target*>(argument);
  event_add(target.timer, &target.run->interval);
  redisAsyncCommand(target.context, &OnReply, &target, "PING");
}

void OnBegin(evutil_socket_t, short, void* argument) {
  static_cast<Run*>(argument)->measured.Begin();
}
void OnEnd(evutil_socket_t, short, void* argument) {
  Run& run = *static_cast<Run*>(argument);
  run.measured.End();
  event_base_loopbreak(run.base);
}

timeval ToTimeval(std::chrono::microseconds time) {
  timeval result{};
  result.tv_sec = static_cast<decltype(result.tv_sec)>(time.count() / 1'000'000);
  result.tv_usec = static_cast<decltype(result.tv_usec)>(time.count() % 1'000'000);
  return result;
}

void Once(Run& run, std::chrono::microseconds after, event_callback_fn callback) {
  const timeval time = ToTimeval(after);
  event_base_once(run.base, -1, EV_TIMEOUT, callback, &run, &time);
}

}  // namespace

Measured RunHiredis(const Options& options) {
  Run run;
  run.base = event_base_new();
  run.interval = ToTimeval(options.interval);
  std::vector<Target> targets(options.targets);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Target& target = targets[i];
    target.run = &run;
    target.context = redisAsyncConnect(TargetAddress(i).c_str(), options.port);
    if (target.context == nullptr || target.context->err != 0)
      throw std::runtime_error("cannot connect to " + TargetAddress(i));
    redisLibeventAttach(target.context, run.base);
    target.timer = evtimer_new(run.base, &OnDue, &target);
    const timeval first =
        ToTimeval(options.interval * static_cast<int>(i) / static_cast<int>(targets.size()));
    event_add(target.timer, &first);
  }
  // The first interval connects, the second is the first round at rest.
  Once(run, 2 * options.interval, &OnBegin);
  Once(run, 2 * options.interval + options.duration, &OnEnd);
  event_base_dispatch(run.base);
  if (run.failed) throw std::runtime_error("a server closed its connection");
  // The process ends now; what the contexts hold ends with it.
  return run.measured;
}

}  // namespace zkcluster::bench
