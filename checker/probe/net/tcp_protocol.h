// Protocol of TcpConnect: an accepted connection is the answer. The connection is closed
// again, because an open one proves nothing later. A stopped process counts as alive: its
// kernel accepts. Pure.
#pragma once

#include <memory>

#include "checker/probe/net/protocol.h"

namespace zkcluster {

[[nodiscard]] std::unique_ptr<const Protocol> NewTcpProtocol();

}  // namespace zkcluster
