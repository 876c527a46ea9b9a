#include "tools/sandbox/server.h"

#include <signal.h>

#include <stdexcept>
#include <utility>

namespace zkcluster::sandbox {
namespace {

// A loaded machine may need this long; servers are usually up within a second.
constexpr Duration kAnswerLimit = std::chrono::seconds(30);
constexpr int kPortTries = 5;

}  // namespace

PrivateServer::PrivateServer(std::string name, Place place, std::uint16_t port)
    : name_(std::move(name)), place_(std::move(place)), port_(port), folder_("zkc-" + name_) {}

PrivateServer::~PrivateServer() = default;

std::string PrivateServer::address() const {
  return place_.host + ":" + std::to_string(port_);
}
std::filesystem::path PrivateServer::log() const {
  return folder() / (name_ + ".log");
}
pid_t PrivateServer::pid() const {
  return process_ ? process_->pid() : -1;
}
bool PrivateServer::running() {
  return process_ && process_->running();
}

void PrivateServer::Start() {
  if (running()) return;
  if (const std::string why = WhyNot(); !why.empty()) throw std::runtime_error(why);
  // Clients know its address: a later start uses the same port or fails.
  const bool fixed = port_ != 0;
  for (int attempt = 1;; ++attempt) {
    if (!fixed) port_ = FreePort();
    SpawnOptions options = Prepare();
    options.output = log();
    options.folder = folder();
    options.network_namespace = place_.network_namespace;
    process_.reset();
    process_ = std::make_unique<ChildProcess>(options);
    if (AwaitReady()) return;
    if (fixed || attempt == kPortTries) {
      throw std::runtime_error(name_ + " did not start at " + address() + "; its log ends with:\n" +
                               Tail(log()));
    }
  }
}

bool PrivateServer::AwaitReady() {
  bool answered = false;
  static_cast<void>(WaitUntil(
      [&] {
        answered = Answers();
        return answered || !running();
      },
      kAnswerLimit));
  return answered && running();
}

void PrivateServer::Stop() {
  if (process_) process_->Stop();
  process_.reset();
}
void PrivateServer::Kill() {
  process_.reset();
}
void PrivateServer::Pause() {
  if (process_) process_->Signal(SIGSTOP);
}
void PrivateServer::Resume() {
  if (process_) process_->Signal(SIGCONT);
}

}  // namespace zkcluster::sandbox
