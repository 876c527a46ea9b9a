#include "tests/fakes/fake_fleet.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "base/check.h"
#include "names/name_book.h"
#include "text/address.h"

namespace zkcluster::sim {

namespace {

// What a process asks for names.
struct NamesOfProcess {
  NamesOfProcess(FakeNames& names, SimLoop& loop)
      : dns(names, loop), resolver(loop, dns), book(loop, resolver) {}
  FakeDns dns;
  Resolver resolver;
  NameBook book;
};

}  // namespace

class FakeFleet::FleetProber final : public Prober {
 public:
  FleetProber(FakeFleet& fleet, SimLoop& loop, std::string checker)
      : fleet_(fleet), loop_(loop), checker_(std::move(checker)) {
    fleet_.probers_.push_back(this);
    if (fleet_.names_ != nullptr) {
      names_ = std::make_unique<NamesOfProcess>(*fleet_.names_, loop);
    }
  }
  ~FleetProber() override { std::erase(fleet_.probers_, this); }

  void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) override {
    auto& slot = targets_[id];
    ZKC_CHECK(slot == nullptr);
    slot = std::make_unique<Target>();
    Target& made = *slot;
    made.target = std::move(target);
    made.hint = std::move(hint);
    made.timer = loop_.NewTimer([this, &made] { OnTimer(made); });
    if (names_ == nullptr) {
      made.places = {made.target.addr};
      return;
    }
    made.named = true;
    const auto address = ParseAddress(made.target.addr);
    ZKC_CHECK(address.has_value());
    made.following = names_->book.Follow(
        address->host,
        [this, &made, port = address->port](const NameState& state) { OnName(made, state, port); });
  }
  void RemoveTarget(TargetId id) override { targets_.erase(id); }

  void Start(TargetId id, Duration timeout, std::function<void(const ProbeResult&)> done) override {
    const auto found = targets_.find(id);
    ZKC_CHECK(found != targets_.end());
    Target& target = *found->second;
    ZKC_CHECK(target.done == nullptr);
    ++fleet_.servers_[fleet_.PlaceOf(target.target.addr)].probes;
    target.done = std::move(done);
    target.started = loop_.Now();
    target.deadline = target.started + timeout;
    AnswerSoon(target);
  }

  void Abandon(TargetId id) override {
    const auto found = targets_.find(id);
    if (found == targets_.end()) return;
    Target& target = *found->second;
    target.done = nullptr;
    target.connected_to = 0;
    target.timer->Cancel();
  }

  // The server at `place`, or the network to it, has changed.
  void Touch(const std::string& place) {
    for (const auto& [id, target] : targets_) {
      const bool concerned = target->place == place ||
                             std::ranges::find(target->places, place) != target->places.end();
      if (!concerned) continue;
      if (target->done != nullptr) {
        AnswerSoon(*target);
      } else if (Broken(*target)) {
        target->timer->Arm(Latency(*target));  // the hint
      }
    }
  }

 private:
  struct Target {
    ProbeTarget target;
    bool named = false;
    Names::Following following;
    NameState::Standing standing = NameState::Standing::kResolves;
    bool known = false;               // of a name: whether anything is
    std::vector<std::string> places;  // to connect to
    std::string place;                // of the connection, the newest one
    std::function<void()> hint;
    std::function<void(const ProbeResult&)> done;
    std::unique_ptr<Timer> timer;  // the answer, the deadline, or the hint
    TimePoint started{};
    TimePoint deadline{};
    std::uint64_t connected_to = 0;  // the life of the server that holds our connection; 0: none
  };

  [[nodiscard]] State& StateAt(const std::string& place) const { return fleet_.servers_[place]; }
  [[nodiscard]] static bool HasLeft(const Target& target) {
    return target.named && std::ranges::find(target.places, target.place) == target.places.end();
  }

  void OnName(Target& target, const NameState& state, std::uint16_t port) {
    target.known = true;
    target.standing = state.standing;
    target.places.clear();
    for (const std::string& host : state.addresses) {
      target.places.push_back(FormatAddress({host, port}));
    }
    if (target.done != nullptr) return AnswerSoon(target);
    if (target.connected_to == 0 || !HasLeft(target)) return;
    target.connected_to = 0;
    const auto hint = target.hint;
    hint();
  }

  Duration Latency(const Target& target) {
    const Duration latency = target.places.empty() ? Duration(std::chrono::milliseconds(1))
                                                   : StateAt(target.places.front()).latency;
    return latency / 2 + Duration(static_cast<Duration::rep>(static_cast<double>(latency.count()) /
                                                             2 * loop_.Random()));
  }

  bool Broken(const Target& target) {
    if (target.connected_to == 0) return false;
    const State& state = StateAt(target.place);
    // A cut breaks no idle connection: nobody notices it.
    return state.life != target.connected_to && ReachOf(state, checker_) == Reach::kOpen;
  }

  void AnswerSoon(Target& target) {
    const TimePoint at = std::min(target.deadline, loop_.Now() + Latency(target));
    target.timer->Arm(at - loop_.Now());
  }

  void OnTimer(Target& target) {
    if (target.done == nullptr) {
      if (!Broken(target)) return;
      target.connected_to = 0;
      const auto hint = target.hint;
      hint();
      return;
    }
    std::optional<ProbeResult> result = Answer(target);
    if (!result && loop_.Now() < target.deadline) {
      target.timer->Arm(target.deadline - loop_.Now());
      return;
    }
    if (!result || loop_.Now() >= target.deadline) {
      target.connected_to = 0;
      result = target.places.empty() ? Unresolved() : ProbeResult::Failed(Reason::kTimeout);
    }
    if (target.connected_to != 0 && HasLeft(target)) target.connected_to = 0;
    if (target.named && target.standing == NameState::Standing::kGone &&
        result->alarm == ProbeAlarm::kNone) {
      result->alarm = ProbeAlarm::kUnresolved;
    }
    result->latency = loop_.Now() - target.started;
    const auto done = std::exchange(target.done, nullptr);
    if (fleet_.listener_) {
      const bool answered = result->verdict == ProbeVerdict::kAlive;
      fleet_.listener_(
          {loop_, checker_, target.target.addr, answered ? target.place : std::string(), *result});
    }
    done(*result);
  }

  static ProbeResult Unresolved() {
    return ProbeResult::Inconclusive(Reason::kUnresolved, ProbeAlarm::kUnresolved);
  }

  // Nothing: silence.
  std::optional<ProbeResult> Answer(Target& target) {
    const std::uint64_t life = std::exchange(target.connected_to, 0);
    if (life != 0 && life == StateAt(target.place).life) return AnswerAt(target, true);
    if (target.named && !target.known) return std::nullopt;
    if (target.places.empty()) return Unresolved();
    // As the real one: any address that works; a silent one costs only its share of the time.
    std::optional<ProbeResult> worst;
    bool silent = false;
    for (const std::string& place : target.places) {
      target.place = place;
      const auto result = AnswerAt(target, false);
      if (result && result->verdict == ProbeVerdict::kAlive) return result;
      // A host without a route to the server has none to where a lying name server points, either.
      if (result && result->reason == Reason::kNoRoute) return result;
      silent |= !result;
      if (!worst || (result && result->verdict == ProbeVerdict::kFailed)) worst = result;
    }
    return silent ? std::nullopt : worst;
  }

  std::optional<ProbeResult> AnswerAt(Target& target, bool connected) {
    const State& state = StateAt(target.place);
    if (state.server == Server::kUnresolved && !connected) return Unresolved();
    switch (ReachOf(state, checker_)) {
      case Reach::kOpen:
        break;
      case Reach::kDropped:
        if (connected) target.connected_to = state.life;
        return std::nullopt;
      case Reach::kRejected:
        return ProbeResult::Failed(Reason::kRefused);
      case Reach::kNoRoute:
        return ProbeResult::Inconclusive(Reason::kNoRoute, ProbeAlarm::kNone);
    }
    if (state.server == Server::kRefused) return ProbeResult::Failed(Reason::kRefused);
    return std::visit([&](const auto& question) { return AnswerTo(question, target, connected); },
                      target.target.question);
  }

  // Any listener accepts, and the connection is closed again.
  std::optional<ProbeResult> AnswerTo(const TcpConnect&, Target&, bool) {
    return ProbeResult::Alive();
  }
  std::optional<ProbeResult> AnswerTo(const RedisPing& ping, Target& target, bool connected) {
    const State& state = StateAt(target.place);
    switch (state.server) {
      case Server::kHung:
        if (connected) target.connected_to = state.life;
        return std::nullopt;
      case Server::kMaxClients:
        if (!connected) return ProbeResult::Failed(Reason::kMaxClients);
        break;
      case Server::kLoading:
        target.connected_to = state.life;
        return ProbeResult::Failed(Reason::kLoading);
      case Server::kUp:
      case Server::kRefused:
      case Server::kUnresolved:
        break;
    }
    const ProbeAlarm alarm = connected ? ProbeAlarm::kNone : Login(state, ping.credentials);
    if (alarm == ProbeAlarm::kNone) target.connected_to = state.life;
    return ProbeResult::Alive(alarm);
  }

  static ProbeAlarm Login(const State& state, const RedisCredentials& credentials) {
    if (credentials.password.empty()) {
      return state.password.empty() ? ProbeAlarm::kNone : ProbeAlarm::kNoAuth;
    }
    const std::string user = credentials.user == "default" ? std::string() : credentials.user;
    const bool right =
        !state.password.empty() && credentials.password == state.password && user == state.user;
    return right ? ProbeAlarm::kNone : ProbeAlarm::kWrongPass;
  }

  FakeFleet& fleet_;
  SimLoop& loop_;
  const std::string checker_;
  std::unique_ptr<NamesOfProcess> names_;                // null: hosts are no names
  std::map<TargetId, std::unique_ptr<Target>> targets_;  // in order: chance is drawn in their order
};

FakeFleet::FakeFleet(SimWorld& world) : world_(world) {}

FakeFleet::~FakeFleet() {
  ZKC_CHECK(probers_.empty());
  for (const auto& [place, state] : servers_) world_.Cancel(state.change);
}

std::unique_ptr<Prober> FakeFleet::NewProber(SimLoop& loop, std::string checker) {
  return std::make_unique<FleetProber>(*this, loop, std::move(checker));
}

std::string FakeFleet::PlaceOf(const std::string& addr) const {
  if (names_ == nullptr) return addr;
  const auto address = ParseAddress(addr);
  ZKC_CHECK(address.has_value());
  const auto host = hosts_.find(address->host);
  return host == hosts_.end() ? addr : FormatAddress({host->second, address->port});
}

std::vector<std::string> FakeFleet::PlacesOf(const std::string& addr) const {
  if (names_ == nullptr) return {addr};
  const auto address = ParseAddress(addr);
  ZKC_CHECK(address.has_value());
  std::vector<std::string> places;
  const auto found = all_hosts_.find(address->host);
  if (found == all_hosts_.end()) return {addr};
  for (const std::string& host : found->second) {
    places.push_back(FormatAddress({host, address->port}));
  }
  return places;
}

void FakeFleet::Touch(const std::string& place) {
  for (FleetProber* prober : probers_) prober->Touch(place);
}

void FakeFleet::Change(const std::string& place, Server server) {
  State& state = servers_[place];
  if (server == Server::kRefused && state.server != Server::kRefused) ++state.life;
  state.server = server;
  Touch(place);
}

void FakeFleet::Set(const std::string& addr, Server server) {
  const std::string place = PlaceOf(addr);
  world_.Cancel(std::exchange(servers_[place].change, 0));
  Change(place, server);
}

FakeFleet::Server FakeFleet::Get(const std::string& addr) const {
  const auto found = servers_.find(PlaceOf(addr));
  return found == servers_.end() ? Server::kRefused : found->second.server;
}

void FakeFleet::Move(const std::string& addr, const std::string& host, Duration ttl) {
  ZKC_CHECK(names_ != nullptr);
  const auto address = ParseAddress(addr);
  ZKC_CHECK(address.has_value());
  const auto before = hosts_.find(address->host);
  if (before != hosts_.end()) {
    std::map<std::string, State> copies;
    for (const auto& [place, state] : servers_) {
      const auto old = ParseAddress(place);
      if (!old || old->host != before->second) continue;
      State& copy = copies[FormatAddress({host, old->port})] = state;
      copy.change = 0;
      ++copy.life;
    }
    servers_.merge(copies);
  }
  hosts_[address->host] = host;
  all_hosts_[address->host].push_back(host);
  ttls_[address->host] = ttl;
  names_->records[address->host] = {{host}, {}, ttl};
}

void FakeFleet::SetListed(const std::string& addr, bool listed) {
  ZKC_CHECK(names_ != nullptr);
  const auto address = ParseAddress(addr);
  ZKC_CHECK(address.has_value());
  if (listed) {
    names_->records[address->host] = {{hosts_.at(address->host)}, {}, ttls_.at(address->host)};
  } else {
    names_->records.erase(address->host);
  }
}

void FakeFleet::Restart(const std::string& addr) {
  Set(addr, Server::kRefused);
  Set(addr, Server::kUp);
}

void FakeFleet::Flap(const std::string& addr, Duration up, Duration down) {
  FlapPlace(PlaceOf(addr), up, down);
}

void FakeFleet::FlapPlace(const std::string& place, Duration up, Duration down) {
  world_.Cancel(std::exchange(servers_[place].change, 0));
  Change(place, Server::kUp);
  servers_[place].change = world_.After(up, nullptr, [this, place, up, down] {
    Change(place, Server::kRefused);
    servers_[place].change =
        world_.After(down, nullptr, [this, place, up, down] { FlapPlace(place, up, down); });
  });
}

void FakeFleet::SetFor(const std::string& addr, Server server, Duration duration, Server then) {
  Set(addr, server);
  const std::string place = PlaceOf(addr);
  servers_[place].change =
      world_.After(duration, nullptr, [this, place, then] { Change(place, then); });
}

void FakeFleet::SetPassword(const std::string& addr, std::string password, std::string user) {
  State& state = servers_[PlaceOf(addr)];
  state.password = std::move(password);
  state.user = std::move(user);
}

void FakeFleet::SetLatency(const std::string& addr, Duration latency) {
  servers_[PlaceOf(addr)].latency = latency;
}

void FakeFleet::SetReach(const std::string& checker, const std::string& addr, Reach reach) {
  // A checker that is cut off stays so when the name moves.
  for (const std::string& place : PlacesOf(addr)) {
    servers_[place].reach[checker] = reach;
    Touch(place);
  }
}

void FakeFleet::HealAll() {
  for (auto& [place, state] : servers_) {
    if (!std::exchange(state.reach, {}).empty()) Touch(place);
  }
}

FakeFleet::Reach FakeFleet::ReachOf(const State& state, const std::string& checker) {
  const auto found = state.reach.find(checker);
  return found == state.reach.end() ? Reach::kOpen : found->second;
}

std::uint64_t FakeFleet::probes(const std::string& addr) const {
  const auto found = servers_.find(PlaceOf(addr));
  return found == servers_.end() ? 0 : found->second.probes;
}

}  // namespace zkcluster::sim
