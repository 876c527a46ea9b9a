// The first peer: hiredis' asynchronous context as its documentation shows it, on libevent.
#pragma once

#include "tests/bench/pinger.h"

namespace zkcluster::bench {

// Throws std::runtime_error when a server cannot be reached.
[[nodiscard]] Measured RunHiredis(const Options& options);

}  // namespace zkcluster::bench
