// The second seam: a session with the ensemble and nine asynchronous verbs, in domain values.
// In production it is a NativeClient (the single-threaded C client), in tests a client of
// FakeEnsemble. The contract tests in tests/contract check both against the text here.
//
// Loop-bound. Calls never block and never call back before they return. Each callback runs
// exactly once, unless the Client is destroyed first: then never. Answers and watch events of one
// session come in the order of the ensemble's changes: nobody sees a new value before the event
// that announces it.
//
// Sessions come and go by themselves: after kLost the client opens a new one. A verb called in a
// state other than kConnected fails with kUnavailable and certainly has no effect; nothing is
// queued, and nothing is ever re-sent on another session. A verb under way when the connection
// breaks fails with kUnknownOutcome: it may have taken effect, and may even still take effect until
// the session ends.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/session.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/listeners.h"
#include "zk/acl.h"
#include "zk/errors.h"

namespace zkcluster::zk {

struct Stat {
  std::int64_t czxid = 0;    // transaction that created the znode: differs between incarnations
  std::int64_t mzxid = 0;    // transaction that last changed its data
  std::int64_t pzxid = 0;    // transaction that last changed its children
  std::int32_t version = 0;  // of the data; grows by one with each change
  std::int32_t children_version = 0;
  std::int64_t ephemeral_owner = 0;  // session id; 0: persistent
  std::int32_t num_children = 0;
  Micros modified{0};  // the server's wall clock
  // Whether a session owns it, so that it ends with that session. A candidate, a ballot or a Go
  // registration without an owner is a ghost: no process made it, and it never ends by itself. (The
  // second number marks a container inside of the server; 3.8 shows 0 instead.)
  [[nodiscard]] constexpr bool has_owner() const {
    return ephemeral_owner != 0 && ephemeral_owner != std::numeric_limits<std::int64_t>::min();
  }
  bool operator==(const Stat&) const = default;
};

struct Node {
  std::string data;
  Stat stat;
  bool operator==(const Node&) const = default;
};

enum class CreateMode { kPersistent, kEphemeral, kPersistentSequential, kEphemeralSequential };

// A version to guard by: a check, a set or a delete fails unless the znode has it.
using Version = std::int32_t;
// No guard but existence. A leader's decisions never use it, or a deposed leader could overwrite
// its successor's. It is right where the version does not matter: to check that a znode exists, to
// set a znode only so that its version grows (`votes`), and to delete a znode that nobody else can
// own (a candidate: its name is never used again) or that is deleted together with its parent.
inline constexpr Version kAnyVersion = -1;

struct CheckOp {
  std::string path;
  Version version;
};
struct CreateOp {
  std::string path;
  std::string data;
  CreateMode mode = CreateMode::kPersistent;
};
struct SetOp {
  std::string path;
  std::string data;
  Version version;
};
struct DeleteOp {
  std::string path;
  Version version;
};
using Op = std::variant<CheckOp, CreateOp, SetOp, DeleteOp>;

struct OpResult {
  std::string created_path;  // of a CreateOp: with the sequence number
  Version version = 0;       // of a SetOp: the new version
  Micros modified{0};        // of a SetOp: the server's stamp
  bool operator==(const OpResult&) const = default;
};

enum class WatchKind { kCreated, kDeleted, kChanged, kChildren };
struct WatchEvent {
  WatchKind kind;
  std::string path;
};
// A watch fires at most once and is set again by the next read that carries it. It is a hint to
// read again, no more. It survives reconnects and dies silently with its session. The owner
// keeps the function alive while it wants to be called; the same function set twice on one
// path fires once.
using WatchFunction = std::function<void(const WatchEvent&)>;
using Watch = std::weak_ptr<WatchFunction>;

struct SessionEvent {
  SessionState state;
  std::int64_t session_id;   // of the session it is about; 0: none yet
  std::uint64_t generation;  // 1, 2, 3 ...: grows with each new session
};

// Who a client is to the ensemble: the credentials that it presents, and the lists that it gives
// to its znodes.
struct Identity {
  // "user:password" each, sent first on each connection.
  std::vector<std::string> credentials;
  AclFunction acl;  // of every znode it creates
  // Files "authorities,certificate,key" in PEM, for TLS; empty: in the clear.
  std::string tls;
};

template <class T>
using Callback = std::function<void(Result<T>)>;
using MultiResult = Result<std::vector<OpResult>, OpError>;
using MultiCallback = std::function<void(MultiResult)>;

// The largest request ever sent, in bytes of paths and data; above it a verb fails with kTooLarge.
// The server drops a connection that sends 1,048,576 or more, without an answer.
inline constexpr std::size_t kMaxRequestBytes = 1'000'000;

class Client {
 public:
  virtual ~Client() = default;

  // Errors of every verb: kUnavailable, kUnknownOutcome, kSessionLost (it ended while the verb was
  // under way), kDenied, kInvalid (malformed path), kTooLarge.

  // Data of a znode. kNotFound: the watch is then *not* set; use Exists.
  virtual void Get(const std::string& path, Watch watch, Callback<Node> done) = 0;
  // Empty when absent; the watch is set in both cases.
  virtual void Exists(const std::string& path, Watch watch, Callback<std::optional<Stat>> done) = 0;
  // Names without path, in no order. kNotFound: the watch is not set.
  virtual void Children(const std::string& path, Watch watch,
                        Callback<std::vector<std::string>> done) = 0;
  // The path created. kExists, kNotFound (no parent).
  virtual void Create(const std::string& path, std::string data, CreateMode mode,
                      Callback<std::string> done) = 0;
  // kConflict (another version), kNotFound.
  virtual void Set(const std::string& path, std::string data, Version version,
                   Callback<Stat> done) = 0;
  // kConflict, kNotFound, kNotEmpty.
  virtual void Delete(const std::string& path, Version version, Callback<void> done) = 0;
  // All or nothing, at one moment. The error is that of the failed operation and says which one it
  // is; the error of a request that the client refuses to send names none.
  virtual void Multi(std::vector<Op> ops, MultiCallback done) = 0;
  // Gives an existing znode the list that this client would give it when creating it. Its
  // version stays. kNotFound.
  virtual void ResetAcl(const std::string& path, Callback<void> done) = 0;
  // Reads after it see everything committed before it was called.
  virtual void Sync(const std::string& path, Callback<void> done) = 0;

  // Judged at each call, also by the monotonic clock: after a stop longer than its lease a process
  // reads kSuspended or kLost here before any event says so.
  [[nodiscard]] virtual SessionState state() const = 0;
  [[nodiscard]] virtual std::int64_t session_id() const = 0;  // 0: none
  [[nodiscard]] virtual std::uint64_t generation() const = 0;
  [[nodiscard]] virtual Duration session_timeout() const = 0;  // as negotiated
  // When the ensemble was last known to have answered; TimePoint::min(): never.
  [[nodiscard]] virtual TimePoint last_contact() const = 0;
  // The ensemble's wall clock now, by the stamps of this client's own writes (Set, and each SetOp
  // of a multi); nothing before the first. See server_clock.h.
  [[nodiscard]] virtual std::optional<Micros> server_time() const = 0;

  // Called at each change of state, in order, never from within a verb.
  [[nodiscard]] virtual Subscription OnSession(
      std::function<void(const SessionEvent&)> listener) = 0;

  // Ends the session in good order, its ephemerals gone at once, and calls `done` (also when the
  // ensemble does not answer: after at most 2 s). No verb may be called afterwards.
  virtual void Close(std::function<void()> done) = 0;
};

}  // namespace zkcluster::zk
