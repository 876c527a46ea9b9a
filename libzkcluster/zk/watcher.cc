#include "zk/watcher.h"

#include <algorithm>
#include <utility>

namespace zkcluster::zk {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(50);
constexpr Duration kLongestRetry = std::chrono::seconds(5);

}  // namespace

Rereader::Rereader(Loop& loop, Client& client, std::string path)
    : client_(client),
      path_(std::move(path)),
      backoff_(kFirstRetry, kLongestRetry),
      loop_(loop),
      retry_(loop.NewTimer([this] { StartRead(); })) {
  watch_ = std::make_shared<WatchFunction>([this](const WatchEvent&) {
    fired_ = true;
    Refresh();
  });
  session_ =
      client.OnSession(lifetime_.Guard([this](const SessionEvent& event) { OnSession(event); }));
  // Reads in a later turn, because Read belongs to the derived class, which does not exist yet.
  retry_->Arm(Duration::zero());
}

Rereader::~Rereader() = default;

void Rereader::Refresh() {
  if (reading_) {
    // The answer under way may be older than this change.
    again_ = true;
    return;
  }
  retry_->Arm(Duration::zero());
}

void Rereader::OnSession(const SessionEvent& event) {
  // A new session has no watches, and a session that was suspended may have missed watch events.
  if (event.state == SessionState::kConnected) Refresh();
}

void Rereader::StartRead() {
  if (reading_) return;
  if (client_.state() != SessionState::kConnected) {
    // OnSession starts it when there is a session again. But the clock may say suspended for a
    // moment that no event reports, so the timer is armed, too.
    retry_->Arm(backoff_.Next(loop_.Random()));
    return;
  }
  reading_ = true;
  again_ = false;
  Read();
}

void Rereader::Succeeded() {
  reading_ = false;
  backoff_.Reset();
  if (std::exchange(again_, false)) retry_->Arm(Duration::zero());
}

void Rereader::Failed(const Error&) {
  reading_ = false;
  again_ = false;
  retry_->Arm(backoff_.Next(loop_.Random()));
}

NodeWatcher::NodeWatcher(Loop& loop, Client& client, std::string path, Changed changed,
                         std::function<void()> denied)
    : Rereader(loop, client, std::move(path)),
      changed_(std::move(changed)),
      denied_(std::move(denied)) {}

void NodeWatcher::Read() {
  client_.Get(path_, watch(), lifetime_.Guard([this](Result<Node> node) {
    if (node) {
      Learned(std::move(*node));
    } else if (node.error().code == ErrorCode::kNotFound) {
      ReadAbsence();
    } else {
      Failed(node.error());
      if (denied_ && node.error().code == ErrorCode::kDenied) denied_();
    }
  }));
}

void NodeWatcher::ReadAbsence() {
  // The watch of a Get is not set on an absent znode, that of an Exists is.
  client_.Exists(path_, watch(), lifetime_.Guard([this](Result<std::optional<Stat>> stat) {
    if (!stat) {
      Failed(stat.error());
    } else if (*stat) {
      Read();  // created in between
    } else {
      Learned(std::nullopt);
    }
  }));
}

void NodeWatcher::Learned(std::optional<Node> node) {
  Succeeded();
  const bool fired = TakeFired();
  const bool same =
      known_ && node.has_value() == node_.has_value() &&
      (node ? node->stat.czxid == node_->stat.czxid && node->stat.version == node_->stat.version
            : !fired);
  known_ = true;
  node_ = std::move(node);
  if (same) return;
  // Copies: the owner may destroy this watcher, and the arguments must outlive that.
  const Changed changed = changed_;
  const std::optional<Node> now = node_;
  changed(now);
}

StatWatcher::StatWatcher(Loop& loop, Client& client, std::string path, Changed changed)
    : Rereader(loop, client, std::move(path)), changed_(std::move(changed)) {}

void StatWatcher::Read() {
  // One read for both: the watch of an Exists is set on an absent znode, too.
  client_.Exists(path_, watch(), lifetime_.Guard([this](const Result<std::optional<Stat>>& stat) {
    if (stat) {
      Learned(*stat);
    } else {
      Failed(stat.error());
    }
  }));
}

void StatWatcher::Learned(std::optional<Stat> stat) {
  Succeeded();
  const bool fired = TakeFired();
  const bool same =
      known_ && stat.has_value() == stat_.has_value() &&
      (stat ? stat->czxid == stat_->czxid && stat->version == stat_->version : !fired);
  known_ = true;
  stat_ = stat;
  if (same) return;
  // Copies, as in NodeWatcher.
  const Changed changed = changed_;
  changed(stat);
}

ChildrenWatcher::ChildrenWatcher(Loop& loop, Client& client, std::string path, Changed changed)
    : Rereader(loop, client, std::move(path)), changed_(std::move(changed)) {}

void ChildrenWatcher::Read() {
  client_.Children(path_, watch(), lifetime_.Guard([this](Result<Names> names) {
    if (names) {
      std::sort(names->begin(), names->end());
      Learned(std::move(*names));
    } else if (names.error().code == ErrorCode::kNotFound) {
      ReadAbsence();
    } else {
      Failed(names.error());
    }
  }));
}

void ChildrenWatcher::ReadAbsence() {
  client_.Exists(path_, watch(), lifetime_.Guard([this](Result<std::optional<Stat>> stat) {
    if (!stat) {
      Failed(stat.error());
    } else if (*stat) {
      Read();
    } else {
      Learned(std::nullopt);
    }
  }));
}

void ChildrenWatcher::Learned(std::optional<Names> names) {
  Succeeded();
  const bool same = known_ && names == names_;
  known_ = true;
  names_ = std::move(names);
  if (same) return;
  const Changed changed = changed_;
  const std::optional<Names> now = names_;
  changed(now);
}

}  // namespace zkcluster::zk
