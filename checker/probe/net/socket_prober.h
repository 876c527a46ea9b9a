// Prober over real sockets, for every protocol: one non-blocking connection per target, driven by
// libevent. It has names, connections, TLS and deadlines; what is sent and what an answer says is
// its target's Protocol. (hiredis' own async context is not used: its libevent adapter arms a write
// event per command, it has no timers, resolves names synchronously, and knows no TLS.) Names are
// resolved by evdns, at each connect. Loop-bound adapter.
#pragma once

#include <memory>

#include "base/event_loop.h"
#include "checker/probe/prober.h"

namespace zkcluster {

[[nodiscard]] std::unique_ptr<Prober> NewSocketProber(EventLoop& loop);

}  // namespace zkcluster
