// Prober over real sockets, for every protocol: one non-blocking connection per target, driven by
// libevent. It handles names, connections, TLS and deadlines; the target's Protocol knows what is
// sent and what an answer means. (hiredis' own async context is not used: its libevent adapter arms
// a write event per command, it has no timers, resolves names synchronously, and knows no TLS.)
// Names are followed, not asked for: a probe uses the addresses that are known when it connects,
// and a connection to an address that its name has left is closed. Loop-bound adapter.
#pragma once

#include <memory>

#include "base/event_loop.h"
#include "checker/probe/prober.h"
#include "names/names.h"

namespace zkcluster {

// REQUIRES: `names` belongs to `loop` and outlives the prober.
[[nodiscard]] std::unique_ptr<Prober> NewSocketProber(EventLoop& loop, Names& names);

}  // namespace zkcluster
