// Prober over real sockets, for every protocol: one non-blocking connection per target, driven by
// libevent. It handles names, connections, TLS and deadlines; the target's Protocol knows what is
// sent and what an answer means. (hiredis' own async context is not used: its libevent adapter arms
// a write event per command, it has no timers, resolves names synchronously, and knows no TLS.)
// Names are resolved by evdns, at each connect. Loop-bound adapter.
#pragma once

#include <memory>

#include "base/event_loop.h"
#include "checker/probe/prober.h"

namespace zkcluster {

[[nodiscard]] std::unique_ptr<Prober> NewSocketProber(EventLoop& loop);

}  // namespace zkcluster
