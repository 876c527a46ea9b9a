#include "client/client_thread.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <utility>

#include "base/unique_fd.h"

namespace zkcluster {
namespace {

// What a loop and its first connection take: epoll, its timer, libevent's pair for signals, the
// wake-up, a socket and its duplicate, a name server.
constexpr std::size_t kDescriptors = 8;

// libevent ends the whole program when it gets none half way, so they are asked for beforehand.
// Another thread may still take them in between.
Result<void> ProbeDescriptors() {
  std::array<UniqueFd, kDescriptors> spare;
  for (UniqueFd& fd : spare) {
    fd.Reset(::eventfd(0, EFD_CLOEXEC));
    if (fd.valid()) continue;
    return Fail(ErrorCode::kUnavailable,
                std::string("too few descriptors are left: ") + std::strerror(errno));
  }
  return {};
}

}  // namespace

ClientThread::ClientThread(zk::NativeClientOptions options, Hooks hooks)
    : options_(std::move(options)), hooks_(std::move(hooks)) {}

Result<void> ClientThread::Start() {
  if (const auto enough = ProbeDescriptors(); !enough) return enough;
  // The program's signals are for the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<void> result;
  try {
    loop_ = std::make_unique<EventLoop>();
    started_by_ = ::getpid();
    thread_ = std::thread([this] { Run(); });
  } catch (const std::exception& problem) {
    result = Fail(ErrorCode::kUnavailable, std::string("start a thread: ") + problem.what());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

void ClientThread::Run() noexcept {
  client_ = zk::NewNativeClient(*loop_, *logger_, options_);
  hooks_.started(*loop_, *client_);
  loop_->Run();
  client_.reset();
  // A lookup that was under way calls back once more: that it is cancelled in one turn, and lets go
  // of its sockets in the next. A limit of zero makes each call one turn that does not wait.
  for (int turn = 0; turn < 3; ++turn) {
    static_cast<void>(loop_->RunUntil([] { return false; }, Duration::zero()));
  }
}

bool ClientThread::is_foreign() const {
  return started_by_ != -1 && started_by_ != ::getpid();
}

ClientThread::~ClientThread() {
  if (!thread_.joinable()) return;
  loop_->Post([this] {
    hooks_.stopping();
    client_->Close([this] { loop_->Stop(); });
  });
  thread_.join();
}

}  // namespace zkcluster
