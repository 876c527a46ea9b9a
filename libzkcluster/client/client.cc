#include <zkcluster/client.h>

#include <utility>

#include "client/client_thread.h"

namespace zkcluster {

Client::Client(std::shared_ptr<ClientThread> thread) : thread_(std::move(thread)) {}
Client::~Client() {
  Release(std::move(thread_));
}

Result<std::unique_ptr<Client>> Client::Open(ClientOptions options) {
  auto thread = ClientThread::Open(options);
  if (!thread) return Fail(thread.error());
  return std::unique_ptr<Client>(new Client(*std::move(thread)));
}

SessionState Client::session_state() const {
  return thread_->facts()->state();
}
Duration Client::age() const {
  return thread_->facts()->age();
}
std::uint64_t Client::sessions() const {
  return thread_->facts()->sessions();
}

}  // namespace zkcluster
