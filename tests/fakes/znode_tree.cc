#include "tests/fakes/znode_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"

namespace zkcluster::sim {
namespace {

std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// As a Java int.
std::int32_t Increment(std::int32_t value) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(value) + 1U);
}

bool May(const ZnodeTree::Asker* asker, const std::shared_ptr<const Acl>& acl, Permissions wanted) {
  if (asker == nullptr || acl == nullptr) return true;
  return std::ranges::any_of(*acl, [&](const AclEntry& entry) {
    const bool is_asker =
        entry.id.empty() || std::ranges::find(asker->ids, entry.id) != asker->ids.end();
    return is_asker && (entry.permissions & wanted) != 0;
  });
}

std::shared_ptr<const Acl> NewAcl(const ZnodeTree::Asker* asker, const std::string& path) {
  if (asker == nullptr || !asker->acl) return nullptr;
  Acl acl = asker->acl(path);
  return acl.empty() ? nullptr : std::make_shared<const Acl>(std::move(acl));
}

Failure<> Denied(const std::string& path) {
  return Fail(ErrorCode::kDenied, path + ": not among those who may");
}

Result<void> CheckVersion(const std::string& path, zk::Version wanted, std::int32_t actual) {
  if (wanted == zk::kAnyVersion || wanted == actual) return {};
  return Fail(ErrorCode::kConflict, fmt::format("{}: version {}, not {}", path, actual, wanted));
}

}  // namespace

bool ValidPath(const std::string& path, bool sequential) {
  if (path.empty() || path[0] != '/') return false;
  if (path == "/") return true;
  const std::string full = sequential ? path + "1" : path;
  std::size_t begin = 1;
  while (begin <= full.size()) {
    std::size_t end = full.find('/', begin);
    if (end == std::string::npos) end = full.size();
    const std::string part = full.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) return false;
    }
    begin = end + 1;
    if (end + 1 == full.size()) return false;  // ends in '/'
  }
  return true;
}

bool IsEphemeral(zk::CreateMode mode) {
  return mode == zk::CreateMode::kEphemeral || mode == zk::CreateMode::kEphemeralSequential;
}

bool IsSequential(zk::CreateMode mode) {
  return mode == zk::CreateMode::kPersistentSequential ||
         mode == zk::CreateMode::kEphemeralSequential;
}

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

struct ZnodeTree::Work {
  std::int64_t session_id;
  Micros wall_now;
  std::int64_t received;
  const Asker* asker;
  Applied applied;
};

ZnodeTree::ZnodeTree() {
  const auto root = nodes_.try_emplace("/").first;
  root->second.path = &root->first;
  root->second.now.exists = true;
  root->second.now.data = std::make_shared<const std::string>();
}

// --- reading ---

const ZnodeTree::State& ZnodeTree::At(const Entry& entry, std::int64_t view) {
  if (view < kNewest) {
    for (const Past& past : entry.past) {
      if (past.until > view) return past.state;
    }
  }
  return entry.now;
}

const ZnodeTree::State* ZnodeTree::Find(const std::string& path, std::int64_t view) const {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return nullptr;
  const State& state = At(found->second, view);
  return state.exists ? &state : nullptr;
}

zk::Stat ZnodeTree::StatOf(const State& state) {
  zk::Stat stat = state.stat;
  // As the server shows it: creates and deletes both count, though only creates are kept.
  stat.children_version = static_cast<std::int32_t>(2U * static_cast<std::uint32_t>(state.creates) -
                                                    static_cast<std::uint32_t>(stat.num_children));
  return stat;
}

std::optional<zk::Node> ZnodeTree::Get(const std::string& path, std::int64_t view) const {
  const State* const state = Find(path, view);
  if (state == nullptr) return std::nullopt;
  return zk::Node{*state->data, StatOf(*state)};
}

std::optional<zk::Stat> ZnodeTree::Exists(const std::string& path, std::int64_t view) const {
  const State* const state = Find(path, view);
  if (state == nullptr) return std::nullopt;
  return StatOf(*state);
}

std::optional<std::vector<std::string>> ZnodeTree::Children(const std::string& path,
                                                            std::int64_t view) const {
  if (Find(path, view) == nullptr) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& [name, child] : nodes_.find(path)->second.children) {
    if (At(*child, view).exists) names.push_back(name);
  }
  return names;
}

bool ZnodeTree::MayRead(const Asker& asker, const std::string& path, std::int64_t view) const {
  const State* const state = Find(path, view);
  return state == nullptr || May(&asker, state->acl, kMayRead);
}

// --- keeping and letting go ---

ZnodeTree::Entry* ZnodeTree::FindNow(const std::string& path) {
  const auto found = nodes_.find(path);
  return found == nodes_.end() || !found->second.now.exists ? nullptr : &found->second;
}

ZnodeTree::State& ZnodeTree::Change(Entry& entry) {
  if (entry.past.empty() || entry.past.back().until != zxid_ + 1) {
    entry.past.push_back({zxid_ + 1, entry.now});
    changing_.push_back(&entry);
  }
  return entry.now;
}

void ZnodeTree::Release(std::vector<Entry*> entries) {
  std::erase_if(entries, [](const Entry* e) { return e->now.exists || !e->past.empty(); });
  // Children before their parents, which were deleted later.
  std::ranges::stable_sort(entries, std::greater(), [](const Entry* e) { return e->path->size(); });
  for (Entry* const entry : entries) {
    ZKC_CHECK(entry->children.empty());
    entry->parent->children.erase(NameOf(*entry->path));
    nodes_.erase(nodes_.find(*entry->path));
  }
}

void ZnodeTree::Undo() {
  for (auto it = changing_.rbegin(); it != changing_.rend(); ++it) {
    Entry& entry = **it;
    const State& before = entry.past.back().state;
    if (entry.now.exists && entry.now.stat.ephemeral_owner != 0) {
      ephemerals_[entry.now.stat.ephemeral_owner].erase(*entry.path);
    }
    if (before.exists && before.stat.ephemeral_owner != 0) {
      ephemerals_[before.stat.ephemeral_owner].insert(*entry.path);
    }
    entry.now = before;
    entry.past.pop_back();
  }
  Release(std::exchange(changing_, {}));
}

void ZnodeTree::Forget(std::int64_t view) {
  while (!changed_.empty() && changed_.front().zxid <= view) {
    Changed changed = std::move(changed_.front());
    changed_.pop_front();
    for (Entry* const entry : changed.entries) entry->past.erase(entry->past.begin());
    Release(std::move(changed.entries));
  }
}

void ZnodeTree::SetSequence(const std::string& parent, std::int32_t next) {
  Entry* const entry = FindNow(parent);
  ZKC_CHECK(entry != nullptr);
  const auto set = [next](State& state) {
    state.creates = next;
    state.last_create = 0;
  };
  set(entry->now);
  for (Past& past : entry->past) set(past.state);
}

// --- transactions ---

Result<void> ZnodeTree::ApplyOne(zk::CheckOp op, Work& work) {
  const Entry* const entry = FindNow(op.path);
  if (entry == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no such znode");
  if (!May(work.asker, entry->now.acl, kMayRead)) return Denied(op.path);
  if (auto ok = CheckVersion(op.path, op.version, entry->now.stat.version); !ok) return ok;
  work.applied.transaction.ops.emplace_back(std::move(op));
  work.applied.transaction.results.emplace_back();
  work.applied.stats.emplace_back();
  return {};
}

Result<void> ZnodeTree::ApplyOne(zk::CreateOp op, Work& work) {
  if (op.path == "/") return Fail(ErrorCode::kExists, "/: exists");
  const std::string parent_path = ParentOf(op.path);
  Entry* const parent = FindNow(parent_path);
  if (parent == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no parent");
  if (!May(work.asker, parent->now.acl, kMayCreate)) return Denied(op.path);
  auto acl = NewAcl(work.asker, op.path);
  const std::int32_t number =
      parent->now.last_create > work.received ? parent->now.next : parent->now.creates;
  if (IsSequential(op.mode)) op.path += fmt::format("{:010d}", number);
  const auto [place, made] = nodes_.try_emplace(op.path);
  Entry& entry = place->second;
  if (entry.now.exists) return Fail(ErrorCode::kExists, op.path + ": exists");
  if (made) {
    entry.path = &place->first;
    entry.parent = parent;
    parent->children.emplace(NameOf(op.path), &entry);
  }
  State& state = Change(entry);  // first, so that a failure from here on lets go what was made
  if (parent->now.stat.ephemeral_owner != 0) {
    return Fail(ErrorCode::kInvalid, op.path + ": an ephemeral znode has no children");
  }
  State& above = Change(*parent);
  above.next = Increment(number);
  above.last_create = zxid_ + 1;
  // The server keeps the greater, so at its end the counter stops, and pzxid with it: the
  // last number is given out again and again.
  if (above.next > above.creates) {
    above.creates = above.next;
    above.stat.pzxid = zxid_ + 1;
  }
  ++above.stat.num_children;

  state = State();
  state.exists = true;
  state.data = std::make_shared<const std::string>(op.data);
  state.acl = std::move(acl);
  state.stat.czxid = state.stat.mzxid = state.stat.pzxid = zxid_ + 1;
  state.stat.modified = work.wall_now;
  if (IsEphemeral(op.mode)) {
    state.stat.ephemeral_owner = work.session_id;
    if (work.session_id != 0) ephemerals_[work.session_id].insert(op.path);
  }
  work.applied.stats.push_back(StatOf(state));
  work.applied.transaction.results.push_back({op.path, 0});
  work.applied.triggers.push_back({zk::WatchKind::kCreated, op.path});
  work.applied.triggers.push_back({zk::WatchKind::kChildren, parent_path});
  work.applied.transaction.ops.emplace_back(std::move(op));
  return {};
}

Result<void> ZnodeTree::ApplyOne(zk::SetOp op, Work& work) {
  Entry* const entry = FindNow(op.path);
  if (entry == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no such znode");
  if (!May(work.asker, entry->now.acl, kMayWrite)) return Denied(op.path);
  if (auto ok = CheckVersion(op.path, op.version, entry->now.stat.version); !ok) return ok;
  State& state = Change(*entry);
  state.data = std::make_shared<const std::string>(op.data);
  state.stat.version = Increment(state.stat.version);
  state.stat.mzxid = zxid_ + 1;
  state.stat.modified = work.wall_now;
  work.applied.stats.push_back(StatOf(state));
  work.applied.transaction.results.push_back({"", state.stat.version, work.wall_now});
  work.applied.triggers.push_back({zk::WatchKind::kChanged, op.path});
  work.applied.transaction.ops.emplace_back(std::move(op));
  return {};
}

Result<void> ZnodeTree::ApplyOne(zk::DeleteOp op, Work& work) {
  if (op.path == "/") return Fail(ErrorCode::kInvalid, "/: cannot be deleted");
  const Entry* const parent = FindNow(ParentOf(op.path));
  if (parent == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no such znode");
  // Before the search: a client that may not delete does not learn whether the znode exists.
  if (!May(work.asker, parent->now.acl, kMayDelete)) return Denied(op.path);
  Entry* const entry = FindNow(op.path);
  if (entry == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no such znode");
  if (auto ok = CheckVersion(op.path, op.version, entry->now.stat.version); !ok) return ok;
  if (entry->now.stat.num_children != 0) {
    return Fail(ErrorCode::kNotEmpty, op.path + ": has children");
  }
  State& above = Change(*entry->parent);
  --above.stat.num_children;
  above.stat.pzxid = zxid_ + 1;
  State& state = Change(*entry);
  if (const auto owner = ephemerals_.find(state.stat.ephemeral_owner); owner != ephemerals_.end()) {
    owner->second.erase(op.path);
    if (owner->second.empty()) ephemerals_.erase(owner);
  }
  state = State();
  work.applied.transaction.results.emplace_back();
  work.applied.stats.emplace_back();
  work.applied.triggers.push_back({zk::WatchKind::kDeleted, op.path});
  work.applied.triggers.push_back({zk::WatchKind::kChildren, ParentOf(op.path)});
  work.applied.transaction.ops.emplace_back(std::move(op));
  return {};
}

Result<ZnodeTree::Applied, zk::OpError> ZnodeTree::Apply(std::vector<zk::Op> ops,
                                                         std::int64_t session_id, Micros wall_now,
                                                         std::int64_t received,
                                                         const Asker* asker) {
  Work work{session_id, wall_now, std::min(received, zxid_), asker, {}};
  work.applied.transaction.ops.reserve(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Result<void> done =
        std::visit([&](auto& op) { return ApplyOne(std::move(op), work); }, ops[i]);
    if (done) continue;
    Undo();
    return Failure<zk::OpError>{{done.error(), i}};
  }
  work.applied.transaction.stamp = wall_now;
  return Finish(std::move(work.applied), session_id);
}

ZnodeTree::Applied ZnodeTree::Finish(Applied applied, std::int64_t session_id) {
  applied.transaction.zxid = ++zxid_;
  applied.transaction.session_id = session_id;
  if (!changing_.empty()) changed_.push_back({zxid_, std::exchange(changing_, {})});
  return applied;
}

Result<ZnodeTree::Applied, zk::OpError> ZnodeTree::ResetAcl(const std::string& path,
                                                            std::int64_t session_id,
                                                            const Asker& asker) {
  Entry* const entry = FindNow(path);
  if (entry == nullptr) return Fail(ErrorCode::kNotFound, path + ": no such znode");
  if (!May(&asker, entry->now.acl, kMayAdmin)) return Denied(path);
  Change(*entry).acl = NewAcl(&asker, path);
  return Finish({}, session_id);
}

ZnodeTree::Applied ZnodeTree::EndSession(std::int64_t session_id, Micros wall_now) {
  std::vector<zk::Op> ops;
  if (const auto found = ephemerals_.find(session_id); found != ephemerals_.end()) {
    for (const std::string& path : found->second) {
      ops.emplace_back(zk::DeleteOp{path, zk::kAnyVersion});
    }
  }
  auto applied = Apply(std::move(ops), session_id, wall_now);
  ZKC_CHECK(applied.has_value());  // ephemerals have no children, and these all exist
  applied->transaction.ends_session = true;
  return std::move(*applied);
}

}  // namespace zkcluster::sim
