#include "client/spec_editor.h"

#include <algorithm>

#include "client/editor_call.h"
#include "client/spec_read.h"
#include "model/codec.h"

namespace zkcluster {
namespace {

std::size_t RequestBytes(const std::vector<zk::Op>& ops) {
  std::size_t bytes = 0;
  for (const auto& op : ops) {
    if (const auto* create = std::get_if<zk::CreateOp>(&op)) {
      bytes += create->path.size() + create->data.size();
    } else if (const auto* set = std::get_if<zk::SetOp>(&op)) {
      bytes += set->path.size() + set->data.size();
    }
  }
  return bytes;
}

Result<void> CheckSize(const std::vector<zk::Op>& ops) {
  const std::size_t bytes = RequestBytes(ops);
  if (bytes <= zk::kMaxRequestBytes) return {};
  return Fail(ErrorCode::kTooLarge, "the spec needs " + std::to_string(bytes) +
                                        " bytes in ZooKeeper; at most " +
                                        std::to_string(zk::kMaxRequestBytes) + " can be sent");
}

bool IsDecimal(const std::string& text) {
  return !text.empty() && text.size() <= 20 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Holds these very payloads: nobody else's, when the version among them is our own clock's.
bool Holds(const RawSpec& raw, const SpecPayloads& payloads) {
  return raw.base && raw.shards && raw.options && raw.base->data == payloads.version &&
         raw.shards->data == payloads.shards && raw.options->data == payloads.options;
}

}  // namespace

// --- Call ---

void SpecEditor::Call::Start() {
  // Both hold this call only as long as it holds them.
  timer_ = loop_.NewTimer([this] { Resume(); });
  session_ = client_.OnSession([this](const zk::SessionEvent& event) {
    if (waiting_ && event.state == SessionState::kConnected) Resume();
  });
  RunAgainAfter(Duration(0));
}

void SpecEditor::Call::Resume() {
  const auto self = shared_from_this();
  if (finished_) return;
  waiting_ = client_.state() != SessionState::kConnected;
  if (!waiting_) Run();
}

std::shared_ptr<SpecEditor::Call> SpecEditor::Call::Leave() {
  finished_ = true;
  timer_->Cancel();
  auto self = shared_from_this();
  std::erase(editor_.calls_, self);
  return self;
}

Error SpecEditor::Call::AbandonError() const {
  if (in_doubt_) {
    return {ErrorCode::kUnknownOutcome,
            "ZooKeeper did not answer in time: the change may have been made, or may not"};
  }
  return {ErrorCode::kUnavailable, "no ZooKeeper server answered in time"};
}

// --- Get ---

class SpecEditor::GetCall final : public SpecEditor::Call {
 public:
  GetCall(SpecEditor& editor, const std::string& name, Done<StoredSpec> done)
      : Call(editor), paths_(editor.root_, name), done_(std::move(done)) {}
  void Abandon() override { Finish<StoredSpec>(done_, Fail(AbandonError())); }

 private:
  void Run() override {
    ReadRawSpec(client_, paths_, Guard([this](Result<RawSpec> raw) {
                  if (!raw && IsTransient(raw.error())) return RunAgain();
                  if (!raw) return Finish<StoredSpec>(done_, Fail(raw.error()));
                  Finish<StoredSpec>(done_, DecodeStoredSpec(paths_.name(), *raw));
                }));
  }

  ClusterPaths paths_;
  Done<StoredSpec> done_;
};

// --- List ---

class SpecEditor::ListCall final : public SpecEditor::Call {
 public:
  using Names = std::vector<std::string>;
  ListCall(SpecEditor& editor, Done<Names> done) : Call(editor), done_(std::move(done)) {}
  void Abandon() override { Finish<Names>(done_, Fail(AbandonError())); }

 private:
  static constexpr std::size_t kWindow = 64;  // reads under way at once

  void Run() override {
    ++round_;
    names_.clear();
    found_.clear();
    next_ = 0;
    reading_ = 0;
    client_.Sync(root_, [](const Result<std::monostate>&) {});
    client_.Children(root_, {}, Guard([this](Result<Names> names) {
                       if (!names && IsTransient(names.error())) return RunAgain();
                       if (!names && names.error().code == ErrorCode::kNotFound) return End();
                       if (!names)
                         return Finish<Names>(done_, Fail(names.error().Within("list " + root_)));
                       names_ = std::move(*names);
                       std::erase_if(
                           names_, [](const auto& name) { return !ValidateName("cluster", name); });
                       std::sort(names_.begin(), names_.end());
                       ReadMore();
                     }));
  }

  void ReadMore() {
    while (next_ < names_.size() && reading_ < kWindow) {
      const std::string name = names_[next_++];
      ++reading_;
      client_.Get(ClusterPaths(root_, name).base(), {},
                  Guard([this, name, round = round_](Result<zk::Node> base) {
                    if (round != round_) return;
                    if (base && !IsDecimal(base->data)) return LookForShards(name);
                    Judged(name, base.map([](const auto&) { return true; }));
                  }));
    }
    if (reading_ == 0) End();
  }

  // Under a root shared with others (`/zookeeper` beside the clusters) not every znode is a
  // cluster; but a cluster whose version somebody spoiled must not vanish from the list.
  void LookForShards(const std::string& name) {
    client_.Exists(ClusterPaths(root_, name).shards(), {},
                   Guard([this, name, round = round_](Result<std::optional<zk::Stat>> shards) {
                     if (round != round_) return;
                     Judged(name, shards.map([](const auto& stat) { return stat.has_value(); }));
                   }));
  }

  void Judged(const std::string& name, const Result<bool>& is_cluster) {
    --reading_;
    if (is_cluster && *is_cluster) found_.push_back(name);
    if (!is_cluster && is_cluster.error().code != ErrorCode::kNotFound) {
      ++round_;
      if (IsTransient(is_cluster.error())) return RunAgain();
      return Finish<Names>(done_, Fail(is_cluster.error().Within("read " + name)));
    }
    ReadMore();
  }

  void End() {
    std::sort(found_.begin(), found_.end());
    Finish<Names>(done_, found_);
  }

  Done<Names> done_;
  Names names_;
  Names found_;
  std::size_t next_ = 0;
  std::size_t reading_ = 0;
  std::uint64_t round_ = 0;
};

// --- Create ---

class SpecEditor::CreateCall final : public SpecEditor::Call {
 public:
  CreateCall(SpecEditor& editor, const ClusterSpec& spec, Done<std::uint64_t> done)
      : Call(editor),
        paths_(editor.root_, spec.name),
        version_(spec.version),
        payloads_(EncodeSpec(spec)),
        done_(std::move(done)) {}
  void Abandon() override { End(Fail(AbandonError())); }

  [[nodiscard]] std::vector<zk::Op> Ops() const {
    const std::string& name = paths_.name();
    // `localstatus` with the name inside is what the Go manager makes; its checkers need the znode.
    return {zk::CreateOp{paths_.base(), payloads_.version},
            zk::CreateOp{paths_.shards(), payloads_.shards},
            zk::CreateOp{paths_.options(), payloads_.options},
            zk::CreateOp{paths_.go_voters(), name},
            zk::CreateOp{paths_.quorum(), name},
            zk::CreateOp{paths_.election(), name},
            zk::CreateOp{paths_.votes(), name},
            zk::CreateOp{paths_.chunks(), name},
            zk::CreateOp{paths_.events(), name}};
  }

 private:
  static constexpr int kMaxRootTries = 5;

  void Run() override {
    if (lost_) {
      Resolve();
    } else {
      Write();
    }
  }

  void Write() {
    in_doubt_ = true;
    client_.Multi(
        Ops(), Guard([this](Result<std::vector<zk::OpResult>> result) {
          if (result) return End(version_);
          const Error& error = result.error();
          if (error.code == ErrorCode::kUnknownOutcome || error.code == ErrorCode::kSessionLost) {
            lost_ = true;
            return RunAgain();
          }
          in_doubt_ = lost_;
          if (error.code == ErrorCode::kUnavailable) return RunAgain();
          if (error.code == ErrorCode::kExists) {
            // Perhaps by our own first try.
            if (lost_) return Resolve();
            return End(Fail(ErrorCode::kExists, Quoted() + " exists already"));
          }
          if (error.code == ErrorCode::kNotFound && ++root_tries_ <= kMaxRootTries) {
            return MakeRoot(1);
          }
          End(Fail(error.Within("create " + Quoted())));
        }));
  }

  // `from`: where in the root the next part begins.
  void MakeRoot(std::size_t from) {
    if (from >= root_.size()) return Write();
    const std::size_t slash = std::min(root_.find('/', from), root_.size());
    const std::string path = root_.substr(0, slash);
    client_.Create(path, root_.substr(from, slash - from), zk::CreateMode::kPersistent,
                   Guard([this, path, slash](const Result<std::string>& created) {
                     if (created || created.error().code == ErrorCode::kExists)
                       return MakeRoot(slash + 1);
                     if (IsTransient(created.error())) return RunAgain();
                     End(Fail(created.error().Within("create " + path)));
                   }));
  }

  void Resolve() {
    ReadRawSpec(client_, paths_, Guard([this](Result<RawSpec> raw) {
                  if (!raw && IsTransient(raw.error())) return RunAgain();
                  if (!raw) return End(Fail(raw.error()));
                  // Sent again with the same version inside, so that it stays recognisable.
                  if (!raw->base) return Write();
                  if (Holds(*raw, payloads_)) return End(version_);
                  // Never changed since it was created, and not with our bytes: not by us.
                  if (raw->base->stat.version == 0) {
                    return End(Fail(ErrorCode::kExists, Quoted() + " exists already"));
                  }
                  End(Fail(ErrorCode::kUnknownOutcome,
                           "the answer was lost, and " + Quoted() + " has been changed since"));
                }));
  }

  [[nodiscard]] std::string Quoted() const { return "cluster \"" + paths_.name() + "\""; }
  void End(Result<std::uint64_t> result) { Finish(done_, std::move(result)); }

  ClusterPaths paths_;
  std::uint64_t version_;
  SpecPayloads payloads_;
  Done<std::uint64_t> done_;
  int root_tries_ = 0;
};

// --- Update ---

class SpecEditor::UpdateCall final : public SpecEditor::Call {
 public:
  UpdateCall(SpecEditor& editor, ClusterSpec spec, Done<std::uint64_t> done)
      : Call(editor),
        paths_(editor.root_, spec.name),
        spec_(std::move(spec)),
        done_(std::move(done)) {}
  void Abandon() override { End(Fail(AbandonError())); }

 private:
  struct Base {
    std::int64_t czxid;
    zk::Version version;
  };

  void Run() override {
    if (lost_) {
      Resolve();
    } else {
      Read();
    }
  }

  void Read() {
    ReadRawSpec(client_, paths_, Guard([this](Result<RawSpec> raw) {
                  if (!raw && IsTransient(raw.error())) return RunAgain();
                  if (!raw) return End(Fail(raw.error()));
                  Judge(*raw);
                }));
  }

  void Judge(const RawSpec& raw) {
    const auto stored = DecodeStoredSpec(paths_.name(), raw);
    // Undecodable bytes under the right version may be mended; a missing znode may not, as nothing
    // says what else is missing.
    const bool mendable =
        raw.base && raw.shards && raw.options && raw.base->data == std::to_string(spec_.version);
    if (!stored && !mendable) return End(Fail(stored.error()));
    if (stored) {
      if (stored->spec.version != spec_.version) {
        return End(Fail(ErrorCode::kConflict, Quoted() + " has changed: its version is " +
                                                  std::to_string(stored->spec.version) + ", not " +
                                                  std::to_string(spec_.version)));
      }
      if (stored->spec == spec_) return End(spec_.version);
    }
    base_ = Base{raw.base->stat.czxid, raw.base->stat.version};
    ClusterSpec next = spec_;
    next.version =
        std::max(static_cast<std::uint64_t>(std::max<std::int64_t>(loop_.WallNow().count(), 1)),
                 spec_.version + 1);
    version_ = next.version;
    payloads_ = EncodeSpec(next);
    ops_ = {zk::SetOp{paths_.base(), payloads_.version, raw.base->stat.version},
            zk::SetOp{paths_.shards(), payloads_.shards, raw.shards->stat.version},
            zk::SetOp{paths_.options(), payloads_.options, raw.options->stat.version}};
    if (const auto fits = CheckSize(ops_); !fits) return End(Fail(fits.error()));
    Write();
  }

  void Write() {
    in_doubt_ = true;
    client_.Multi(
        ops_, Guard([this](Result<std::vector<zk::OpResult>> result) {
          if (result) return End(version_);
          const Error& error = result.error();
          if (error.code == ErrorCode::kUnknownOutcome || error.code == ErrorCode::kSessionLost) {
            lost_ = true;
            return RunAgain();
          }
          in_doubt_ = lost_;
          if (error.code == ErrorCode::kUnavailable) return RunAgain();
          if (error.code != ErrorCode::kConflict && error.code != ErrorCode::kNotFound) {
            return End(Fail(error.Within("update " + Quoted())));
          }
          if (lost_) return Resolve();
          if (error.code == ErrorCode::kNotFound && error.op_index == 0) {
            return End(Fail(ErrorCode::kNotFound, Quoted() + " was deleted meanwhile"));
          }
          End(Fail(ErrorCode::kConflict, Quoted() + " was changed by somebody else meanwhile"));
        }));
  }

  void Resolve() {
    ReadRawSpec(client_, paths_, Guard([this](Result<RawSpec> raw) {
                  if (!raw && IsTransient(raw.error())) return RunAgain();
                  if (!raw) return End(Fail(raw.error()));
                  Resolved(*raw);
                }));
  }

  // The guard lets exactly one change follow the version read: ours or another.
  void Resolved(const RawSpec& raw) {
    const bool same_cluster = raw.base && raw.base->stat.czxid == base_.czxid;
    if (same_cluster && raw.base->stat.version == base_.version) return Write();
    if (same_cluster && raw.base->stat.version == base_.version + 1) {
      if (Holds(raw, payloads_)) return End(version_);
      return End(Fail(ErrorCode::kConflict, Quoted() + " was changed by somebody else meanwhile"));
    }
    End(Fail(ErrorCode::kUnknownOutcome,
             "the answer was lost, and " + Quoted() +
                 (raw.base ? " has been changed" : " has been deleted") + " since"));
  }

  [[nodiscard]] std::string Quoted() const { return "cluster \"" + paths_.name() + "\""; }
  void End(Result<std::uint64_t> result) { Finish(done_, std::move(result)); }

  ClusterPaths paths_;
  ClusterSpec spec_;
  Done<std::uint64_t> done_;
  Base base_{};
  std::uint64_t version_ = 0;
  SpecPayloads payloads_;
  std::vector<zk::Op> ops_;
};

// --- SpecEditor ---

SpecEditor::SpecEditor(Loop& loop, zk::Client& client, std::string root)
    : loop_(loop), client_(client), root_(std::move(root)) {}

SpecEditor::~SpecEditor() = default;

void SpecEditor::Begin(std::shared_ptr<Call> call) {
  calls_.push_back(call);
  call->Start();
}

template <class T>
void SpecEditor::FailLater(Done<T> done, Error error) {
  loop_.Post(
      lifetime_.Guard([done = std::move(done), error = std::move(error)] { done(Fail(error)); }));
}

void SpecEditor::Create(ClusterSpec spec, Done<std::uint64_t> done) {
  if (const auto valid = Validate(spec); !valid) return FailLater(std::move(done), valid.error());
  spec.version = static_cast<std::uint64_t>(std::max<std::int64_t>(loop_.WallNow().count(), 1));
  auto call = std::make_shared<CreateCall>(*this, spec, done);
  if (const auto fits = CheckSize(call->Ops()); !fits)
    return FailLater(std::move(done), fits.error());
  Begin(std::move(call));
}

void SpecEditor::Update(ClusterSpec spec, Done<std::uint64_t> done) {
  if (const auto valid = Validate(spec); !valid) return FailLater(std::move(done), valid.error());
  Begin(std::make_shared<UpdateCall>(*this, std::move(spec), std::move(done)));
}

void SpecEditor::Delete(std::string name, std::uint64_t version, Done<std::monostate> done) {
  if (const auto valid = ValidateName("cluster", name); !valid) {
    return FailLater(std::move(done), valid.error());
  }
  Begin(std::make_shared<DeleteCall>(*this, name, version, std::move(done)));
}

void SpecEditor::Get(std::string name, Done<StoredSpec> done) {
  if (const auto valid = ValidateName("cluster", name); !valid) {
    return FailLater(std::move(done), valid.error());
  }
  Begin(std::make_shared<GetCall>(*this, name, std::move(done)));
}

void SpecEditor::List(Done<std::vector<std::string>> done) {
  Begin(std::make_shared<ListCall>(*this, std::move(done)));
}

void SpecEditor::Abandon() {
  const auto calls = calls_;
  for (const auto& call : calls) call->Abandon();
}

}  // namespace zkcluster
