#include "names/resolver.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <utility>

#include "names/hosts_file.h"
#include "names/search_list.h"

namespace zkcluster {
namespace {

constexpr std::array<Family, 2> kFamilies = {Family::kV4, Family::kV6};

// How long an entry of the hosts file is good: until its name is asked for again.
constexpr Duration kHostsTtl{0};

std::size_t IndexOf(Family family) {
  return static_cast<std::size_t>(family);
}

void Merge(std::vector<std::string>& into, const std::vector<std::string>& from) {
  for (const std::string& address : from) {
    if (std::ranges::find(into, address) == into.end()) into.push_back(address);
  }
}

// Systems without a hosts file still know themselves.
std::vector<std::string> FromThisHost(Dns& dns, const std::string& name) {
  auto found = dns.HostsFile(name);
  if (found.empty() && LowerCase(name) == "localhost") found = {"127.0.0.1", "::1"};
  return found;
}

}  // namespace

// One question, from the hosts file to the last name of the search list:
//
//   waits for its first token --> asks the servers for one complete name
//     --found, all families or kGrace later--> done
//     --every server says no--> asks for the next complete name, or is done
//     --no answer within Dns::kLimit--> done
class Resolver::Inquiry : public std::enable_shared_from_this<Resolver::Inquiry> {
 public:
  Inquiry(Resolver& owner, NameQuestion question, Done done)
      : owner_(owner),
        question_(std::move(question)),
        done_(std::move(done)),
        timer_(owner.loop_.NewTimer([this] { Judge(); })) {}

  void Begin() {
    const DnsSetup setup = owner_.dns_.setup();
    servers_ = setup.servers;
    // In turn, so that servers share the load, and a server that says otherwise is heard.
    if (!AllServers() && !servers_.empty()) {
      const std::size_t first = owner_.turn_++ % servers_.size();
      std::rotate(servers_.begin(), servers_.begin() + static_cast<std::ptrdiff_t>(first),
                  servers_.end());
    }
    names_ = SearchList(question_.name, setup);
    if (!question_.full_name.empty()) names_ = {question_.full_name};
    if (servers_.empty()) {
      answer_.failure = "no name server";
      return FinishSoon();
    }
    NextName();
  }

  // Gives the answer, in a later turn.
  void AnswerFromHosts(const std::vector<std::string>& addresses) {
    answer_.kind = NameAnswer::Kind::kFound;
    answer_.ttl = kHostsTtl;
    answer_.full_name = question_.name;
    answer_.addresses = {std::vector<std::string>(), std::vector<std::string>()};
    for (const std::string& address : addresses) {
      const bool v6 = address.find(':') != std::string::npos;
      answer_.addresses[v6 ? 1 : 0]->push_back(address);
    }
    FinishSoon();
  }

  [[nodiscard]] bool over() const { return done_ == nullptr; }

  // REQUIRES: not over.
  void Send(const Packet& packet) {
    --queued_;
    const TimePoint now = owner_.loop_.Now();
    if (deadline_ == TimePoint::max()) deadline_ = now + Dns::kLimit;
    last_sent_ = now;
    Open& open = open_.emplace_back();
    open.server = packet.server;
    open.family = packet.family;
    open.dialect = packet.dialect;
    open.sent = now;
    open.question = owner_.dns_.Ask(packet.server, names_.front(), packet.family, packet.dialect,
                                    [this, number = open.number = ++numbers_](
                                        const DnsAnswer& answer) { OnAnswer(number, answer); });
    Judge();
  }

 private:
  // A packet that is under way.
  struct Open {
    std::uint64_t number = 0;
    std::string server;
    Family family = Family::kV4;
    Dns::Dialect dialect = Dns::Dialect::kEdns;
    TimePoint sent{};
    bool late = false;  // its server was remembered as silent
    Dns::Question question;
  };
  struct Side {
    std::optional<std::vector<std::string>> found;
    bool negative = false;  // a server says that there is none
  };

  [[nodiscard]] bool Wants(Family family) const { return question_.families[IndexOf(family)]; }
  [[nodiscard]] Side& SideOf(Family family) { return sides_[IndexOf(family)]; }
  [[nodiscard]] bool AnyFound() const {
    return std::ranges::any_of(sides_, [](const Side& side) { return side.found.has_value(); });
  }
  [[nodiscard]] bool IsOpen(Family family) const {
    return std::ranges::any_of(open_, [&](const Open& open) { return open.family == family; });
  }
  [[nodiscard]] bool AllServers() const {
    return question_.scope == NameQuestion::Scope::kAllServers;
  }
  // Each server is asked twice, since packets get lost, and one may fail just as another is back.
  // Where a server has said no, each is asked once.
  [[nodiscard]] bool MayAskMore() {
    return attempts_ < (AllWantedDenied() ? 1 : 2) * order_.size();
  }

  void NextName() {
    sides_ = {};
    open_.clear();
    attempts_ = 0;
    settled_at_ = TimePoint::max();
    deadline_ = TimePoint::max();
    order_ = owner_.memory_.Order(servers_, owner_.loop_.Now());
    AskNext();
    // Also those that were silent: they may be back, and be the only honest ones.
    while (AllServers() && attempts_ < order_.size()) AskNext();
  }

  void AskNext() {
    const std::string& server = order_[attempts_ % order_.size()];
    const bool again = attempts_ >= order_.size();
    ++attempts_;
    const bool plain = again || owner_.memory_.IsPlain(server, owner_.loop_.Now());
    for (const Family family : kFamilies) {
      if (!Wants(family) || SideOf(family).found) continue;
      ++queued_;
      owner_.QueueOf(question_.lane)
          .packets.push_back({weak_from_this(), server, family,
                              plain ? Dns::Dialect::kPlain : Dns::Dialect::kEdns});
    }
    // In a later turn: this may be called from within a Send.
    owner_.QueueOf(question_.lane).timer->Arm(Duration::zero());
  }

  void OnAnswer(std::uint64_t number, const DnsAnswer& answer) {
    const auto at = std::ranges::find(open_, number, &Open::number);
    const Open open = std::move(*at);
    open_.erase(at);
    Learn(open, answer);
    Note(SideOf(open.family), answer);
    Judge();
  }

  void Learn(const Open& open, const DnsAnswer& answer) {
    const TimePoint now = owner_.loop_.Now();
    if (answer.kind == DnsAnswer::Kind::kSilent) return;
    heard_.insert(open.server);
    owner_.memory_.Answered(open.server, now - open.sent);
    if (open.dialect != Dns::Dialect::kPlain) return;
    const bool was_dropped = std::ranges::any_of(open_, [&](const Open& other) {
      return other.server == open.server && other.family == open.family && other.late &&
             other.dialect == Dns::Dialect::kEdns;
    });
    if (was_dropped) owner_.memory_.AnswersOnlyPlain(open.server, now);
  }

  void Note(Side& side, const DnsAnswer& answer) {
    const TimePoint now = owner_.loop_.Now();
    std::vector<std::string> usable;
    std::ranges::copy_if(answer.addresses, std::back_inserter(usable), IsServerAddress);
    if (answer.kind == DnsAnswer::Kind::kFound && !usable.empty()) {
      if (!AnyFound()) {
        settled_at_ = now + (AllServers() ? kGraceForAll : kGrace);
        answer_.ttl = answer.ttl;
      }
      answer_.ttl = std::min(answer_.ttl, answer.ttl);
      if (!side.found) side.found.emplace();
      return Merge(*side.found, usable);
    }
    switch (answer.kind) {
      case DnsAnswer::Kind::kFound:
      case DnsAnswer::Kind::kNoData:
      case DnsAnswer::Kind::kNoName:
        side.negative = true;
        if (!AnyFound()) settled_at_ = now + kGrace;
        break;
      case DnsAnswer::Kind::kFailed:
      case DnsAnswer::Kind::kSilent:
        trouble_ = answer.why.empty() ? "the name servers are silent" : answer.why;
        break;
    }
  }

  // What to do next, whatever has happened.
  void Judge() {
    const TimePoint now = owner_.loop_.Now();
    if (AnyFound()) {
      if (now >= settled_at_ || Complete()) return Conclude();
      return timer_->Arm(settled_at_ - now);
    }
    if (queued_ > 0) return;
    const bool more = MayAskMore();
    if (open_.empty()) return more ? AskNext() : Conclude();
    if (now >= deadline_) return Conclude();
    const TimePoint impatient = last_sent_ + ServerMemory::kPatience;
    if (now >= impatient) NoteSilence(now);
    if (more && now >= impatient) return AskNext();
    // Servers that are still silent have had their chance.
    const bool denied = !more && AllWantedDenied();
    if (denied && now >= std::max(settled_at_, impatient)) return Conclude();
    TimePoint next = deadline_;
    if (now < impatient) next = std::min(next, impatient);
    if (denied) next = std::min(next, std::max(settled_at_, impatient));
    timer_->Arm(next - now);
  }

  [[nodiscard]] bool AllWantedDenied() {
    return std::ranges::all_of(
        kFamilies, [&](Family family) { return !Wants(family) || SideOf(family).negative; });
  }

  // Nothing under way can add to what is known.
  [[nodiscard]] bool Complete() {
    if (AllServers()) return open_.empty() && queued_ == 0;
    return queued_ == 0 && std::ranges::all_of(kFamilies, [&](Family family) {
             return !Wants(family) || SideOf(family).found || SideOf(family).negative ||
                    !IsOpen(family);
           });
  }

  // A server that answers for one family and not for the other is not silent.
  void NoteSilence(TimePoint now) {
    for (Open& open : open_) {
      if (open.late || now - open.sent < ServerMemory::kPatience) continue;
      open.late = true;
      if (!heard_.contains(open.server)) owner_.memory_.WasSilent(open.server, now);
    }
  }

  void Conclude() {
    if (AnyFound()) {
      NoteSilence(owner_.loop_.Now());
      answer_.kind = NameAnswer::Kind::kFound;
      answer_.full_name = names_.front();
      for (const Family family : kFamilies) {
        const Side& side = SideOf(family);
        auto& addresses = answer_.addresses[IndexOf(family)];
        if (side.found) addresses = side.found;
        if (!side.found && side.negative) addresses.emplace();
      }
      return Finish();
    }
    const bool denied = AllWantedDenied();
    trouble_seen_ |= !denied;
    const bool silent = !open_.empty() && !denied;
    names_.erase(names_.begin());
    // A name server that is away is away for the other names, too.
    if (!silent && !names_.empty()) return NextName();
    answer_.kind = trouble_seen_ ? NameAnswer::Kind::kNoAnswer : NameAnswer::Kind::kNoSuchName;
    answer_.failure = !trouble_seen_      ? "the name has no address"
                      : !trouble_.empty() ? trouble_
                                          : "the name servers are silent";
    Finish();
  }

  void FinishSoon() {
    owner_.loop_.Post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Finish();
    });
  }

  void Finish() {
    open_.clear();
    timer_->Cancel();
    // `done` may drop the last reference to this inquiry.
    const auto self = shared_from_this();
    if (const Done done = std::exchange(done_, nullptr)) done(answer_);
  }

  Resolver& owner_;
  const NameQuestion question_;
  Done done_;
  std::unique_ptr<Timer> timer_;
  std::vector<std::string> names_;    // complete ones, that which is asked for first
  std::vector<std::string> servers_;  // as resolv.conf has them
  std::vector<std::string> order_;    // as they are asked
  std::size_t attempts_ = 0;
  int queued_ = 0;  // packets that wait for a token
  std::vector<Open> open_;
  std::uint64_t numbers_ = 0;
  std::set<std::string> heard_;  // servers that answered anything
  std::array<Side, 2> sides_;
  TimePoint last_sent_ = TimePoint::min();
  TimePoint settled_at_ = TimePoint::max();
  TimePoint deadline_ = TimePoint::max();
  bool trouble_seen_ = false;
  std::string trouble_;
  NameAnswer answer_;
};

Resolver::Resolver(Loop& loop, Dns& dns)
    : loop_(loop),
      dns_(dns),
      queues_{Queue{TokenBucket(kFirstPerSecond, kFirstPerSecond / 10), {}, {}, nullptr},
              Queue{TokenBucket(kPerSecond, kBurst), {}, {}, nullptr}} {
  for (Queue& queue : queues_) {
    queue.timer = loop.NewTimer([this, &queue] { Drain(queue); });
  }
}
Resolver::~Resolver() = default;

Resolver::Pending Resolver::Resolve(NameQuestion question, Done done) {
  const auto found = FromThisHost(dns_, question.name);
  Queue& queue = QueueOf(question.lane);
  auto inquiry = std::make_shared<Inquiry>(*this, std::move(question), std::move(done));
  if (!found.empty()) {
    inquiry->AnswerFromHosts(found);
    return inquiry;
  }
  queue.waiting.push_back(inquiry);
  queue.timer->Arm(Duration::zero());
  return inquiry;
}

void Resolver::Drain(Queue& queue) {
  const TimePoint now = loop_.Now();
  while (!queue.packets.empty() || !queue.waiting.empty()) {
    if (queue.packets.empty()) {
      const auto inquiry = queue.waiting.front().lock();
      if (inquiry && queue.tokens.Next(now) > now) break;
      queue.waiting.pop_front();
      if (inquiry) inquiry->Begin();
      continue;
    }
    auto inquiry = queue.packets.front().inquiry.lock();
    if (inquiry && inquiry->over()) inquiry.reset();
    if (inquiry && !queue.tokens.Take(now)) break;
    const Packet packet = std::move(queue.packets.front());
    queue.packets.pop_front();
    if (inquiry) inquiry->Send(packet);
  }
  if (queue.packets.empty() && queue.waiting.empty()) return queue.timer->Cancel();
  queue.timer->Arm(std::max(queue.tokens.Next(now) - now, Duration(std::chrono::milliseconds(1))));
}

}  // namespace zkcluster
