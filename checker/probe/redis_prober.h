// Prober over real sockets: one non-blocking connection per target, driven by libevent, replies
// parsed by hiredis' reader. (hiredis' own async context is not used: its libevent adapter arms a
// write event per command, it has no timers and resolves names synchronously; and TLS will need a
// transport of ours.) Names are resolved by evdns, at each connect. Loop-bound adapter.
#pragma once

#include <memory>

#include "base/event_loop.h"
#include "checker/probe/prober.h"

namespace zkcluster {

[[nodiscard]] std::unique_ptr<Prober> NewRedisProber(EventLoop& loop);

}  // namespace zkcluster
