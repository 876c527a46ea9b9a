#include "names/name_book.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/listeners.h"
#include "names/hosts_file.h"

namespace zkcluster {
namespace {

using Standing = NameState::Standing;
using Scope = NameQuestion::Scope;
using FamilyLists = std::array<std::optional<std::vector<std::string>>, 2>;

// Names without followers are kept, because their addresses may be needed when no name server
// answers. From this many on, those that were not used for this long are dropped.
constexpr std::size_t kManyNames = 1000;
constexpr Duration kKeepUnused = std::chrono::minutes(10);

bool SameSet(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

// Whether the answered families are as they were known.
bool Confirms(const FamilyLists& known, const FamilyLists& answered) {
  for (std::size_t f = 0; f < known.size(); ++f) {
    if (answered[f] && !SameSet(*answered[f], known[f].value_or(std::vector<std::string>()))) {
      return false;
    }
  }
  return true;
}

// What one server said beside what all say: it may have been too slow to be heard again.
FamilyLists Joined(FamilyLists lists, const FamilyLists& more) {
  for (std::size_t f = 0; f < lists.size(); ++f) {
    if (!lists[f] || !more[f]) continue;
    for (const std::string& address : *more[f]) {
      if (std::ranges::find(*lists[f], address) == lists[f]->end()) lists[f]->push_back(address);
    }
  }
  return lists;
}

}  // namespace

struct NameBook::Entry {
  explicit Entry(std::string n) : name(std::move(n)) {}

  [[nodiscard]] bool AnyKnown() const {
    return std::ranges::any_of(known, [](const auto& list) { return list && !list->empty(); });
  }

  const std::string name;
  std::string full_name;
  FamilyLists known;
  FamilyLists news;  // one server's answer, while all are asked about it
  NameState state;
  std::optional<NameState> reported;      // to the followers
  bool answered = false;                  // ever: `state` says something
  TimePoint asked_at = TimePoint::min();  // when the newest answer came
  TimePoint used_at{};
  std::array<TimePoint, 2> skip_until{};  // of a family that the name does not have
  Backoff retry{kFirstRetry, kLongestFirstRetry};
  Duration ttl{0};
  Resolver::Pending pending;
  std::unique_ptr<Timer> timer;  // the next question of a followed name
  Listeners<const NameState&> followers;
  Listeners<const NameState&> askers;  // once each
  std::weak_ptr<Watched> watched;      // expired: no followers
};

NameBook::NameBook(Loop& loop, Resolver& resolver) : loop_(loop), resolver_(resolver) {}
NameBook::~NameBook() = default;

NameBook::Entry& NameBook::Open(const std::string& name) {
  auto& slot = entries_[LowerCase(name)];
  if (!slot) {
    slot = std::make_shared<Entry>(name);
    Entry& entry = *slot;
    entry.timer = loop_.NewTimer([this, &entry] {
      if (entry.watched.expired()) return;
      Inquire(entry, entry.AnyKnown() ? Scope::kOneServer : Scope::kAllServers);
    });
  }
  Entry& opened = *slot;
  opened.used_at = loop_.Now();
  DropUnused();
  return opened;
}

// What all followers of an entry share.
struct NameBook::Watched {
  Watched(Loop& l, std::weak_ptr<Entry> e) : loop(l), entry(std::move(e)) {}
  ~Watched() {
    if (const auto left = entry.lock()) left->used_at = loop.Now();
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  Loop& loop;
  const std::weak_ptr<Entry> entry;
};

Names::Following NameBook::Follow(const std::string& name, Listener listener) {
  Entry& entry = Open(name);
  auto shared = std::make_shared<Listener>(std::move(listener));
  auto watched = entry.watched.lock();
  const bool was_followed = watched != nullptr;
  if (!watched) {
    watched = std::make_shared<Watched>(loop_, entries_.at(LowerCase(name)));
    entry.watched = watched;
  }
  // By weak reference: a listener that has left is not called.
  const std::weak_ptr<Listener> weak = shared;
  const auto report = [weak](const NameState& state) {
    if (const auto alive = weak.lock()) (*alive)(state);
  };
  auto subscription = entry.followers.Add(report);
  if (entry.answered) {
    loop_.Post(lifetime_.Guard([report, state = entry.state] { report(state); }));
  }
  if (!was_followed && !entry.pending) Schedule(entry);
  struct Held {
    std::shared_ptr<Watched> watched;
    std::shared_ptr<Listener> listener;
    zkcluster::Subscription subscription;
  };
  return std::make_shared<Held>(
      Held{std::move(watched), std::move(shared), std::move(subscription)});
}

NameBook::Asking NameBook::Ask(const std::string& name, Duration max_age, Listener done) {
  Entry& entry = Open(name);
  auto shared = std::make_shared<Listener>(std::move(done));
  const auto report = [weak = std::weak_ptr<Listener>(shared)](const NameState& state) {
    const auto alive = weak.lock();
    if (!alive || !*alive) return;
    const Listener once = std::exchange(*alive, nullptr);
    once(state);
  };
  const bool fresh = entry.answered && loop_.Now() - entry.asked_at < max_age;
  if (fresh) {
    loop_.Post(lifetime_.Guard([report, state = entry.state] { report(state); }));
    return shared;
  }
  if (!entry.pending) {
    Inquire(entry, entry.AnyKnown() ? Scope::kOneServer : Scope::kAllServers);
  }
  struct Held {
    std::shared_ptr<Listener> listener;
    zkcluster::Subscription subscription;
  };
  return std::make_shared<Held>(Held{std::move(shared), entry.askers.Add(report)});
}

std::vector<std::string> NameBook::Known(const std::string& name) const {
  const auto found = entries_.find(LowerCase(name));
  return found == entries_.end() ? std::vector<std::string>() : found->second->state.addresses;
}

NameBook::Asking NameBook::AskByTtl(const std::string& name, Listener done) {
  const Entry& entry = Open(name);
  const bool resolves = entry.state.standing == Standing::kResolves;
  return Ask(name, resolves ? std::clamp(entry.ttl, kShortest, kLongest) : kShortest,
             std::move(done));
}

void NameBook::Inquire(Entry& entry, Scope scope) {
  entry.timer->Cancel();
  NameQuestion question;
  question.name = entry.name;
  question.full_name = entry.full_name;
  question.scope = scope;
  question.lane = entry.answered ? NameQuestion::Lane::kAgain : NameQuestion::Lane::kFirst;
  const TimePoint now = loop_.Now();
  for (std::size_t f = 0; f < question.families.size(); ++f) {
    question.families[f] = scope == Scope::kAllServers || now >= entry.skip_until[f];
  }
  entry.pending = resolver_.Resolve(
      std::move(question),
      [this, &entry, scope](const NameAnswer& answer) { OnAnswer(entry, scope, answer); });
}

void NameBook::OnAnswer(Entry& entry, Scope scope, const NameAnswer& answer) {
  using Kind = NameAnswer::Kind;
  const bool found = answer.kind == Kind::kFound;
  const bool news = found ? !Confirms(entry.known, answer.addresses)
                          : answer.kind == Kind::kNoSuchName && entry.AnyKnown();
  if (news && scope == Scope::kOneServer) {
    entry.full_name = found ? answer.full_name : "";
    entry.news = answer.addresses;
    return Inquire(entry, Scope::kAllServers);
  }
  const FamilyLists addresses = Joined(answer.addresses, std::exchange(entry.news, {}));
  const auto keep = std::exchange(entry.pending, nullptr);  // it runs this
  entry.answered = true;
  entry.asked_at = loop_.Now();
  entry.state.standing = found                            ? Standing::kResolves
                         : answer.kind == Kind::kNoAnswer ? Standing::kUnanswered
                                                          : Standing::kGone;
  if (found) {
    entry.full_name = answer.full_name;
    entry.ttl = answer.ttl;
    entry.retry = Backoff(kShortest * 2, kLongestRetry);
    for (std::size_t f = 0; f < entry.known.size(); ++f) {
      const auto& list = addresses[f];
      if (list) entry.known[f] = list;
      if (list && list->empty()) entry.skip_until[f] = loop_.Now() + kLongest;
      if (list && !list->empty()) entry.skip_until[f] = TimePoint::min();
    }
    entry.state.addresses.clear();
    for (const auto& list : entry.known) {
      if (list)
        entry.state.addresses.insert(entry.state.addresses.end(), list->begin(), list->end());
    }
  } else {
    // The domain in which it was found may have lost it to another one.
    entry.full_name.clear();
    entry.skip_until.fill(TimePoint::min());
  }
  Schedule(entry);
  Report(entry);
}

// REQUIRES: the last use of `entry` by the caller: a listener may do anything.
void NameBook::Report(Entry& entry) {
  const auto alive = entries_.at(LowerCase(entry.name));
  const NameState state = entry.state;
  // A question from within a listener waits for the next answer.
  auto askers = std::exchange(entry.askers, {});
  const bool changed = !entry.reported || *entry.reported != state;
  entry.reported = state;
  if (changed) alive->followers.Notify(state);
  askers.Notify(state);
}

void NameBook::Schedule(Entry& entry) {
  if (entry.watched.expired() || entry.pending) return;
  if (!entry.answered) return Inquire(entry, Scope::kAllServers);
  Duration wait;
  if (entry.state.standing == Standing::kResolves) {
    // Somewhat early, and not all at once: a move is noticed within the TTL.
    wait = std::clamp(entry.ttl, kShortest, kLongest);
    wait -= Duration(
        static_cast<Duration::rep>(static_cast<double>(wait.count()) * 0.1 * loop_.Random()));
  } else {
    wait = entry.retry.Next(loop_.Random());
  }
  entry.timer->Arm(entry.asked_at + wait - loop_.Now());
}

void NameBook::DropUnused() {
  if (entries_.size() < kManyNames) return;
  const TimePoint now = loop_.Now();
  if (now - swept_at_ < kKeepUnused) return;
  swept_at_ = now;
  std::erase_if(entries_, [&](const auto& item) {
    const Entry& entry = *item.second;
    return entry.watched.expired() && !entry.pending && now - entry.used_at >= kKeepUnused;
  });
}

}  // namespace zkcluster
