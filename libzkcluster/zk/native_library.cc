#include "zk/native_library.h"

#include <string_view>
#include <utility>

#include "zk/native_client.h"

namespace zkcluster::zk {
namespace {

thread_local Logger* library_logger = nullptr;

void LogLine(const char* message) {
  if (library_logger == nullptr || message == nullptr) return;
  // "2026-01-01 10:00:00,123:77(0x0):ZOO_WARN@function@123: text": our line has a
  // time stamp already.
  std::string_view text = message;
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    if (const auto colon = text.find(": ", at); colon != std::string_view::npos) {
      text.remove_prefix(colon + 2);
    }
  }
  // The library logs an ERROR for each failed attempt. The client logs what matters of it.
  library_logger->Debug("zk.library", {{"message", text}});
}

zhandle_t* OpenInTheClear(const std::string& endpoints, watcher_fn on_event, int timeout_ms,
                          void* context) {
  return zookeeper_init2(endpoints.c_str(), on_event, timeout_ms, nullptr, context,
                         ZOO_NO_LOG_CLIENTENV, &LogLine);
}

// Without ZKC_ZOOKEEPER_TLS no identity has TLS: see LoadIdentity.
zhandle_t* OpenWithTls([[maybe_unused]] const std::string& endpoints,
                       [[maybe_unused]] const std::string& files,
                       [[maybe_unused]] watcher_fn on_event, [[maybe_unused]] int timeout_ms,
                       [[maybe_unused]] void* context) {
#ifdef ZKC_ZOOKEEPER_TLS
  zhandle_t* const zh = zookeeper_init_ssl(endpoints.c_str(), files.c_str(), on_event, timeout_ms,
                                           nullptr, context, ZOO_NO_LOG_CLIENTENV);
  if (zh != nullptr) zoo_set_log_callback(zh, &LogLine);
  return zh;
#else
  return nullptr;
#endif
}

}  // namespace

InLibrary::InLibrary(Logger& logger) : before_(std::exchange(library_logger, &logger)) {}
InLibrary::~InLibrary() {
  library_logger = before_;
}

bool HasTls() {
#ifdef ZKC_ZOOKEEPER_TLS
  return true;
#else
  return false;
#endif
}

zhandle_t* OpenHandle(const std::string& endpoints, const Identity& identity,
                      Duration session_timeout, watcher_fn on_event, void* context) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
  const int timeout_ms = static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(session_timeout).count());
  zhandle_t* const zh = identity.tls.empty()
                            ? OpenInTheClear(endpoints, on_event, timeout_ms, context)
                            : OpenWithTls(endpoints, identity.tls, on_event, timeout_ms, context);
  if (zh == nullptr) return nullptr;
  // The addresses are literals: without this the library would "resolve" them at every turn.
  zoo_set_servers_resolution_delay(zh, -1);
  // The library keeps them and sends them first on each connection.
  for (const std::string& credential : identity.credentials) {
    zoo_add_auth(zh, "digest", credential.data(), static_cast<int>(credential.size()), nullptr,
                 nullptr);
  }
  return zh;
}

}  // namespace zkcluster::zk
