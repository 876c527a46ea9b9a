#include "checker/probe/net/protocol.h"

#include "checker/probe/net/redis_protocol.h"
#include "checker/probe/net/tcp_protocol.h"

namespace zkcluster {
namespace {

struct Maker {
  std::unique_ptr<const Protocol> operator()(const RedisPing& ping) const {
    return NewRedisProtocol(ping);
  }
  std::unique_ptr<const Protocol> operator()(const TcpConnect&) const { return NewTcpProtocol(); }
};

}  // namespace

std::unique_ptr<const Protocol> NewProtocol(const ProbeQuestion& question) {
  return std::visit(Maker(), question);
}

}  // namespace zkcluster
