// zk::Client over the ZooKeeper C client, single-threaded build, driven by an EventLoop. It
// wraps that one library and holds no policy beyond keeping a session: opening handles, giving the
// library addresses in place of names, noticing what the library does not report (see
// session_tracker.h), and translating errors. The library's traps and how each is met are listed at
// the top of native_client.cc. Loop-bound.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "zk/client.h"

namespace zkcluster {
class NameBook;
}

namespace zkcluster::zk {

struct NativeClientOptions {
  // "host:port" each; names are asked for again before each round of attempts to connect.
  std::vector<std::string> servers;
  Duration session_timeout = std::chrono::seconds(10);
  // How long one address may take to accept before the next is tried.
  Duration connect_timeout = std::chrono::seconds(1);
  Identity identity = {};
  // Shared with others on the same loop; outlives the client. Null: one of its own.
  NameBook* names = nullptr;
};

// Ensembles have 3 to 7. All names are resolved at once.
inline constexpr std::size_t kMaxServers = 100;

// Whether the C library that this was built with knows TLS.
[[nodiscard]] bool HasTls();

// Splits "h1:2181,[::1]:2181,h2" (port 2181 where left out; at most kMaxServers). Errors: kInvalid
// naming the entry.
[[nodiscard]] Result<std::vector<std::string>> ParseServers(std::string_view text);

// Starts connecting at once. Logs `zk.*` events to `logger`, which must outlive the client.
// REQUIRES: options.servers is not empty.
[[nodiscard]] std::unique_ptr<Client> NewNativeClient(EventLoop& loop, Logger& logger,
                                                      NativeClientOptions options);

}  // namespace zkcluster::zk
