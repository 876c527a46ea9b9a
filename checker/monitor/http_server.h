// Serves a few pages over plain HTTP on the main loop: for Prometheus, for whoever supervises the
// daemon, for people. The adapter of evhttp. Only GET, only the paths it was given; requests,
// headers, times and connections are limited: no stranger's curiosity costs the daemon its
// descriptors. Whoever comes when all connections are taken takes the place of the one that is idle
// or has been at its request for the longest; while all of them have only just begun, it waits in
// the kernel's queue. A flood of new connections fills that queue too: only a firewall helps there.
// Loop-bound.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "text/address.h"

namespace zkcluster {

struct HttpAnswer {
  int code = 200;  // or 503
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpLimits {
  Duration idle = std::chrono::seconds(30);  // without a byte
  // From the accept, or the first byte of a further request, until the answer has been taken,
  // however busily its bytes drip. Looked at every second.
  Duration request = std::chrono::seconds(30);
};

class HttpServer {
 public:
  static constexpr std::size_t kMaxConnections = 64;

  // What each path answers; made anew for each request.
  using Pages = std::map<std::string, std::function<HttpAnswer()>>;

  // Errors: kUnavailable when the address cannot be listened at. REQUIRES:
  // listen.host is an IP literal.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> Listen(EventLoop& loop,
                                                                  const Address& listen,
                                                                  Pages pages,
                                                                  const HttpLimits& limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
