// The half of a probe that knows the kind of server: what is sent, and what the reply means. The
// other half, SocketProber, handles names, connections, TLS and deadlines, and does not interpret
// the bytes. A protocol is immutable and serves all targets with the same question; an Exchange
// holds what one probe has read so far. A new kind of probe is an alternative of ProbeQuestion, a
// file beside redis_protocol.cc and a line in NewProtocol. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "checker/probe/prober.h"

namespace zkcluster {

struct Answer {
  ProbeResult result;  // the prober sets `latency`
  // The connection may serve the next probe: this exchange is complete, and no part of the opening
  // has to be repeated.
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

  // The result if an established connection is an answer by itself. Nothing: the question has
  // to be sent.
  [[nodiscard]] virtual std::optional<Answer> OnConnected() const { return std::nullopt; }
  // Sent on each new connection, together with its first question. May be empty.
  [[nodiscard]] virtual std::string_view opening() const { return {}; }
  // Sent for each probe.
  [[nodiscard]] virtual std::string_view question() const { return {}; }
  // A shortcut: the result if `bytes` are exactly the usual answer to `question`. Costs a
  // comparison and allocates nothing. Nothing: an Exchange has to read them.
  [[nodiscard]] virtual std::optional<Answer> Recognize(std::string_view) const {
    return std::nullopt;
  }
  // Reads the answer to `question`, and to `opening` before it where that was sent and is not
  // empty. Null only if OnConnected gives the result, because then it is never called.
  [[nodiscard]] virtual std::unique_ptr<Exchange> NewExchange(bool opened) const = 0;
};

[[nodiscard]] std::unique_ptr<const Protocol> NewProtocol(const ProbeQuestion& question);

}  // namespace zkcluster
