// The requests of a NativeHandle: the verbs, the library's answers, and its watch events.
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "zk/native_acl.h"
#include "zk/native_call.h"
#include "zk/native_errors.h"
#include "zk/native_library.h"

namespace zkcluster::zk {
namespace {

Stat FromLibrary(const ::Stat& stat) {
  return Stat{.czxid = stat.czxid,
              .mzxid = stat.mzxid,
              .pzxid = stat.pzxid,
              .version = stat.version,
              .children_version = stat.cversion,
              .ephemeral_owner = stat.ephemeralOwner,
              .num_children = stat.numChildren,
              .modified = std::chrono::milliseconds(stat.mtime)};
}

int ModeOf(CreateMode mode) {
  switch (mode) {
    case CreateMode::kPersistent:
      return ZOO_PERSISTENT;
    case CreateMode::kEphemeral:
      return ZOO_EPHEMERAL;
    case CreateMode::kPersistentSequential:
      return ZOO_PERSISTENT_SEQUENTIAL;
    case CreateMode::kEphemeralSequential:
      return ZOO_EPHEMERAL_SEQUENTIAL;
  }
  const bool known_mode = false;
  ZKC_CHECK(known_mode);
  return ZOO_PERSISTENT;
}

int LengthOf(const std::string& data) {
  return static_cast<int>(data.size());  // below kMaxRequestBytes
}

}  // namespace

template <class T, class E>
struct NativeHandle::TypedCall : Call {
  using Done = std::function<void(Result<T, E>)>;
  TypedCall(NativeHandle& h, std::string w, Done d) : Call(h, std::move(w)), done(std::move(d)) {}
  void Fail(const Error& error) override { Answer(zkcluster::Fail(error)); }
  void Answer(Result<T, E> result) {
    handle.inbox_.push_back([done = std::move(done), result = std::move(result)] { done(result); });
  }
  // The server wrote this stat for this call.
  void Stamped(const ::Stat& stat) const {
    handle.clock_.Observe(sent, handle.loop_.Now(), std::chrono::milliseconds(stat.mtime));
  }
  Done done;
};

// The library writes into these while it reads the answer.
struct NativeHandle::MultiCall final : TypedCall<std::vector<OpResult>, OpError> {
  MultiCall(NativeHandle& h, std::vector<Op> o, MultiCallback d)
      : TypedCall(h, "multi", std::move(d)),
        ops(std::move(o)),
        acls(ops.size()),
        requests(ops.size()),
        results(ops.size()),
        stats(ops.size()),
        paths(ops.size()) {
    std::memset(results.data(), 0, results.size() * sizeof(zoo_op_result_t));
    for (std::size_t i = 0; i < ops.size(); ++i) Prepare(i);
  }

  void Prepare(std::size_t i) {
    zoo_op_t* request = &requests[i];
    if (const auto* check = std::get_if<CheckOp>(&ops[i])) {
      zoo_check_op_init(request, check->path.c_str(), check->version);
    } else if (const auto* create = std::get_if<CreateOp>(&ops[i])) {
      paths[i].resize(create->path.size() + 16);  // "-2147483648" and the end of the string
      acls[i] = LibraryAcl(handle.acl_, create->path);
      zoo_create_op_init(request, create->path.c_str(), create->data.data(), LengthOf(create->data),
                         acls[i].get(), ModeOf(create->mode), paths[i].data(), LengthOf(paths[i]));
    } else if (const auto* set = std::get_if<SetOp>(&ops[i])) {
      zoo_set_op_init(request, set->path.c_str(), set->data.data(), LengthOf(set->data),
                      set->version, &stats[i]);
    } else if (const auto* remove = std::get_if<DeleteOp>(&ops[i])) {
      zoo_delete_op_init(request, remove->path.c_str(), remove->version);
    }
  }

  // The operation that failed: those before it say "ok", those after it "runtime inconsistency".
  [[nodiscard]] std::optional<std::size_t> FailedOp() const {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].err != ZOK && results[i].err != ZRUNTIMEINCONSISTENCY) return i;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<OpResult> TakeResults() const {
    std::vector<OpResult> taken(ops.size());
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (std::holds_alternative<CreateOp>(ops[i])) taken[i].created_path = paths[i].c_str();
      if (!std::holds_alternative<SetOp>(ops[i])) continue;
      taken[i].version = stats[i].version;
      taken[i].modified = std::chrono::milliseconds(stats[i].mtime);
    }
    return taken;
  }

  const std::vector<Op> ops;
  std::vector<LibraryAcl> acls;
  std::vector<zoo_op_t> requests;
  std::vector<zoo_op_result_t> results;
  std::vector<::Stat> stats;
  std::vector<std::string> paths;
};

// The functions that the library calls. On failure their pointers are null.
struct NativeHandle::Completions {
  template <class T, class E = Error>
  static TypedCall<T, E>& Of(const void* context) {
    return *static_cast<TypedCall<T, E>*>(static_cast<Call*>(const_cast<void*>(context)));
  }

  static void OnNode(int rc, const char* data, int length, const ::Stat* stat,
                     const void* context) {
    auto& call = Of<Node>(context);
    if (rc == ZOK) call.handle.watches_.Add(call.path, false, call.watch);
    call.handle.Finish(call, rc, [&] {
      return Node{
          data == nullptr || length <= 0 ? "" : std::string(data, static_cast<std::size_t>(length)),
          FromLibrary(*stat)};
    });
  }

  static void OnExists(int rc, const ::Stat* stat, const void* context) {
    auto& call = Of<std::optional<Stat>>(context);
    if (rc == ZOK || rc == ZNONODE) call.handle.watches_.Add(call.path, false, call.watch);
    if (rc == ZNONODE) {
      call.handle.Finish(call, ZOK, [] { return std::optional<Stat>(); });
    } else {
      call.handle.Finish(call, rc, [&] { return std::optional<Stat>(FromLibrary(*stat)); });
    }
  }

  static void OnChildren(int rc, const String_vector* names, const void* context) {
    auto& call = Of<std::vector<std::string>>(context);
    if (rc == ZOK) call.handle.watches_.Add(call.path, true, call.watch);
    call.handle.Finish(call, rc, [&] {
      return std::vector<std::string>(names->data, names->data + names->count);
    });
  }

  static void OnPath(int rc, const char* path, const void* context) {
    auto& call = Of<std::string>(context);
    call.handle.Finish(call, rc, [&] { return std::string(path); });
  }

  static void OnSync(int rc, const char*, const void* context) {
    auto& call = Of<void>(context);
    call.handle.Finish(call, rc, [] {});
  }

  static void OnStat(int rc, const ::Stat* stat, const void* context) {
    auto& call = Of<Stat>(context);
    if (rc == ZOK) call.Stamped(*stat);
    call.handle.Finish(call, rc, [&] { return FromLibrary(*stat); });
  }

  static void OnDone(int rc, const void* context) {
    auto& call = Of<void>(context);
    call.handle.Finish(call, rc, [] {});
  }

  static void OnMulti(int rc, const void* context) {
    auto& call = static_cast<MultiCall&>(Of<std::vector<OpResult>, OpError>(context));
    for (std::size_t i = 0; rc == ZOK && i < call.ops.size(); ++i) {
      if (std::holds_alternative<SetOp>(call.ops[i])) call.Stamped(call.stats[i]);
    }
    call.handle.Finish(call, rc, [&] { return call.TakeResults(); });
  }

  // The one watcher for everything. Session events are unreliable and ignored: the handle's state
  // is read instead.
  static void OnEvent(zhandle_t*, int type, int, const char* path, void* context) {
    auto& handle = *static_cast<NativeHandle*>(context);
    WatchEvent event{WatchKind::kChanged, path == nullptr ? "" : path};
    if (type == ZOO_CREATED_EVENT) {
      event.kind = WatchKind::kCreated;
    } else if (type == ZOO_DELETED_EVENT) {
      event.kind = WatchKind::kDeleted;
    } else if (type == ZOO_CHANGED_EVENT) {
      event.kind = WatchKind::kChanged;
    } else if (type == ZOO_CHILD_EVENT) {
      event.kind = WatchKind::kChildren;
    } else {
      return;
    }
    for (Watch& watch : handle.watches_.Take(event)) {
      handle.inbox_.push_back([watch = std::move(watch), event] {
        // Locked only now: the function before it may have released this one.
        if (const auto function = watch.lock()) (*function)(event);
      });
    }
  }
};

template <class C>
C& NativeHandle::Begin(std::unique_ptr<C> call) {
  C& reference = *call;
  reference.position = calls_.insert(calls_.end(), std::move(call));
  return reference;
}

void NativeHandle::Begun(Call& call, int rc) {
  if (!has_socket()) fd_ = -1;
  if (rc == ZOK) return;
  // Out of memory within the call: the library may or may not call back.
  ZKC_CHECK(rc != ZMARSHALLINGERROR);
  // Refused on the spot, so nothing was sent and no completion will come.
  call.Fail(TranslateError(rc, call.what));
  calls_.erase(call.position);
}

template <class T, class E, class Take>
void NativeHandle::Finish(TypedCall<T, E>& call, int rc, Take take) {
  if (IsAnswer(rc)) newest_answer_ = std::max(newest_answer_, call.sent);
  if (rc != ZOK) {
    E error{TranslateError(rc, call.what)};
    if constexpr (std::is_same_v<E, OpError>) {
      if (IsAnswer(rc)) error.failed_op = static_cast<MultiCall&>(call).FailedOp();
    }
    call.Answer(Failure<E>{std::move(error)});
  } else if constexpr (std::is_void_v<T>) {
    call.Answer({});
  } else {
    call.Answer(take());
  }
  calls_.erase(call.position);
}

void NativeHandle::Get(const std::string& path, Watch watch, Callback<Node> done) {
  const InLibrary scope(logger_);
  auto& call = Begin(std::make_unique<TypedCall<Node>>(*this, "get " + path, std::move(done)));
  call.path = path;
  const bool watched = !watch.expired();
  call.watch = std::move(watch);
  Begun(call, zoo_awget(zh_, path.c_str(), watched ? &Completions::OnEvent : nullptr, this,
                        &Completions::OnNode, static_cast<Call*>(&call)));
}

void NativeHandle::Exists(const std::string& path, Watch watch,
                          Callback<std::optional<Stat>> done) {
  const InLibrary scope(logger_);
  auto& call = Begin(
      std::make_unique<TypedCall<std::optional<Stat>>>(*this, "exists " + path, std::move(done)));
  call.path = path;
  const bool watched = !watch.expired();
  call.watch = std::move(watch);
  Begun(call, zoo_awexists(zh_, path.c_str(), watched ? &Completions::OnEvent : nullptr, this,
                           &Completions::OnExists, static_cast<Call*>(&call)));
}

void NativeHandle::Children(const std::string& path, Watch watch,
                            Callback<std::vector<std::string>> done) {
  const InLibrary scope(logger_);
  auto& call = Begin(std::make_unique<TypedCall<std::vector<std::string>>>(
      *this, "children of " + path, std::move(done)));
  call.path = path;
  const bool watched = !watch.expired();
  call.watch = std::move(watch);
  Begun(call, zoo_awget_children(zh_, path.c_str(), watched ? &Completions::OnEvent : nullptr, this,
                                 &Completions::OnChildren, static_cast<Call*>(&call)));
}

void NativeHandle::Create(const std::string& path, const std::string& data, CreateMode mode,
                          Callback<std::string> done) {
  const InLibrary scope(logger_);
  auto& call =
      Begin(std::make_unique<TypedCall<std::string>>(*this, "create " + path, std::move(done)));
  const LibraryAcl acl(acl_, path);
  Begun(call, zoo_acreate(zh_, path.c_str(), data.data(), LengthOf(data), acl.get(), ModeOf(mode),
                          &Completions::OnPath, static_cast<Call*>(&call)));
}

void NativeHandle::Set(const std::string& path, const std::string& data, Version version,
                       Callback<Stat> done) {
  const InLibrary scope(logger_);
  auto& call = Begin(std::make_unique<TypedCall<Stat>>(*this, "set " + path, std::move(done)));
  Begun(call, zoo_aset(zh_, path.c_str(), data.data(), LengthOf(data), version,
                       &Completions::OnStat, static_cast<Call*>(&call)));
}

void NativeHandle::Delete(const std::string& path, Version version, Callback<void> done) {
  const InLibrary scope(logger_);
  auto& call = Begin(std::make_unique<TypedCall<void>>(*this, "delete " + path, std::move(done)));
  Begun(call,
        zoo_adelete(zh_, path.c_str(), version, &Completions::OnDone, static_cast<Call*>(&call)));
}

void NativeHandle::Multi(std::vector<Op> ops, MultiCallback done) {
  const InLibrary scope(logger_);
  auto& call = Begin(std::make_unique<MultiCall>(*this, std::move(ops), std::move(done)));
  // Checked directly before the call: on an expired handle zoo_amulti frees
  // an uninitialised pointer.
  if (is_unrecoverable(zh_) != ZOK) return Begun(call, ZSESSIONEXPIRED);
  Begun(call, zoo_amulti(zh_, static_cast<int>(call.requests.size()), call.requests.data(),
                         call.results.data(), &Completions::OnMulti, static_cast<Call*>(&call)));
}

void NativeHandle::ResetAcl(const std::string& path, Callback<void> done) {
  const InLibrary scope(logger_);
  auto& call =
      Begin(std::make_unique<TypedCall<void>>(*this, "set the list of " + path, std::move(done)));
  const LibraryAcl acl(acl_, path);
  // The library only reads the list, but its signature lacks the const.
  Begun(call, zoo_aset_acl(zh_, path.c_str(), -1, const_cast<ACL_vector*>(acl.get()),
                           &Completions::OnDone, static_cast<Call*>(&call)));
}

void NativeHandle::Sync(const std::string& path, Callback<void> done) {
  const InLibrary scope(logger_);
  auto& call = Begin(std::make_unique<TypedCall<void>>(*this, "sync " + path, std::move(done)));
  Begun(call, zoo_async(zh_, path.c_str(), &Completions::OnSync, static_cast<Call*>(&call)));
}

}  // namespace zkcluster::zk
