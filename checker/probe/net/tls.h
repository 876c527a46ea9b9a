// TLS for the prober's connections: the context that all connections of one cluster share (trusted
// authorities, own certificate), and one connection's session. A server is trusted if its
// certificate comes from an authority of the file and is for the expected name. Adapter of OpenSSL.
// A context is immutable and shared between threads; a session is loop-bound.
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace zkcluster {

struct TlsSettings {
  std::string ca_file;      // PEM; empty: the system's authorities
  std::string cert_file;    // PEM, ours with its chain; empty: none
  std::string key_file;     // PEM, without a passphrase
  std::string server_name;  // in all servers' certificates; empty: the host of each address
  bool operator==(const TlsSettings&) const = default;
};

class TlsContext {
 public:
  // Reads the files. Errors: kInvalid, naming the file.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> New(TlsSettings settings);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] const TlsSettings& settings() const { return settings_; }

 private:
  friend class TlsSession;
  explicit TlsContext(TlsSettings settings) : settings_(std::move(settings)) {}
  Result<void> Load();

  const TlsSettings settings_;
  ssl_ctx_st* context_ = nullptr;
};

// The result of a read or a write.
struct Moved {
  std::size_t bytes = 0;     // 0 without an error: try again when ready
  std::optional<int> error;  // as in socket_error.h; the session is over
};

class TlsSession {
 public:
  // On a connected non-blocking socket, which it does not own. `host`: as the address has
  // it. Null when there is no memory. SIGPIPE has to be ignored by the program: OpenSSL
  // writes without MSG_NOSIGNAL.
  [[nodiscard]] static std::unique_ptr<TlsSession> New(const TlsContext& context, int fd,
                                                       const std::string& host);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Step { kDone, kWantsToRead, kWantsToWrite, kFailed };
  // Call it again when the socket is ready for what it wants.
  [[nodiscard]] Step Handshake();
  [[nodiscard]] int error() const { return error_; }  // after kFailed, as in socket_error.h

  [[nodiscard]] Moved Send(std::string_view bytes);
  // REQUIRES: kMaxRecord bytes of room. The rest of a larger record would wait unnoticed.
  [[nodiscard]] Moved Receive(std::span<char> buffer);
  static constexpr std::size_t kMaxRecord = 16 * 1024;

 private:
  explicit TlsSession(ssl_st* session) : session_(session) {}
  [[nodiscard]] int WhyFailed(int code) const;

  ssl_st* session_;
  int error_ = 0;
};

}  // namespace zkcluster
