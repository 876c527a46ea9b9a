// Serves pages over plain HTTP on the main loop: for Prometheus, for a supervisor of the daemon,
// for people. The adapter of evhttp. Only GET. It limits requests, headers and times; the Listener
// limits connections. A function answers each path; HttpPages makes it from a table. Loop-bound.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <chrono>
#include <memory>

#include "base/event_loop.h"
#include "checker/http/http_pages.h"
#include "text/address.h"

namespace zkcluster {

struct HttpLimits {
  Duration idle = std::chrono::seconds(30);     // without a byte
  Duration request = std::chrono::seconds(30);  // see Listener::Bind
};

class HttpServer {
 public:
  // `answer` runs for each request. Errors: kUnavailable when the address cannot be listened at.
  // REQUIRES: listen.host is an IP literal.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> Listen(EventLoop& loop,
                                                                  const Address& listen,
                                                                  HttpFunction answer,
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
