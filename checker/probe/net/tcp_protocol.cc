#include "checker/probe/net/tcp_protocol.h"

namespace zkcluster {
namespace {

class TcpProtocol final : public Protocol {
 public:
  [[nodiscard]] std::optional<Answer> OnConnected() const override {
    return Answer{ProbeResult::Alive(), false};
  }
  [[nodiscard]] std::unique_ptr<Exchange> NewExchange(bool) const override { return nullptr; }
};

}  // namespace

std::unique_ptr<const Protocol> NewTcpProtocol() {
  return std::make_unique<TcpProtocol>();
}

}  // namespace zkcluster
