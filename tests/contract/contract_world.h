// The world in which the contract of zk::Client is judged: a server, clients of it, and the
// disturbances that the contract speaks of. The cases (contract_*.cc) know only this; each
// program that runs them links one implementation of NewContractWorld: fake_world.cc
// (FakeEnsemble) or native_world.cc (a real ZooKeeper behind one small TCP proxy per client).
// Used from the main thread only.
#pragma once

#include <zkcluster/time.h>
#include <functional>
#include <memory>
#include <string>

#include "zk/client.h"

namespace zkcluster::contract {

class ContractWorld {
 public:
  virtual ~ContractWorld() = default;

  // A client that has begun to connect, with a session timeout of session_timeout(). It must be
  // destroyed before the world.
  virtual std::unique_ptr<zk::Client> NewClient(const zk::Identity& identity = {}) = 0;
  // Short, so that cases end soon, yet within what the server grants: 1 s to 4 s.
  [[nodiscard]] virtual Duration session_timeout() const = 0;
  // An existing persistent znode without children that no other case uses, e.g. "/contract-17".
  [[nodiscard]] virtual std::string root() const = 0;

  // A client of another process, without a proxy between it and the server: it cannot be disturbed.
  virtual std::unique_ptr<zk::Client> NewNeighbour() = 0;
  // A client like that of NewClient that only Stall can disturb.
  virtual std::unique_ptr<zk::Client> NewPlainClient() = 0;
  // Stops the process of all clients but the neighbours for `duration`, as by SIGSTOP. What the
  // server and the neighbours do meanwhile arrives, and is not read.
  virtual void Stall(Duration duration) = 0;

  // Runs the loop of the clients until `done` returns true, or `limit` has passed. Returns which.
  virtual bool RunUntil(const std::function<bool()>& done, Duration limit) = 0;
  bool RunUntil(const std::function<bool()>& done) {
    return RunUntil(done, std::chrono::seconds(30));
  }
  virtual void RunFor(Duration duration) = 0;

  // Disturbances. None runs the loop or calls back, except where it says "may run the loop".

  // The connection of `client` breaks now, as by a reset, and none can be made until Mend. Its
  // session lives on at the server for up to its timeout.
  virtual void Break(zk::Client& client) = 0;
  // From now on nothing passes between client and server in either direction, though the connection
  // remains open: bytes are silently lost. Ended by Break or Mend (which then breaks the
  // connection: bytes are missing in it).
  void Mute(zk::Client& client) {
    MuteToServer(client);
    MuteToClient(client);
  }
  // The same in one direction only.
  virtual void MuteToServer(zk::Client& client) = 0;
  virtual void MuteToClient(zk::Client& client) = 0;
  // Connections can be made again.
  virtual void Mend(zk::Client& client) = 0;
  // The next verb but `after` of `client` reaches the server and takes effect; instead of its answer
  // the connection breaks. A new connection can be made at once.
  virtual void LoseAnswer(zk::Client& client, int after) = 0;
  void LoseNextAnswer(zk::Client& client) { LoseAnswer(client, 0); }
  // When this returns the session has ended at the server; the client may connect and has yet to
  // learn of the end. May run the loop.
  virtual void ExpireSession(zk::Client& client) = 0;
  // The whole ensemble. Sessions survive a stop that is short. May run the loop.
  virtual void StopServer() = 0;
  virtual void StartServer() = 0;
};

// A fresh world. An expensive server may be shared between worlds: root() differs.
std::unique_ptr<ContractWorld> NewContractWorld();

}  // namespace zkcluster::contract
