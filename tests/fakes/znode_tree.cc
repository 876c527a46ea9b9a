#include "tests/fakes/znode_tree.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace zkcluster::sim {
namespace {

std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The counter of the server is a Java int: it wraps.
std::int32_t Increment(std::int32_t value) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(value) + 1U);
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

ZnodeTree::ZnodeTree() {
  nodes_["/"];
}

zk::Stat ZnodeTree::StatOf(const Znode& node) {
  zk::Stat stat = node.stat;
  stat.num_children = static_cast<std::int32_t>(node.children.size());
  // As the server shows it: creates and deletes both count, though only creates are kept.
  stat.children_version = static_cast<std::int32_t>(2U * static_cast<std::uint32_t>(node.creates) -
                                                    static_cast<std::uint32_t>(stat.num_children));
  return stat;
}

ZnodeTree::Znode* ZnodeTree::Touch(const std::string& path, Undo& undo) {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) {
    undo.try_emplace(path, std::nullopt);
    return nullptr;
  }
  undo.try_emplace(path, found->second);
  return &found->second;
}

Result<void> ZnodeTree::ApplyOne(const zk::CheckOp& op, std::int64_t, Micros, Work& work) {
  const Znode* const node = Touch(op.path, work.undo);
  if (node == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no such znode");
  if (auto ok = CheckVersion(op.path, op.version, node->stat.version); !ok) return ok;
  work.applied.transaction.ops.emplace_back(op);
  work.applied.transaction.results.emplace_back();
  work.applied.stats.emplace_back();
  return {};
}

Result<void> ZnodeTree::ApplyOne(const zk::CreateOp& op, std::int64_t session_id, Micros wall_now,
                                 Work& work) {
  if (op.path == "/") return Fail(ErrorCode::kExists, "/: exists");
  const std::string parent_path = ParentOf(op.path);
  Znode* const parent = Touch(parent_path, work.undo);
  if (parent == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no parent");
  std::string path = op.path;
  if (IsSequential(op.mode)) path += fmt::format("{:010d}", parent->creates);
  if (Touch(path, work.undo) != nullptr) return Fail(ErrorCode::kExists, path + ": exists");
  if (parent->stat.ephemeral_owner != 0) {
    return Fail(ErrorCode::kInvalid, op.path + ": an ephemeral znode has no children");
  }
  parent->creates = Increment(parent->creates);
  parent->stat.pzxid = zxid_ + 1;
  parent->children.insert(NameOf(path));

  Znode node;
  node.data = op.data;
  node.stat.czxid = node.stat.mzxid = node.stat.pzxid = zxid_ + 1;
  node.stat.modified = wall_now;
  node.stat.ephemeral_owner = IsEphemeral(op.mode) ? session_id : 0;
  work.applied.stats.push_back(StatOf(node));
  nodes_.emplace(path, std::move(node));

  work.applied.transaction.ops.emplace_back(zk::CreateOp{path, op.data, op.mode});
  work.applied.transaction.results.push_back({path, 0});
  work.applied.triggers.push_back({zk::WatchKind::kCreated, path});
  work.applied.triggers.push_back({zk::WatchKind::kChildren, parent_path});
  return {};
}

Result<void> ZnodeTree::ApplyOne(const zk::SetOp& op, std::int64_t, Micros wall_now, Work& work) {
  Znode* const node = Touch(op.path, work.undo);
  if (node == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no such znode");
  if (auto ok = CheckVersion(op.path, op.version, node->stat.version); !ok) return ok;
  node->data = op.data;
  node->stat.version = Increment(node->stat.version);
  node->stat.mzxid = zxid_ + 1;
  node->stat.modified = wall_now;
  work.applied.stats.push_back(StatOf(*node));
  work.applied.transaction.ops.emplace_back(op);
  work.applied.transaction.results.push_back({"", node->stat.version});
  work.applied.triggers.push_back({zk::WatchKind::kChanged, op.path});
  return {};
}

Result<void> ZnodeTree::ApplyOne(const zk::DeleteOp& op, std::int64_t, Micros, Work& work) {
  if (op.path == "/") return Fail(ErrorCode::kInvalid, "/: cannot be deleted");
  const Znode* const node = Touch(op.path, work.undo);
  if (node == nullptr) return Fail(ErrorCode::kNotFound, op.path + ": no such znode");
  if (auto ok = CheckVersion(op.path, op.version, node->stat.version); !ok) return ok;
  if (!node->children.empty()) return Fail(ErrorCode::kNotEmpty, op.path + ": has children");
  const std::string parent_path = ParentOf(op.path);
  Znode* const parent = Touch(parent_path, work.undo);
  parent->children.erase(NameOf(op.path));
  parent->stat.pzxid = zxid_ + 1;
  nodes_.erase(op.path);
  work.applied.transaction.ops.emplace_back(op);
  work.applied.transaction.results.emplace_back();
  work.applied.stats.emplace_back();
  work.applied.triggers.push_back({zk::WatchKind::kDeleted, op.path});
  work.applied.triggers.push_back({zk::WatchKind::kChildren, parent_path});
  return {};
}

Result<ZnodeTree::Applied> ZnodeTree::Apply(const std::vector<zk::Op>& ops, std::int64_t session_id,
                                            Micros wall_now) {
  Work work;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Result<void> done = std::visit(
        [&](const auto& op) { return ApplyOne(op, session_id, wall_now, work); }, ops[i]);
    if (done) continue;
    for (auto& [path, before] : work.undo) {
      if (before) {
        nodes_[path] = std::move(*before);
      } else {
        nodes_.erase(path);
      }
    }
    Error error = done.error();
    error.op_index = static_cast<int>(i);
    return Fail(std::move(error));
  }
  work.applied.transaction.zxid = ++zxid_;
  work.applied.transaction.session_id = session_id;
  return std::move(work.applied);
}

ZnodeTree::Applied ZnodeTree::EndSession(std::int64_t session_id, Micros wall_now) {
  std::vector<zk::Op> ops;
  for (const auto& [path, node] : nodes_) {
    if (session_id != 0 && node.stat.ephemeral_owner == session_id) {
      ops.emplace_back(zk::DeleteOp{path, zk::kAnyVersion});
    }
  }
  auto applied = Apply(ops, session_id, wall_now);
  ZKC_CHECK(applied.has_value());  // ephemerals have no children, and these all exist
  applied->transaction.ends_session = true;
  return std::move(*applied);
}

std::optional<zk::Node> ZnodeTree::Get(const std::string& path) const {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return std::nullopt;
  return zk::Node{found->second.data, StatOf(found->second)};
}

std::optional<std::vector<std::string>> ZnodeTree::Children(const std::string& path) const {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return std::nullopt;
  return std::vector<std::string>(found->second.children.begin(), found->second.children.end());
}

void ZnodeTree::SetSequence(const std::string& parent, std::int32_t next) {
  const auto found = nodes_.find(parent);
  ZKC_CHECK(found != nodes_.end());
  found->second.creates = next;
}

}  // namespace zkcluster::sim
