#include "tests/bench/bare_follower.h"

#include <poll.h>
#include <sys/time.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>

namespace zkcluster::bench {

struct BareFollower::Impl {
  Impl(const std::string& zookeeper, std::string znode, std::function<void(std::int64_t)> callback)
      : path(std::move(znode)), got(std::move(callback)) {
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    handle = zookeeper_init(zookeeper.c_str(), &OnSession, 10'000, nullptr, this, 0);
    if (handle == nullptr) throw std::runtime_error("zookeeper_init");
    thread = std::thread([this] { Run(); });
  }
  ~Impl() {
    ending = true;
    thread.join();
    zookeeper_close(handle);
  }

  void Run() {
    while (!ending) {
      int fd = -1;
      int interest = 0;
      timeval wait{};
      zookeeper_interest(handle, &fd, &interest, &wait);
      pollfd ready{fd, 0, 0};
      if ((interest & ZOOKEEPER_READ) != 0) ready.events |= POLLIN;
      if ((interest & ZOOKEEPER_WRITE) != 0) ready.events |= POLLOUT;
      const auto wait_ms = static_cast<int>(wait.tv_sec * 1000 + wait.tv_usec / 1000);
      ::poll(&ready, fd < 0 ? 0 : 1, std::min(wait_ms, 200));  // `ending` is checked as often
      const auto events = static_cast<unsigned>(ready.revents);
      zookeeper_process(handle,
                        ((events & (POLLIN | POLLERR | POLLHUP)) != 0 ? ZOOKEEPER_READ : 0) |
                            ((events & POLLOUT) != 0 ? ZOOKEEPER_WRITE : 0));
    }
  }

  void Get() { zoo_awget(handle, path.c_str(), &OnChange, this, &OnData, this); }

  static void OnSession(zhandle_t* handle, int type, int state, const char*, void* self) {
    auto& impl = *static_cast<Impl*>(self);
    impl.handle = handle;
    if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) impl.Get();
  }
  static void OnChange(zhandle_t*, int type, int, const char*, void* self) {
    if (type != ZOO_SESSION_EVENT) static_cast<Impl*>(self)->Get();
  }
  static void OnData(int rc, const char*, int, const Stat* stat, const void* self) {
    if (rc == ZOK) static_cast<const Impl*>(self)->got(stat->mzxid);
  }

  const std::string path;
  const std::function<void(std::int64_t)> got;
  zhandle_t* handle = nullptr;
  std::atomic<bool> ending = false;
  std::thread thread;
};

BareFollower::BareFollower(const std::string& zookeeper, std::string path,
                           std::function<void(std::int64_t)> got)
    : impl_(std::make_unique<Impl>(zookeeper, std::move(path), std::move(got))) {}
BareFollower::~BareFollower() = default;

}  // namespace zkcluster::bench
