#include <charconv>

#include "admin/admin_call.h"

namespace zkcluster {
namespace {

constexpr std::size_t kListWindow = 100;  // reads under way at once
// The multi of a larger tree would be too large anyway; a cluster has about 1,100 znodes.
constexpr std::size_t kMaxTree = 20'000;

bool IsVersion(const std::string& data, std::uint64_t version) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(data.data(), data.data() + data.size(), value);
  return problem == std::errc() && end == data.data() + data.size() && value == version;
}

}  // namespace

ClusterAdmin::DeleteCall::DeleteCall(ClusterAdmin& editor, const std::string& name,
                                     std::uint64_t version, Done<void> done)
    : CallFor(editor, std::move(done)), paths_(editor.root_, name), version_(version) {}

void ClusterAdmin::DeleteCall::Run() {
  // The server we talk to may lag behind the one that another operator has just talked to.
  client_.Sync(paths_.base(), [](const Result<void>&) {});
  client_.Get(paths_.base(), {}, Guard([this](Result<zk::Node> base) { Judge(std::move(base)); }));
}

void ClusterAdmin::DeleteCall::Judge(Result<zk::Node> base) {
  const std::string quoted = "cluster \"" + paths_.name() + "\"";
  if (!base && zk::IsTransient(base.error())) return RunAgain();
  if (!base && base.error().code == ErrorCode::kNotFound) {
    if (lost_) return End({});  // most likely by us
    return Refuse({ErrorCode::kNotFound,
                   victim_ ? quoted + " was deleted by somebody else meanwhile" : "no " + quoted});
  }
  if (!base) return Refuse(base.error().Within("delete " + quoted));

  if (!victim_) {
    if (version_ != 0 && !IsVersion(base->data, version_)) {
      return Refuse({ErrorCode::kConflict, quoted + " has changed: its version is " + base->data +
                                               ", not " + std::to_string(version_)});
    }
  } else if (victim_->czxid != base->stat.czxid) {
    if (lost_) return End({});
    return Refuse({ErrorCode::kConflict, quoted + " was deleted and created again meanwhile"});
  } else if (version_ != 0 && victim_->version != base->stat.version) {
    return Refuse({ErrorCode::kConflict, quoted + " changed meanwhile"});
  }
  victim_ = base->stat;
  List();
}

void ClusterAdmin::DeleteCall::List() {
  ++round_;
  tree_.clear();
  to_list_ = {paths_.base()};
  next_ = 0;
  listing_ = 0;
  ListMore();
}

void ClusterAdmin::DeleteCall::ListMore() {
  while (next_ < to_list_.size() && listing_ < kListWindow) {
    const std::string path = to_list_[next_++];
    ++listing_;
    client_.Children(path, {},
                     Guard([this, path, round = round_](Result<std::vector<std::string>> names) {
                       if (round == round_) Listed(path, std::move(names));
                     }));
  }
}

void ClusterAdmin::DeleteCall::Listed(const std::string& path,
                                      Result<std::vector<std::string>> names) {
  --listing_;
  if (names) {
    tree_.push_back(path);
    for (const auto& name : *names) to_list_.push_back(path + "/" + name);
  } else if (names.error().code != ErrorCode::kNotFound) {  // one less to delete
    ++round_;
    if (zk::IsTransient(names.error())) return RunAgain();
    return Refuse(names.error().Within("list " + path));
  }
  if (to_list_.size() > kMaxTree) {
    ++round_;
    return Refuse({ErrorCode::kTooLarge, "cluster \"" + paths_.name() + "\" has more than " +
                                             std::to_string(kMaxTree) + " znodes"});
  }
  ListMore();
  if (listing_ == 0) Write();
}

void ClusterAdmin::DeleteCall::Write() {
  if (tree_.empty()) return RunAgain();  // gone meanwhile: Run finds out how
  std::vector<zk::Op> ops;
  ops.reserve(tree_.size());
  for (auto path = tree_.rbegin(); path != tree_.rend(); ++path) {
    const bool is_base = std::next(path) == tree_.rend();
    ops.emplace_back(zk::DeleteOp{*path, is_base ? victim_->version : zk::kAnyVersion});
  }
  Send(std::move(ops), [this](const Result<void, zk::OpError>& sent) {
    if (sent) return End({});
    const std::string quoted = "cluster \"" + paths_.name() + "\"";
    const Error& error = sent.error();
    if (!zk::IsGuardFailure(error)) return Refuse(error.Within("delete " + quoted));
    if (!RunAgainAfterConflict()) {
      Refuse({ErrorCode::kConflict, quoted + " is written faster than it can be deleted"});
    }
  });
}

}  // namespace zkcluster
