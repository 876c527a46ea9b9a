#include "admin/init_call.h"

#include <string_view>
#include <utility>

namespace zkcluster {
namespace {

constexpr std::size_t kWindow = 100;  // znodes under way at once

// The registration of a Go checker: ROOT/NAME/localstatus/...
bool IsOfGo(std::string_view path) {
  return path.substr(0, path.rfind('/')).ends_with("/localstatus");
}

}  // namespace

void ClusterAdmin::InitCall::Run() {
  ++round_;
  met_ = {};
  paths_ = {root_};
  next_ = 0;
  under_way_ = 0;
  MakeRoot([this] { More(); });
}

void ClusterAdmin::InitCall::More() {
  while (next_ < paths_.size() && under_way_ < kWindow) {
    ++under_way_;
    Visit(std::string(paths_[next_++]));
  }
  if (under_way_ == 0) End(met_);
}

void ClusterAdmin::InitCall::Did() {
  --under_way_;
  More();
}

bool ClusterAdmin::InitCall::Failed(const Error& error, const std::string& doing) {
  if (error.code == ErrorCode::kNotFound) return false;
  ++round_;
  if (zk::IsTransient(error)) {
    RunAgain();
  } else {
    Refuse(error.Within(doing));
  }
  return true;
}

void ClusterAdmin::InitCall::Visit(const std::string& path) {
  client_.Exists(path, {},
                 Guard([this, path, round = round_](const Result<std::optional<zk::Stat>>& stat) {
                   if (round != round_) return;
                   if (!stat && Failed(stat.error(), "check " + path)) return;
                   if (!stat || !*stat) return Did();
                   if ((*stat)->ephemeral_owner == 0) return Reset(path);
                   if (!IsOfGo(path)) return ResetEphemeral(path);
                   ++met_.go_checkers;
                   Did();
                 }));
}

void ClusterAdmin::InitCall::ResetEphemeral(const std::string& path) {
  client_.ResetAcl(path, Guard([this, path, round = round_](const Result<void>& reset) {
                     if (round != round_) return;
                     if (!reset && reset.error().code == ErrorCode::kDenied) {
                       ++met_.bound;
                       return Did();
                     }
                     if (!reset && Failed(reset.error(), "protect " + path)) return;
                     if (reset) ++met_.unbound;
                     Did();
                   }));
}

void ClusterAdmin::InitCall::Reset(const std::string& path) {
  client_.ResetAcl(path, Guard([this, path, round = round_](const Result<void>& reset) {
                     if (round != round_) return;
                     if (!reset && Failed(reset.error(), "protect " + path)) return;
                     if (!reset) return Did();
                     ++met_.znodes;
                     List(path);
                   }));
}

void ClusterAdmin::InitCall::List(const std::string& path) {
  client_.Children(
      path, {}, Guard([this, path, round = round_](const Result<std::vector<std::string>>& names) {
        if (round != round_) return;
        if (!names && Failed(names.error(), "list " + path)) return;
        const std::string prefix = path == "/" ? path : path + "/";
        if (names) {
          for (const auto& name : *names) {
            // `/zookeeper` belongs to ZooKeeper itself.
            if (prefix + name != "/zookeeper") paths_.push_back(prefix + name);
          }
        }
        Did();
      }));
}

}  // namespace zkcluster
