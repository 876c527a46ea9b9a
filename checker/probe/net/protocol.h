// The half of a probe that knows which kind of server it asks: what is sent, and what the bytes
// that come back say. The other half, SocketProber, has names, connections, TLS and deadlines, and
// understands no byte that it carries. A protocol is immutable and serves all targets of which the
// same is asked; an Exchange is what one probe has read so far. A new kind of probe is an
// alternative of ProbeQuestion, a file beside redis_protocol.cc and a line in NewProtocol. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "checker/probe/prober.h"

namespace zkcluster {

struct Answer {
  ProbeResult result;  // `latency` is left to the prober
  // The connection may serve the next probe: no byte of this exchange is still to come, and nothing
  // of the opening has to be tried again.
  bool keep_connection = false;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  // Takes what has arrived. Nothing: the answer is not complete yet.
  [[nodiscard]] virtual std::optional<Answer> Feed(std::string_view bytes) = 0;
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  // What an established connection says by itself. Nothing: the question has to be asked.
  [[nodiscard]] virtual std::optional<Answer> OnConnected() const { return std::nullopt; }
  // Sent on each new connection, together with its first question. May be empty.
  [[nodiscard]] virtual std::string_view opening() const { return {}; }
  // Sent for each probe.
  [[nodiscard]] virtual std::string_view question() const { return {}; }
  // The usual answer to `question`, when `bytes` are that and no more: it costs a comparison and
  // allocates nothing. Nothing: an Exchange has to read them.
  [[nodiscard]] virtual std::optional<Answer> Recognize(std::string_view) const {
    return std::nullopt;
  }
  // Reads the answer to `question`, and to `opening` before it where that was sent and is not
  // empty. Null only where OnConnected answers, since then nobody asks for one.
  [[nodiscard]] virtual std::unique_ptr<Exchange> NewExchange(bool opened) const = 0;
};

[[nodiscard]] std::unique_ptr<const Protocol> NewProtocol(const ProbeQuestion& question);

}  // namespace zkcluster
