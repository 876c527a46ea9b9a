#include "checker/probe/net/ready_set.h"

#include <event2/event.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace zkcluster {
namespace {

// Timers wait meanwhile, for some milliseconds at most. The rest is reported in the next turn.
constexpr int kBatch = 256;
constexpr int kRounds = 8;

int Control(int epoll, int verb, int fd, std::uint64_t key, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return ::epoll_ctl(epoll, verb, fd, &event) == 0 ? 0 : errno;
}

}  // namespace

void ReadySet::EventFree::operator()(event* e) const {
  event_free(e);
}

ReadySet::ReadySet(EventLoop& loop, OnReady on_ready)
    : on_ready_(std::move(on_ready)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  ZKC_CHECK(epoll_.valid());
  wake_.reset(event_new(
      loop.base(), epoll_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<ReadySet*>(self)->Poll(); }, this));
  ZKC_CHECK(wake_ != nullptr);
  ZKC_CHECK(event_add(wake_.get(), nullptr) == 0);
}

ReadySet::~ReadySet() = default;

int ReadySet::Add(int fd, std::uint64_t key, std::uint32_t events) {
  return Control(epoll_.get(), EPOLL_CTL_ADD, fd, key, events);
}

int ReadySet::Change(int fd, std::uint64_t key, std::uint32_t events) {
  return Control(epoll_.get(), EPOLL_CTL_MOD, fd, key, events);
}

void ReadySet::Poll() {
  std::array<epoll_event, kBatch> ready;
  int count = kBatch;
  for (int round = 0; round < kRounds && count == kBatch; ++round) {
    count = ::epoll_wait(epoll_.get(), ready.data(), kBatch, 0);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      on_ready_(event.data.u64, event.events);
    }
  }
}

}  // namespace zkcluster
