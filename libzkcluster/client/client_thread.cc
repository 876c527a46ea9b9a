#include "client/client_thread.h"

#include <pthread.h>

#include <csignal>
#include <system_error>
#include <utility>

namespace zkcluster {

ClientThread::ClientThread(zk::NativeClientOptions options, Hooks hooks)
    : options_(std::move(options)), hooks_(std::move(hooks)) {}

Result<void> ClientThread::Start() {
  // The program's signals are for the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<void> result;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& problem) {
    result = Fail(ErrorCode::kUnavailable, std::string("start a thread: ") + problem.what());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

void ClientThread::Run() noexcept {
  client_ = zk::NewNativeClient(loop_, *logger_, options_);
  hooks_.started(loop_, *client_);
  loop_.Run();
  client_.reset();
}

ClientThread::~ClientThread() {
  if (!thread_.joinable()) return;
  loop_.Post([this] {
    hooks_.stopping();
    client_->Close([this] { loop_.Stop(); });
  });
  thread_.join();
}

}  // namespace zkcluster
