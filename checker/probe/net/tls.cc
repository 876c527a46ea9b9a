#include "checker/probe/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "checker/probe/net/socket_error.h"
#include "text/address.h"

namespace zkcluster {
namespace {

// Takes this thread's oldest error, and clears the others.
std::string TakeError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

Failure<> Bad(const std::string& what, const std::string& file) {
  return Fail(ErrorCode::kInvalid, "tls: " + what + " " + file + ": " + TakeError());
}

// Checks for a name, or for an address where the name is one. The "%eth0" of an address
// is only local.
bool Expect(ssl_st* session, std::string host) {
  if (host.empty()) host = "localhost";
  X509_VERIFY_PARAM* const expected = SSL_get0_param(session);
  if (IsIpLiteral(host)) {
    host.resize(std::min(host.size(), host.find('%')));
    return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  }
  // In full, as DNS writes it: certificates do not have the dot,
  // and the name that is sent must not.
  if (host.ends_with('.')) host.pop_back();
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) == 1 &&
         SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

int JudgeCertificate(long result) {
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return kTlsWrongName;
    default:
      return kTlsUntrusted;
  }
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::New(TlsSettings settings) {
  const std::shared_ptr<TlsContext> context(new TlsContext(std::move(settings)));
  if (const auto loaded = context->Load(); !loaded) return Fail(loaded.error());
  return context;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

Result<void> TlsContext::Load() {
  ERR_clear_error();
  context_ = SSL_CTX_new(TLS_client_method());
  ZKC_CHECK(context_ != nullptr);
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION);
  // A retried write may come from another buffer. Connections are idle most of the time: without
  // buffers meanwhile, 8,000 of them take 243 MB instead of 330.
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  // A daemon cannot ask for a passphrase.
  SSL_CTX_set_default_passwd_cb(context_, [](char*, int, int, void*) { return 0; });
  if (settings_.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context_) != 1) return Bad("authorities", "of the system");
  } else if (SSL_CTX_load_verify_file(context_, settings_.ca_file.c_str()) != 1) {
    return Bad("ca_file", settings_.ca_file);
  }
  if (settings_.cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context_, settings_.cert_file.c_str()) != 1) {
    return Bad("cert_file", settings_.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context_, settings_.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Bad("key_file", settings_.key_file);
  }
  return {};
}

std::unique_ptr<TlsSession> TlsSession::New(const TlsContext& context, int fd,
                                            const std::string& host) {
  ssl_st* const session = SSL_new(context.context_);
  if (session == nullptr) return nullptr;
  std::unique_ptr<TlsSession> made(new TlsSession(session));
  const std::string& name = context.settings().server_name;
  if (SSL_set_fd(session, fd) != 1 || !Expect(session, name.empty() ? host : name)) return nullptr;
  SSL_set_connect_state(session);
  return made;
}

TlsSession::~TlsSession() {
  SSL_free(session_);
}

TlsSession::Step TlsSession::Handshake() {
  ERR_clear_error();
  errno = 0;
  const int rc = SSL_do_handshake(session_);
  if (rc == 1) return Step::kDone;
  switch (const int code = SSL_get_error(session_, rc)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantsToRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantsToWrite;
    default:
      error_ = WhyFailed(code);
      return Step::kFailed;
  }
}

int TlsSession::WhyFailed(int code) const {
  const int system_error = errno;
  const unsigned long first = ERR_peek_error();
  ERR_clear_error();
  if (code == SSL_ERROR_ZERO_RETURN) return kEndOfFile;
  if (code == SSL_ERROR_SYSCALL) return system_error == 0 ? kEndOfFile : system_error;
  if (ERR_GET_REASON(first) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return kEndOfFile;
  const long result = SSL_get_verify_result(session_);
  return result == X509_V_OK ? kTlsRefused : JudgeCertificate(result);
}

Moved TlsSession::Send(std::string_view bytes) {
  ERR_clear_error();
  errno = 0;
  std::size_t moved = 0;
  const int rc = SSL_write_ex(session_, bytes.data(), bytes.size(), &moved);
  if (rc == 1) return {moved, {}};
  const int code = SSL_get_error(session_, rc);
  if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return {};
  return {0, WhyFailed(code)};
}

Moved TlsSession::Receive(std::span<char> buffer) {
  ERR_clear_error();
  errno = 0;
  std::size_t moved = 0;
  const int rc = SSL_read_ex(session_, buffer.data(), buffer.size(), &moved);
  if (rc == 1) return {moved, {}};
  // Only tickets and keys arrived, no data.
  const int code = SSL_get_error(session_, rc);
  if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return {};
  return {0, WhyFailed(code)};
}

}  // namespace zkcluster
