#include "client/client_thread.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

#include "base/unique_fd.h"
#include "model/paths.h"
#include "names/system_names.h"
#include "zk/identity.h"

namespace zkcluster {
namespace {

// How often the values behind `age` and `session_state` are updated between events.
constexpr Duration kContactInterval = std::chrono::milliseconds(250);

// What a loop and its first connection need: epoll, its timer, libevent's pair for signals, the
// wake-up, a socket and its duplicate, a name server. (More of those can do without.)
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

// A thread that waits for the addresses of a name.
class Waiting {
 public:
  void Answer(std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex_);
    addresses_ = std::move(addresses);
    answered_.notify_all();
  }
  // What is used when no answer comes in time.
  void Suggest(std::vector<std::string> known) {
    const std::lock_guard lock(mutex_);
    known_ = std::move(known);
  }
  [[nodiscard]] std::vector<std::string> Wait(Duration limit) {
    std::unique_lock lock(mutex_);
    answered_.wait_for(lock, limit, [this] { return addresses_.has_value(); });
    return addresses_.value_or(known_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<std::vector<std::string>> addresses_;
  std::vector<std::string> known_;
};

// A callback on the client's thread cannot wait for that thread: it asks by itself.
std::vector<std::string> AskHere(const std::string& host, Duration limit) {
  if (!ProbeDescriptors()) return {};
  EventLoop loop;
  SystemNames names(loop);
  std::optional<NameState> state;
  const auto asking = names.book().Ask(host, Duration(0), [&](const NameState& s) { state = s; });
  static_cast<void>(loop.RunUntil([&] { return state.has_value(); }, limit));
  return state ? state->addresses : std::vector<std::string>();
}

}  // namespace

struct ClientThread::Running {
  Running(zk::NativeClientOptions o, std::shared_ptr<SessionFacts> f)
      : options(std::move(o)), facts(std::move(f)) {}

  void Run() noexcept {
    zk::NativeClientOptions with_names = options;
    with_names.names = &names.book();
    client = zk::NewNativeClient(loop, *logger, std::move(with_names));
    session = client->OnSession([this](const zk::SessionEvent&) { facts->Record(*client); });
    contact_timer = loop.NewTimer([this] {
      facts->Record(*client);
      contact_timer->Arm(kContactInterval);
    });
    contact_timer->Arm(kContactInterval);
    loop.Run();
    contact_timer.reset();
    session.reset();
    client.reset();
    askings.clear();
  }

  void Ask(const std::string& host, const std::shared_ptr<Waiting>& waiting) {
    waiting->Suggest(names.book().Known(host));
    const std::uint64_t number = ++last_asking;
    askings[number] = names.book().AskByTtl(host, [this, number, waiting](const NameState& state) {
      waiting->Answer(state.addresses);
      askings.erase(number);
    });
  }

  const zk::NativeClientOptions options;
  const std::shared_ptr<SessionFacts> facts;
  EventLoop loop;
  SystemNames names{loop};
  std::map<std::uint64_t, NameBook::Asking> askings;
  std::uint64_t last_asking = 0;
  std::shared_ptr<Logger> logger = NullLogger();  // a library does not log
  std::unique_ptr<zk::Client> client;
  Subscription session;
  std::unique_ptr<Timer> contact_timer;
};

ClientThread::ClientThread(std::string root, std::optional<Error> cannot_restrict)
    : root_(std::move(root)), cannot_restrict_(std::move(cannot_restrict)) {}

Result<std::shared_ptr<ClientThread>> ClientThread::Open(const ClientOptions& options) {
  zk::NativeClientOptions native;
  auto servers = zk::ParseServers(options.zookeeper);
  if (!servers) return Fail(servers.error().Within("zookeeper"));
  native.servers = std::move(*servers);
  if (const auto valid = ValidateRoot(options.root); !valid) {
    return Fail(valid.error().Within("root"));
  }
  using std::chrono::seconds, std::chrono::minutes;
  if (options.session_timeout < seconds(1) || options.session_timeout > minutes(1)) {
    return Fail(ErrorCode::kInvalid, "session_timeout: must be 1 s to 1 min");
  }
  native.session_timeout = options.session_timeout;
  auto identity = zk::LoadIdentity(options.access_file, false, options.root);
  if (!identity) return Fail(identity.error());
  std::optional<Error> cannot_restrict;
  if (options.restricted && !options.access_file.empty()) {
    // Passwords suffice to follow a cluster; only a Manager needs more.
    auto restricted = zk::LoadIdentity(options.access_file, true, options.root);
    if (restricted) {
      identity = std::move(restricted);
    } else {
      cannot_restrict = restricted.error();
    }
  }
  native.identity = *std::move(identity);
  std::shared_ptr<ClientThread> thread(new ClientThread(options.root, std::move(cannot_restrict)));
  if (const auto started = thread->Start(std::move(native)); !started) {
    return Fail(started.error());
  }
  return thread;
}

Result<void> ClientThread::Start(zk::NativeClientOptions options) {
  if (const auto enough = ProbeDescriptors(); !enough) return enough;
  // Signals belong to the program's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<void> result;
  try {
    running_ = std::make_shared<Running>(std::move(options), facts_);
    started_by_ = ::getpid();
    thread_ = std::thread([running = running_] { running->Run(); });
  } catch (const std::exception& problem) {
    result = Fail(ErrorCode::kUnavailable, std::string("start a thread: ") + problem.what());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

ClientThread::~ClientThread() {
  if (!thread_.joinable()) return;
  const bool is_own = IsCurrent();
  running_->loop.Post(
      [running = running_.get()] { running->client->Close([running] { running->loop.Stop(); }); });
  if (is_own) {
    thread_.detach();  // it cannot wait for itself; it keeps what it runs on until it ends
  } else {
    thread_.join();
  }
}

void ClientThread::Post(Task task) {
  running_->loop.Post([running = running_.get(), task = std::move(task)] {
    task(running->loop, *running->client);
  });
}

std::vector<std::string> ClientThread::AddressesOf(const std::string& host, Duration limit) const {
  if (IsCurrent()) return AskHere(host, limit);
  const auto waiting = std::make_shared<Waiting>();
  running_->loop.Post([running = running_.get(), host, waiting] { running->Ask(host, waiting); });
  return waiting->Wait(limit);
}

bool ClientThread::IsCurrent() const {
  return thread_.get_id() == std::this_thread::get_id();
}

bool ClientThread::is_foreign() const {
  return started_by_ != -1 && started_by_ != ::getpid();
}

Result<void> ClientThread::CheckWait(const char* what) const {
  if (is_foreign()) {
    return Fail(ErrorCode::kUnavailable,
                std::string("this ") + what + " belongs to the parent process");
  }
  if (IsCurrent()) {
    return Fail(
        ErrorCode::kInvalid,
        std::string("this ") + what + " cannot be waited for within a callback of its own client");
  }
  return {};
}

void Release(std::shared_ptr<ClientThread> reference) {
  if (reference && reference->is_foreign()) {
    static_cast<void>(new std::shared_ptr<ClientThread>(std::move(reference)));
  }
}

}  // namespace zkcluster
