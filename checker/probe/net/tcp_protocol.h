// Protocol of TcpConnect: to be accepted is the answer. The connection is closed again, because one
// that stays open says nothing about the next moment. A process that is stopped is alive to it: its
// kernel accepts. Pure.
#pragma once

#include <memory>

#include "checker/probe/net/protocol.h"

namespace zkcluster {

[[nodiscard]] std::unique_ptr<const Protocol> NewTcpProtocol();

}  // namespace zkcluster
