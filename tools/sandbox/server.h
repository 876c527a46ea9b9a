// What every private server has in common: a folder of its own, an address that stays the same for
// life, and a process that is started, stopped, killed and paused. Base of ZooKeeperServer and
// RedisServer (sandbox.h). Throws std::runtime_error with what is missing or with the tail of the
// log. One thread at a time (see process.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "tools/sandbox/process.h"

namespace zkcluster::sandbox {

inline constexpr const char* kLoopback = "127.0.0.1";

// Where a server runs and listens.
struct Place {
  std::string host = "127.0.0.1";  // an IPv4 literal that the starting process can reach
  int network_namespace = -1;      // see SpawnOptions
};

// The folder, port and address survive Stop, Kill and Start.
class PrivateServer {
 public:
  virtual ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const;  // "127.0.0.1:port"
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path log() const;
  [[nodiscard]] pid_t pid() const;  // -1 when stopped
  [[nodiscard]] bool running();

  void Start();  // does nothing when it runs
  void Stop();
  void Kill();
  void Pause();  // SIGSTOP: connections stay open, nothing is answered
  void Resume();

 protected:
  // `name` is for folders and messages. `port` 0: a free one; REQUIRES a place on loopback.
  PrivateServer(std::string name, Place place, std::uint16_t port);

  // Why it cannot be started on this machine; empty: it can.
  [[nodiscard]] virtual std::string WhyNot() const = 0;
  // Writes its configuration for port() and returns how it is run.
  virtual SpawnOptions Prepare() = 0;
  // True when it answers as it should. Called repeatedly after the start, until it does.
  virtual bool Answers() = 0;

 private:
  bool AwaitReady();

  const std::string name_;
  const Place place_;
  std::uint16_t port_;
  TempFolder folder_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace zkcluster::sandbox
