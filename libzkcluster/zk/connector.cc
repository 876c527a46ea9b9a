#include "zk/connector.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "text/utf8.h"

namespace zkcluster::zk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Link = NativeHandle::Link;

constexpr std::uint16_t kDefaultPort = 2181;
// Between rounds. A restarted server should be found within a second or two.
constexpr Duration kFirstPause = milliseconds(50);
constexpr Duration kLongestPause = seconds(2);
// A server that hangs up sooner refuses us, and without a pause it would do so a hundred
// times a second.
constexpr Duration kShortConnection = milliseconds(250);
constexpr Duration kLogInterval = seconds(30);
// A name that is not answered by then is left out of the round.
constexpr Duration kAskLimit = seconds(5);
// And by then, if other names are. Long enough for two silent name servers before a good one.
constexpr Duration kEnough = milliseconds(500);
// All rounds within this time share one answer.
constexpr Duration kFresh = seconds(1);

// A new random order, and an odd number: the library skips one address after a failure, so of an
// even number it would only ever try every other one.
std::vector<std::string> Endpoints(std::vector<Address> addresses, Loop& loop) {
  for (std::size_t i = addresses.size(); i > 1; --i) {
    const auto j = static_cast<std::size_t>(loop.Random() * static_cast<double>(i));
    std::swap(addresses[i - 1], addresses[j]);
  }
  std::vector<std::string> endpoints;
  std::ranges::transform(addresses, std::back_inserter(endpoints), [](const Address& address) {
    return address.host + ":" + std::to_string(address.port);  // the library knows no brackets
  });
  if (!endpoints.empty() && endpoints.size() % 2 == 0) endpoints.push_back(endpoints.front());
  return endpoints;
}

}  // namespace

Connector::Connector(EventLoop& loop, Logger& logger, Inbox& inbox,
                     const NativeClientOptions& options, std::function<void()> wake)
    : loop_(loop),
      logger_(logger),
      inbox_(inbox),
      options_(options),
      wake_(std::move(wake)),
      backoff_(kFirstPause, kLongestPause),
      own_names_(options.names == nullptr ? std::make_unique<SystemNames>(loop) : nullptr),
      book_(own_names_ ? own_names_->book() : *options.names) {
  for (const std::string& server : options_.servers) {
    if (auto address = ParseAddress(server, kDefaultPort)) {
      names_.push_back(*std::move(address));
    } else {
      logger_.Error("zk.bad_server", {{"server", server}, {"error", address.error().message}});
    }
  }
}

void Connector::Advance(std::unique_ptr<NativeHandle>& handle) {
  const TimePoint now = loop_.Now();
  if (asking_ && now >= asking_->enough) TakeKnown();
  if (asking_ && asking_->IsReady(now)) TakeAnswer(handle);
  if (handle && now >= Deadline(handle->link())) return handle->Break();
  if (asking_ || now < next_attempt_) return;
  if (handle && handle->link() != Link::kNone) return;
  if (round_left_ == 0) return Ask();
  attempt_began_ = now;
  handle->Connect();
  if (handle->link() == Link::kNone) AttemptFailed();
}

TimePoint Connector::NextStep(const NativeHandle* handle) const {
  if (handle != nullptr && handle->link() != Link::kNone) return Deadline(handle->link());
  if (!asking_) return next_attempt_;
  return asking_->NextChange();
}

TimePoint Connector::Deadline(Link link) const {
  switch (link) {
    case Link::kOpening:
      return attempt_began_ + options_.connect_timeout;
    case Link::kGreeting:
      // A session is created by a committed write. Where even that is slow, the limit grows, up to
      // what the library itself allows (two thirds of the session timeout).
      return attempt_began_ + options_.connect_timeout * (1 << std::min(failed_rounds_ + 1, 10));
    case Link::kNone:
    case Link::kConnected:
    case Link::kEnded:
      break;
  }
  return TimePoint::max();
}

void Connector::Round::Add(Address address) {
  if (std::ranges::find(addresses, address) == addresses.end()) {
    addresses.push_back(std::move(address));
  }
}

void Connector::Ask() {
  asking_ = std::make_unique<Round>();
  const TimePoint now = loop_.Now();
  asking_->enough = now + kEnough;
  asking_->deadline = now + kAskLimit;
  for (const Address& name : names_) {
    if (name.host.empty()) {
      asking_->Add({"127.0.0.1", name.port});
    } else if (IsIpLiteral(name.host)) {
      asking_->Add(name);
    } else {
      asking_->unanswered.push_back(name);
      asking_->questions.push_back(book_.Ask(
          name.host, kFresh, [this, name](const NameState& state) { Answered(name, state); }));
    }
  }
}

void Connector::Answered(const Address& name, const NameState& state) {
  std::erase(asking_->unanswered, name);
  for (const std::string& address : state.addresses) asking_->Add({address, name.port});
  if (state.addresses.empty()) {
    const bool gone = state.standing == NameState::Standing::kGone;
    asking_->failures.push_back(name.host +
                                (gone ? ": no such name" : ": no answer from a name server"));
  }
  wake_();
}

void Connector::TakeKnown() {
  if (std::exchange(asking_->took_known, true)) return;
  for (const Address& name : asking_->unanswered) {
    for (const std::string& address : book_.Known(name.host)) asking_->Add({address, name.port});
  }
}

void Connector::TakeAnswer(std::unique_ptr<NativeHandle>& handle) {
  const auto round = std::move(asking_);
  for (const Address& name : round->unanswered) {
    round->failures.push_back(name.host + ": no answer from a name server");
  }
  std::vector<std::string> endpoints = Endpoints(round->addresses, loop_);
  if (endpoints.empty() && handle) {
    round_left_ = endpoints_.size();  // the old addresses may still work
    return;
  }
  if (endpoints.empty()) {
    return RoundFailed(round->failures.empty() ? "no server to connect to"
                                               : fmt::to_string(fmt::join(round->failures, ",")));
  }
  const std::string list = fmt::to_string(fmt::join(endpoints, ","));
  std::ranges::sort(endpoints);
  if (!handle) {
    handle = std::make_unique<NativeHandle>(loop_, logger_, inbox_, options_, list);
    if (!handle->ok()) {
      handle.reset();
      return RoundFailed("the ZooKeeper library refused the addresses");
    }
  } else if (handle->link() == Link::kNone && endpoints != endpoints_) {
    handle->SetEndpoints(list);
  }
  endpoints_ = std::move(endpoints);
  round_left_ = endpoints_.size();
}

void Connector::Connected() {
  connected_at_ = loop_.Now();
  failed_rounds_ = 0;
  round_left_ = 0;
}

void Connector::Broken() {
  const TimePoint now = loop_.Now();
  round_left_ = 0;
  if (now - connected_at_ >= kShortConnection) {
    backoff_.Reset();
    next_attempt_ = now;
  } else {
    next_attempt_ = now + backoff_.Next(loop_.Random());
  }
}

void Connector::Refused() {
  round_left_ = 0;
  next_attempt_ = loop_.Now() + backoff_.Next(loop_.Random());
}

void Connector::AttemptFailed() {
  if (round_left_ > 0) --round_left_;
  if (round_left_ == 0) RoundFailed("none of them answers");
}

void Connector::RoundFailed(std::string_view error) {
  const TimePoint now = loop_.Now();
  ++failed_rounds_;
  next_attempt_ = now + backoff_.Next(loop_.Random());
  if (now < next_log_) return;
  next_log_ = now + kLogInterval;
  logger_.Warn("zk.unreachable", {{"servers", fmt::to_string(fmt::join(options_.servers, ","))},
                                  {"rounds", failed_rounds_},
                                  {"error", error}});
}

Result<std::vector<std::string>> ParseServers(std::string_view text) {
  std::vector<std::string> servers;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string_view entry = text.substr(start, end - start);
    start = end + 1;
    const auto first = entry.find_first_not_of(" \t");
    entry = first == std::string_view::npos ? std::string_view() : entry.substr(first);
    entry = entry.substr(0, entry.find_last_not_of(" \t") + 1);
    if (entry.empty()) {
      return Fail(ErrorCode::kInvalid,
                  "ZooKeeper servers: an empty entry in \"" + OneLine(text) + "\"");
    }
    if (entry.find('/') != std::string_view::npos) {
      return Fail(ErrorCode::kInvalid, "ZooKeeper server \"" + OneLine(entry) +
                                           "\": a path is not part of it: use the root option");
    }
    if (servers.size() == kMaxServers) {
      return Fail(ErrorCode::kInvalid,
                  "ZooKeeper servers: more than " + std::to_string(kMaxServers));
    }
    auto address = ParseAddress(entry, kDefaultPort);
    if (!address) return Fail(address.error().Within("ZooKeeper servers"));
    servers.push_back(FormatAddress(*address));
  }
  return servers;
}

}  // namespace zkcluster::zk
