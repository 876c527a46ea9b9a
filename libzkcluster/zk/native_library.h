// The C library as a whole: the logger that gets its lines, and how a handle is opened. Adapter.
#pragma once

#include <zookeeper/zookeeper.h>

#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "zk/client.h"

namespace zkcluster::zk {

// Every call into the library runs in the scope of one of these: its log callback has no context,
// and one process may hold several clients in several threads.
class InLibrary {
 public:
  explicit InLibrary(Logger& logger);
  ~InLibrary();
  InLibrary(const InLibrary&) = delete;
  InLibrary& operator=(const InLibrary&) = delete;

 private:
  Logger* before_;
};

// `endpoints`: "ip:port" without brackets. Null: the library refuses.
[[nodiscard]] zhandle_t* OpenHandle(const std::string& endpoints, const Identity& identity,
                                    Duration session_timeout, watcher_fn on_event, void* context);

}  // namespace zkcluster::zk
