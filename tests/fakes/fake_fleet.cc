#include "tests/fakes/fake_fleet.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "base/check.h"

namespace zkcluster::sim {

class FakeFleet::FleetProber final : public Prober {
 public:
  FleetProber(FakeFleet& fleet, SimLoop& loop, std::string checker)
      : fleet_(fleet), loop_(loop), checker_(std::move(checker)) {
    fleet_.probers_.push_back(this);
  }
  ~FleetProber() override { std::erase(fleet_.probers_, this); }

  void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) override {
    auto& slot = targets_[id];
    ZKC_CHECK(slot == nullptr);
    slot = std::make_unique<Target>();
    Target& made = *slot;
    made.state = &fleet_.servers_[target.addr];
    made.target = std::move(target);
    made.hint = std::move(hint);
    made.timer = loop_.NewTimer([this, &made] { OnTimer(made); });
  }
  void RemoveTarget(TargetId id) override { targets_.erase(id); }

  void Start(TargetId id, Duration timeout, std::function<void(const ProbeResult&)> done) override {
    const auto found = targets_.find(id);
    ZKC_CHECK(found != targets_.end());
    Target& target = *found->second;
    ZKC_CHECK(target.done == nullptr);
    ++target.state->probes;
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

  // The server at `addr`, or the network to it, has changed.
  void Touch(const std::string& addr) {
    for (const auto& [id, target] : targets_) {
      if (target->target.addr != addr) continue;
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
    State* state = nullptr;  // of its server
    std::function<void()> hint;
    std::function<void(const ProbeResult&)> done;
    std::unique_ptr<Timer> timer;  // the answer, the deadline, or the hint
    TimePoint started{};
    TimePoint deadline{};
    std::uint64_t connected_to = 0;  // the life of the server that holds our connection; 0: none
  };

  Duration Latency(const Target& target) {
    const Duration latency = target.state->latency;
    return latency / 2 + Duration(static_cast<Duration::rep>(static_cast<double>(latency.count()) /
                                                             2 * loop_.Random()));
  }

  bool Broken(const Target& target) {
    // A cut breaks no idle connection: nobody notices it.
    return target.connected_to != 0 && target.state->life != target.connected_to &&
           ReachOf(*target.state, checker_) == Reach::kOpen;
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
      result = ProbeResult::Failed(Reason::kTimeout);
    }
    result->latency = loop_.Now() - target.started;
    const auto done = std::exchange(target.done, nullptr);
    if (fleet_.listener_) fleet_.listener_(loop_, checker_, target.target.addr, *result);
    done(*result);
  }

  // Nothing: silence.
  std::optional<ProbeResult> Answer(Target& target) {
    const State& state = *target.state;
    const bool connected = std::exchange(target.connected_to, 0) == state.life;
    if (state.server == Server::kUnresolved && !connected) {
      return ProbeResult::Inconclusive(Reason::kUnresolved, ProbeAlarm::kUnresolved);
    }
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
  static std::optional<ProbeResult> AnswerTo(const TcpConnect&, Target&, bool) {
    return ProbeResult::Alive();
  }
  static std::optional<ProbeResult> AnswerTo(const RedisPing& ping, Target& target,
                                             bool connected) {
    const State& state = *target.state;
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
  std::map<TargetId, std::unique_ptr<Target>> targets_;  // in order: chance is drawn in their order
};

FakeFleet::FakeFleet(SimWorld& world) : world_(world) {}

FakeFleet::~FakeFleet() {
  ZKC_CHECK(probers_.empty());
  for (const auto& [addr, state] : servers_) world_.Cancel(state.change);
}

std::unique_ptr<Prober> FakeFleet::NewProber(SimLoop& loop, std::string checker) {
  return std::make_unique<FleetProber>(*this, loop, std::move(checker));
}

void FakeFleet::Touch(const std::string& addr) {
  for (FleetProber* prober : probers_) prober->Touch(addr);
}

void FakeFleet::Change(const std::string& addr, Server server) {
  State& state = servers_[addr];
  if (server == Server::kRefused && state.server != Server::kRefused) ++state.life;
  state.server = server;
  Touch(addr);
}

void FakeFleet::Set(const std::string& addr, Server server) {
  world_.Cancel(std::exchange(servers_[addr].change, 0));
  Change(addr, server);
}

FakeFleet::Server FakeFleet::Get(const std::string& addr) const {
  const auto found = servers_.find(addr);
  return found == servers_.end() ? Server::kRefused : found->second.server;
}

void FakeFleet::Restart(const std::string& addr) {
  Set(addr, Server::kRefused);
  Set(addr, Server::kUp);
}

void FakeFleet::Flap(const std::string& addr, Duration up, Duration down) {
  Set(addr, Server::kUp);
  servers_[addr].change = world_.After(up, nullptr, [this, addr, up, down] {
    Change(addr, Server::kRefused);
    servers_[addr].change =
        world_.After(down, nullptr, [this, addr, up, down] { Flap(addr, up, down); });
  });
}

void FakeFleet::SetFor(const std::string& addr, Server server, Duration duration, Server then) {
  Set(addr, server);
  servers_[addr].change =
      world_.After(duration, nullptr, [this, addr, then] { Change(addr, then); });
}

void FakeFleet::SetPassword(const std::string& addr, std::string password, std::string user) {
  State& state = servers_[addr];
  state.password = std::move(password);
  state.user = std::move(user);
}

void FakeFleet::SetLatency(const std::string& addr, Duration latency) {
  servers_[addr].latency = latency;
}

void FakeFleet::SetReach(const std::string& checker, const std::string& addr, Reach reach) {
  servers_[addr].reach[checker] = reach;
  Touch(addr);
}

void FakeFleet::HealAll() {
  for (auto& [addr, state] : servers_) {
    if (!std::exchange(state.reach, {}).empty()) Touch(addr);
  }
}

FakeFleet::Reach FakeFleet::ReachOf(const State& state, const std::string& checker) {
  const auto found = state.reach.find(checker);
  return found == state.reach.end() ? Reach::kOpen : found->second;
}

std::uint64_t FakeFleet::probes(const std::string& addr) const {
  const auto found = servers_.find(addr);
  return found == servers_.end() ? 0 : found->second.probes;
}

}  // namespace zkcluster::sim
