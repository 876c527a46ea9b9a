#include "admin/cluster_admin.h"

#include <algorithm>

#include "admin/admin_call.h"
#include "admin/init_call.h"
#include "admin/order_call.h"
#include "codec/codec.h"
#include "follow/spec_read.h"
#include "model/journal.h"
#include "model/limits.h"
#include "model/spec_check.h"
#include "model/spec_diff.h"

namespace zkcluster {
namespace {

std::size_t RequestBytes(const std::vector<zk::Op>& ops) {
  std::size_t bytes = 0;
  for (const auto& op : ops) {
    if (const auto* const data = zk::DataOf(op)) bytes += zk::PathOf(op).size() + data->size();
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

// The znodes hold exactly these payloads. Their version is our own clock's, so they are ours.
bool Holds(const RawSpec& raw, const SpecPayloads& payloads) {
  return raw.base && raw.shards && raw.options && raw.base->data == payloads.version &&
         raw.shards->data == payloads.shards && raw.options->data == payloads.options;
}

}  // namespace

// --- Get ---

class ClusterAdmin::GetCall final : public ClusterAdmin::CallFor<StoredSpec> {
 public:
  GetCall(ClusterAdmin& editor, const std::string& name, Done<StoredSpec> done)
      : CallFor(editor, std::move(done)), paths_(editor.root_, name) {}

 private:
  void Run() override {
    ReadSpec(paths_, [this](const RawSpec& raw) { End(DecodeStoredSpec(paths_.name(), raw)); });
  }

  ClusterPaths paths_;
};

// --- List ---

class ClusterAdmin::ListCall final : public ClusterAdmin::CallFor<std::vector<std::string>> {
 public:
  ListCall(ClusterAdmin& editor, Done<std::vector<std::string>> done)
      : CallFor(editor, std::move(done)) {}

 private:
  using Names = std::vector<std::string>;
  static constexpr std::size_t kWindow = 64;  // reads under way at once

  void Run() override {
    ++round_;
    names_.clear();
    found_.clear();
    next_ = 0;
    reading_ = 0;
    client_.Sync(root_, [](const Result<void>&) {});
    client_.Children(root_, {}, Guard([this](Result<Names> names) {
                       if (!names && zk::IsTransient(names.error())) return RunAgain();
                       if (!names && names.error().code == ErrorCode::kNotFound)
                         return End(Names{});
                       if (!names) return Refuse(names.error().Within("list " + root_));
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
                    if (base && !IsDecimal(base->data)) return CheckForShards(name);
                    Judged(name, base.map([](const auto&) { return true; }));
                  }));
    }
    if (reading_ == 0) Finish();
  }

  // Under a root shared with others (`/zookeeper` beside the clusters) not every znode is a
  // cluster; but a cluster whose version is corrupted must not vanish from the list.
  void CheckForShards(const std::string& name) {
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
      if (zk::IsTransient(is_cluster.error())) return RunAgain();
      return Refuse(is_cluster.error().Within("read " + name));
    }
    ReadMore();
  }

  void Finish() {
    std::sort(found_.begin(), found_.end());
    End(found_);
  }

  Names names_;
  Names found_;
  std::size_t next_ = 0;
  std::size_t reading_ = 0;
  std::uint64_t round_ = 0;
};

// --- Create ---

class ClusterAdmin::CreateCall final : public ClusterAdmin::CallFor<std::uint64_t> {
 public:
  CreateCall(ClusterAdmin& editor, const ValidSpec& spec, Done<std::uint64_t> done)
      : CallFor(editor, std::move(done)),
        paths_(editor.root_, spec.spec().name),
        version_(spec.spec().version),
        payloads_(spec.Encode()) {}

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
    if (!lost_) return Write();
    ReadSpec(paths_, [this](const RawSpec& raw) { Resolve(raw); });
  }

  void Write() {
    Send(Ops(), [this](const Result<void, zk::OpError>& sent) {
      if (sent) return End(version_);
      const Error& error = sent.error();
      if (error.code == ErrorCode::kExists) {
        // Perhaps by our own first try.
        return lost_ ? Run() : Refuse({ErrorCode::kExists, Quoted() + " exists already"});
      }
      if (error.code == ErrorCode::kNotFound && ++root_tries_ <= kMaxRootTries) {
        return MakeRoot([this] { Write(); });
      }
      Refuse(error.Within("create " + Quoted()));
    });
  }

  void Resolve(const RawSpec& raw) {
    // It is sent again with the same version inside, so that we recognise it.
    if (!raw.base) return Write();
    if (Holds(raw, payloads_)) return End(version_);
    // The znode was never changed since it was created, and its version (a moment in microseconds)
    // is not ours: somebody else created it.
    if (raw.base->stat.version == 0 && raw.base->data != payloads_.version) {
      return Refuse({ErrorCode::kExists, Quoted() + " exists already"});
    }
    Refuse({ErrorCode::kUnknownOutcome,
            "the answer was lost: " + Quoted() + " has been created, and changed since"});
  }

  [[nodiscard]] std::string Quoted() const { return "cluster \"" + paths_.name() + "\""; }

  ClusterPaths paths_;
  std::uint64_t version_;
  SpecPayloads payloads_;
  int root_tries_ = 0;
};

// --- Update ---

class ClusterAdmin::UpdateCall final : public ClusterAdmin::CallFor<std::uint64_t> {
 public:
  UpdateCall(ClusterAdmin& editor, ValidSpec spec, Authorship author, Done<std::uint64_t> done)
      : CallFor(editor, std::move(done)),
        paths_(editor.root_, spec.spec().name),
        guard_(spec.spec().version),
        next_(std::move(spec)),
        author_(std::move(author)) {}

 private:
  struct Base {
    std::int64_t czxid;
    zk::Version version;
  };

  // The session answers in order: it is known whether there is a journal before the spec comes.
  void Run() override {
    client_.Exists(paths_.events(), {}, Guard([this](const Result<std::optional<zk::Stat>>& stat) {
                     has_journal_ = stat && stat->has_value();
                   }));
    ReadSpec(paths_, [this](const RawSpec& raw) { lost_ ? Resolve(raw) : Judge(raw); });
  }

  // How much the journal says about the change.
  enum class Detail { kUndo, kWords, kAuthor };

  [[nodiscard]] zk::Op Journaled(const ClusterSpec* before, Detail detail) const {
    Event event;
    event.at = loop_.WallNow();
    event.by = author_.by;
    event.spec_version = version_;
    Event::Update update{author_.reason, {"replaces one that cannot be read"}, std::nullopt};
    if (detail == Detail::kAuthor) {
      update.changes = {"more than the journal can hold"};
    } else if (before) {
      update.changes = DescribeDiff(DiffSpecs(*before, next_.spec()));
      if (detail == Detail::kUndo) update.former = RememberSpec(*before, next_.spec());
    }
    event.what = std::move(update);
    return zk::CreateOp{paths_.event_prefix(), EncodeEvent(event),
                        zk::CreateMode::kPersistentSequential};
  }

  // As much as fits: the journal must neither hold list after list, nor refuse the change.
  void AddToJournal(const ClusterSpec* before) {
    for (const Detail detail : {Detail::kUndo, Detail::kWords, Detail::kAuthor}) {
      ops_.push_back(Journaled(before, detail));
      const bool small = std::get<zk::CreateOp>(ops_.back()).data.size() <= kMaxUpdateBytes;
      if (small && CheckSize(ops_)) return;
      ops_.pop_back();
    }
  }

  void Judge(const RawSpec& raw) {
    const auto stored = DecodeStoredSpec(paths_.name(), raw);
    // Undecodable bytes under the right version may be repaired. A missing znode may not, as
    // nothing says what else is missing; nor may good bytes that are too new for us.
    const bool mendable = raw.base && raw.shards && raw.options && !raw.NeedsNewer() &&
                          raw.base->data == std::to_string(guard_);
    if (!stored && !mendable) return Refuse(stored.error());
    if (stored) {
      if (stored->spec.version != guard_) {
        return Refuse({ErrorCode::kConflict, Quoted() + " has changed: its version is " +
                                                 std::to_string(stored->spec.version) + ", not " +
                                                 std::to_string(guard_)});
      }
      next_.set_version(guard_);
      // What was not written in one, such as by a Go manager, is: what it lacks it lacks on purpose
      // from then on.
      if (stored->spec == next_.spec() && stored->from_one_write) return End(guard_);
    }
    const ClusterSpec* const before = stored ? &stored->spec : nullptr;
    if (const auto sound = CheckThresholdsOfChange(before, next_.spec()); !sound) {
      return Refuse(sound.error());
    }
    base_ = Base{raw.base->stat.czxid, raw.base->stat.version};
    if (guard_ == kMaxSpecVersion) {
      return Refuse({ErrorCode::kInvalid,
                     Quoted() + " has the largest version there is: delete and create it"});
    }
    version_ = std::max(
        static_cast<std::uint64_t>(std::max<std::int64_t>(loop_.WallNow().count(), 1)), guard_ + 1);
    next_.set_version(version_);
    payloads_ = next_.Encode();
    ops_ = {zk::SetOp{paths_.base(), payloads_.version, raw.base->stat.version},
            zk::SetOp{paths_.shards(), payloads_.shards, raw.shards->stat.version},
            zk::SetOp{paths_.options(), payloads_.options, raw.options->stat.version}};
    if (has_journal_) AddToJournal(before);
    if (const auto fits = CheckSize(ops_); !fits) return Refuse(fits.error());
    Write();
  }

  void Write() {
    Send(ops_, [this](const Result<void, zk::OpError>& sent) {
      if (sent) return End(version_);
      const zk::OpError& error = sent.error();
      if (!zk::IsGuardFailure(error)) return Refuse(error.Within("update " + Quoted()));
      if (lost_) return Run();
      if (error.code == ErrorCode::kNotFound && error.failed_op == 0U) {
        return Refuse({ErrorCode::kNotFound, Quoted() + " was deleted meanwhile"});
      }
      Refuse({ErrorCode::kConflict, Quoted() + " was changed by somebody else meanwhile"});
    });
  }

  // The guard lets exactly one change follow the version read: ours or another.
  void Resolve(const RawSpec& raw) {
    const bool same_cluster = raw.base && raw.base->stat.czxid == base_.czxid;
    if (same_cluster && raw.base->stat.version == base_.version) return Write();
    if (same_cluster && raw.base->stat.version == base_.version + 1) {
      if (Holds(raw, payloads_)) return End(version_);
      // Another version than ours: the one change was somebody else's. With our version the change
      // may be ours, and somebody (an outsider, a Go manager) has changed a part of it since.
      if (raw.base->data != payloads_.version) {
        return Refuse({ErrorCode::kConflict, Quoted() + " was changed by somebody else meanwhile"});
      }
    }
    Refuse({ErrorCode::kUnknownOutcome, "the answer was lost, and " + Quoted() +
                                            (raw.base ? " has been changed" : " has been deleted") +
                                            " since"});
  }

  [[nodiscard]] std::string Quoted() const { return "cluster \"" + paths_.name() + "\""; }

  ClusterPaths paths_;
  const std::uint64_t guard_;  // the version that is to be replaced
  ValidSpec next_;
  const Authorship author_;
  bool has_journal_ = false;  // a Go manager makes clusters without one
  Base base_{};
  std::uint64_t version_ = 0;
  SpecPayloads payloads_;
  std::vector<zk::Op> ops_;
};

// --- ClusterAdmin ---

ClusterAdmin::ClusterAdmin(Loop& loop, zk::Client& client, std::string root)
    : loop_(loop), client_(client), root_(std::move(root)) {}

ClusterAdmin::~ClusterAdmin() = default;

void ClusterAdmin::Begin(std::shared_ptr<Call> call) {
  calls_.push_back(call);
  call->Start();
}

template <class T>
void ClusterAdmin::FailLater(Done<T> done, Error error) {
  loop_.Post(
      lifetime_.Guard([done = std::move(done), error = std::move(error)] { done(Fail(error)); }));
}

void ClusterAdmin::Create(ClusterSpec spec, Done<std::uint64_t> done) {
  auto valid = ValidSpec::Make(std::move(spec));
  if (!valid) return FailLater(std::move(done), valid.error());
  Create(*std::move(valid), std::move(done));
}

void ClusterAdmin::Create(ValidSpec spec, Done<std::uint64_t> done) {
  spec.set_version(static_cast<std::uint64_t>(std::max<std::int64_t>(loop_.WallNow().count(), 1)));
  if (const auto sound = CheckThresholdsOfChange(nullptr, spec.spec()); !sound) {
    return FailLater(std::move(done), sound.error());
  }
  auto call = std::make_shared<CreateCall>(*this, spec, done);
  if (const auto fits = CheckSize(call->Ops()); !fits)
    return FailLater(std::move(done), fits.error());
  Begin(std::move(call));
}

void ClusterAdmin::Update(ClusterSpec spec, Done<std::uint64_t> done) {
  auto valid = ValidSpec::Make(std::move(spec));
  if (!valid) return FailLater(std::move(done), valid.error());
  Update(*std::move(valid), std::move(done));
}

void ClusterAdmin::Update(ValidSpec spec, Authorship author, Done<std::uint64_t> done) {
  Begin(std::make_shared<UpdateCall>(*this, std::move(spec), std::move(author), std::move(done)));
}

void ClusterAdmin::Delete(std::string name, std::uint64_t version, Done<void> done) {
  if (const auto valid = ValidateName("cluster", name); !valid) {
    return FailLater(std::move(done), valid.error());
  }
  Begin(std::make_shared<DeleteCall>(*this, name, version, std::move(done)));
}

void ClusterAdmin::Get(std::string name, Done<StoredSpec> done) {
  if (const auto valid = ValidateName("cluster", name); !valid) {
    return FailLater(std::move(done), valid.error());
  }
  Begin(std::make_shared<GetCall>(*this, name, std::move(done)));
}

void ClusterAdmin::List(Done<std::vector<std::string>> done) {
  Begin(std::make_shared<ListCall>(*this, std::move(done)));
}

void ClusterAdmin::Init(Done<Initialized> done) {
  Begin(std::make_shared<InitCall>(*this, std::move(done)));
}

// The order as builds before this one read it, by the best clock that we have.
template <class T>
T ClusterAdmin::UndatedOrder(std::string by, std::string reason, Micros length) const {
  T order;
  order.since = client_.server_time().value_or(loop_.WallNow());
  if (length != Micros(0)) order.until = order.since + length;
  order.by = std::move(by);
  order.reason = std::move(reason);
  return order;
}

void ClusterAdmin::Pause(std::string name, PauseOrder order, Done<Ordered> done) {
  const auto valid = ValidatePause(order);
  const auto length = std::chrono::ceil<Micros>(order.length);
  Order(name, valid,
        PauseRule(
            UndatedOrder<zkcluster::Pause>(std::move(order.by), std::move(order.reason), length),
            length),
        std::move(done));
}

void ClusterAdmin::Resume(std::string name, std::string by, Done<Ordered> done) {
  const auto valid = ValidateBy(by);
  Order(name, valid, ResumeRule(std::move(by)), std::move(done));
}

void ClusterAdmin::Unfreeze(std::string name, bool accept, std::string by, Done<Ordered> done) {
  const auto valid = ValidateBy(by);
  Order(name, valid, UnfreezeRule(accept, std::move(by)), std::move(done));
}

void ClusterAdmin::Redate(std::string name, std::string by, Done<Ordered> done) {
  const auto valid = ValidateBy(by);
  Order(name, valid, RedateRule(std::move(by)), std::move(done));
}

void ClusterAdmin::Forget(std::string name, std::string id, std::string by, Done<Ordered> done) {
  auto valid = ValidateBy(by);
  if (valid) valid = ValidateName("checker", id);
  Order(name, valid, ForgetRule(id, std::move(by)), std::move(done), {.checker = id});
}

void ClusterAdmin::Maintain(std::string name, MaintenanceOrder order, Done<Ordered> done) {
  const auto valid = ValidateMaintenance(order);
  const auto length = std::chrono::ceil<Micros>(order.length);
  Order(
      name, valid,
      MaintainRule(std::move(order.shards),
                   UndatedOrder<Maintenance>(std::move(order.by), std::move(order.reason), length),
                   length),
      std::move(done), {.shards = true});
}

void ClusterAdmin::EndMaintenance(std::string name, ShardChoice which, std::string by,
                                  Done<Ordered> done) {
  auto valid = ValidateBy(by);
  if (valid) valid = ValidateChoice(which);
  // An order by name or for all shards works without the spec.
  const bool by_host = !which.host.empty();
  Order(name, valid, EndMaintenanceRule(std::move(which), std::move(by)), std::move(done),
        {.shards = by_host});
}

void ClusterAdmin::Order(const std::string& name, const Result<void>& valid, OrderRule rule,
                         Done<Ordered> done, OrderAbout about) {
  if (!valid) return FailLater(std::move(done), valid.error());
  if (const auto named = ValidateName("cluster", name); !named) {
    return FailLater(std::move(done), named.error());
  }
  Begin(
      std::make_shared<OrderCall>(*this, name, std::move(rule), std::move(about), std::move(done)));
}

void ClusterAdmin::Abandon() {
  const auto calls = calls_;
  for (const auto& call : calls) call->Abandon();
}

}  // namespace zkcluster
