#include "tests/sim/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "base/check.h"
#include "codec/codec.h"
#include "follow/spec_read.h"

namespace zkcluster::sim {
namespace {

// The session timeout that `zkctl` requests.
constexpr Duration kOperatorSession = std::chrono::seconds(4);
constexpr Duration kReaderSession = std::chrono::seconds(3);
// More than anybody needs: a checker that starts on three clusters sends about a hundred.
constexpr Duration kPaceOver = std::chrono::seconds(1);
constexpr std::uint64_t kMostRequests = 1000;

EnsembleOptions OptionsOf(const ScenePlan& plan) {
  EnsembleOptions options;
  options.servers = plan.servers;
  // A client of a cut-off server can believe in an expired session for this long, so it is shorter
  // than any session.
  options.sync_limit = std::chrono::seconds(1);
  return options;
}

}  // namespace

// Passes every log event of one process to the scene.
class Scene::ProcessLogger final : public Logger {
 public:
  ProcessLogger(Scene& scene, std::uint64_t life) : scene_(scene), life_(life) {}
  void Log(LogLevel level, std::string_view event,
           std::initializer_list<LogField> fields) override {
    const auto found = scene_.lives_.find(life_);
    if (found != scene_.lives_.end()) scene_.OnLog(found->second, level, event, fields);
  }

 private:
  Scene& scene_;
  const std::uint64_t life_;
};

Scene::Scene(ScenePlan scene_plan)
    : plan(std::move(scene_plan)),
      world(plan.seed),
      ensemble(world, OptionsOf(plan)),
      fleet(world),
      names(world, fleet, plan.named),
      trace(plan.trace),
      start_(world.now()),
      formats_(plan.seed, "formats"),
      judge_([this] {
        history::HistoryJudge::Options options;
        options.root = SimSite::kRoot;
        options.refusals_reported = true;
        options.shortest_session = kShortestSession;
        options.probed = [this](std::int64_t session_id, const std::string& addr) {
          const auto life = sessions_.find(session_id);
          return life != sessions_.end() && opinions_.HasProbed(life->second, addr);
        };
        return options;
      }()),
      tables_(judge_),
      opinions_({kLongestInterval, kLongestProbe, kLongestThreshold, kShortestThreshold,
                 kShortestRefused}),
      answers_(SimSite::kRoot),
      of_formats_(SimSite::kRoot, [this](std::int64_t session_id) -> std::optional<int> {
        const auto life = sessions_.find(session_id);
        if (life == sessions_.end()) return std::nullopt;
        const auto format = format_of_life_.find(life->second);
        return format == format_of_life_.end() ? std::nullopt : std::optional(format->second);
      }) {
  commits_ = ensemble.OnCommit([this](const Transaction& transaction) { OnCommit(transaction); });
  ensemble.SetFateOfAll([this](const Arrival& arrival) {
    if (plan.trace == TraceMode::kPrinted) NoteRequest(arrival);
    JudgePace(arrival);
    for (const auto& hook : arrival_hooks_) {
      if (const Fate fate = hook(arrival); fate != Fate::kServe) return fate;
    }
    return Fate::kServe;
  });
  fleet.SetResultListener([this](const FakeFleet::Ended& probe) { OnProbed(probe); });
  for (std::size_t k = 0; k < plan.clusters.size(); ++k) {
    clusters_.push_back(plan.clusters[k].spec.name);
    for (const auto& addr : AddressesOf(k, plan.clusters[k].spec)) {
      names.Begin(addr);
      SetServer(addr, FakeFleet::Server::kUp);
    }
  }
  for (const auto& checker : plan.checkers) {
    slots_.emplace_back();
    slots_.back().plan = checker;
  }
  for (int i = 0; i < plan.operators; ++i) {
    operators_.emplace_back();
    StartOperator(static_cast<std::size_t>(i));
  }
}

Scene::~Scene() {
  arrival_hooks_.clear();
  session_listeners_.clear();
}

void Scene::NoteRequest(const Arrival& arrival) {
  static constexpr const char* kVerbs[] = {"get",    "exists", "children",  "create", "set",
                                           "delete", "multi",  "reset acl", "sync"};
  const auto life = life_of_loop_.find(arrival.process);
  std::string paths = arrival.request.path;
  if (arrival.request.verb == Verb::kMulti) {
    for (const auto& op : arrival.request.ops) {
      paths += " " + std::visit([](const auto& one) { return one.path; }, op);
    }
  }
  Note("request",
       fmt::format("{} {} to server {}: {} {}", arrival.number,
                   life == life_of_loop_.end() ? "?" : lives_.at(life->second).name, arrival.server,
                   kVerbs[static_cast<int>(arrival.request.verb)], paths));
}

// Whatever happens, nobody asks in a circle.
void Scene::JudgePace(const Arrival& arrival) {
  Pace& pace = pace_[arrival.process];
  if (world.now() - pace.since >= kPaceOver) pace = {world.now(), 0};
  if (++pace.requests != kMostRequests) return;
  const auto life = life_of_loop_.find(arrival.process);
  Violate("busy", fmt::format("{} sends {} requests within a second, at last for {}",
                              life == life_of_loop_.end() ? "?" : lives_.at(life->second).name,
                              kMostRequests, arrival.request.path));
}

// --- time ---

bool Scene::Step() {
  if (violation_) return false;
  world.RunUntil([this] { return violation_.has_value(); }, kStep);
  if (!violation_) Supervise();
  return !violation_;
}

void Scene::Run(Duration duration) {
  const TimePoint end = world.now() + duration;
  while (world.now() < end && Step()) {
  }
}

bool Scene::RunUntil(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = world.now() + limit;
  while (!done()) {
    if (world.now() >= end || !Step()) return false;
  }
  return true;
}

// Does what systemd does, and people who notice that a process has ended.
void Scene::Supervise() {
  const auto ended = [&](CheckerSlot& slot) {
    if (!slot.process) return false;
    const bool refused = slot.process->refused().has_value();
    if (!refused && !slot.process->left()) return false;
    if (refused) counters.Add("id refused");
    End(slot.life, refused ? "exits: its id is in use" : "has left");
    slot.process = nullptr;
    return true;
  };
  SettleNames();
  for (auto& slot : slots_) ended(slot);
  std::erase_if(twins_, ended);
  std::erase_if(gos_, [&](auto& slot) {
    if (!slot.process->left()) return false;
    End(slot.life, "has left");
    return true;
  });
}

void Scene::Violate(std::string rule, std::string text) {
  if (violation_) return;
  Note("VIOLATED", fmt::format("[{}] {}", rule, text));
  violation_ = Violation{std::move(rule), std::move(text), elapsed()};
}

// --- lives ---

std::uint64_t Scene::Begin(Life::Kind kind, std::size_t index, const std::string& name,
                           Duration session_timeout) {
  const std::uint64_t number = next_life_++;
  Life& life = lives_[number];
  life.number = number;
  life.kind = kind;
  life.index = index;
  life.name = name;
  life.session_timeout = session_timeout;
  Note("process", fmt::format("{} starts (life {})", name, number));
  return number;
}

void Scene::Bind(std::uint64_t number, SimLoop& loop, zk::Client& client) {
  Life& life = lives_.at(number);
  life.loop = &loop;
  life.client = &client;
  life_of_loop_[&loop] = number;
  session_listeners_[number] =
      client.OnSession([this, number, name = life.name](const zk::SessionEvent& event) {
        if (event.session_id != 0) {
          sessions_[event.session_id] = number;
          sessions_of_[number].insert(event.session_id);
        }
        if (event.state == SessionState::kLost) counters.Add("session lost");
        if (trace.on()) {
          Note("session",
               fmt::format("{} {} ({:#x})", name, SessionStateName(event.state), event.session_id));
        }
      });
}

void Scene::End(std::uint64_t number, const char* how) {
  Note("process", fmt::format("{} {}", lives_.at(number).name, how));
  session_listeners_.erase(number);
  opinions_.Ended(number);
  life_of_loop_.erase(lives_.at(number).loop);
  lives_.erase(number);
}

std::vector<Life> Scene::Lives() const {
  std::vector<Life> lives;
  lives.reserve(lives_.size());
  for (const auto& [number, life] : lives_) lives.push_back(life);
  return lives;
}

const Life* Scene::FindLife(std::uint64_t number) const {
  const auto found = lives_.find(number);
  return found == lives_.end() ? nullptr : &found->second;
}

const Life* Scene::LifeOf(const SimLoop* process) const {
  const auto found = life_of_loop_.find(process);
  return found == life_of_loop_.end() ? nullptr : FindLife(found->second);
}

std::unique_ptr<SimChecker> Scene::MakeChecker(const CheckerPlan& checker, std::uint64_t life) {
  SimChecker::Options options;
  options.id = checker.id;
  options.rack = checker.rack;
  options.format = plan.two_formats ? formats_.Between(1, 2) : checker.format;
  format_of_life_[life] = options.format;
  counters.Add(options.format == 2 ? "start of tomorrow's build" : "start of today's build");
  options.session_timeout = checker.session_timeout;
  options.health = plan.health;
  options.logger = std::make_shared<ProcessLogger>(*this, life);
  auto process = std::make_unique<SimChecker>(world, ensemble, fleet, std::move(options));
  Bind(life, process->loop(), process->client());
  return process;
}

void Scene::StartChecker(std::size_t index) {
  CheckerSlot& slot = slots_[index];
  ZKC_CHECK(!slot.process);
  slot.leaving = false;
  slot.life = Begin(Life::Kind::kChecker, index, slot.plan.id, slot.plan.session_timeout);
  slot.process = MakeChecker(slot.plan, slot.life);
}

void Scene::KillChecker(std::size_t index) {
  CheckerSlot& slot = slots_[index];
  if (!slot.process) return;
  End(slot.life, "is killed");
  slot.process = nullptr;
}

void Scene::LeaveChecker(std::size_t index) {
  CheckerSlot& slot = slots_[index];
  if (!slot.process || slot.leaving) return;
  slot.leaving = true;
  Note("process", slot.plan.id + " is asked to leave");
  slot.process->Leave();
}

void Scene::StartTwin(std::size_t index) {
  CheckerSlot twin;
  twin.plan = slots_[index].plan;
  twin.life = Begin(Life::Kind::kTwin, index, twin.plan.id + "/twin", twin.plan.session_timeout);
  twin.process = MakeChecker(twin.plan, twin.life);
  twins_.push_back(std::move(twin));
}

void Scene::KillTwins() {
  for (const auto& twin : twins_) End(twin.life, "is killed");
  twins_.clear();
}

void Scene::StartReader() {
  const std::size_t index = readers_.size();
  readers_.emplace_back();
  RestartReader(index);
}

void Scene::RestartReader(std::size_t index) {
  auto& slot = readers_[index];
  if (slot.process) {
    End(slot.life, "is killed");
    slot.process = nullptr;
  }
  const std::string name = fmt::format("reader-{}", index + 1);
  const std::uint64_t life = Begin(Life::Kind::kReader, index, name, kReaderSession);
  slot.life = life;
  slot.process = std::make_unique<Reader>(
      world, ensemble, name, kReaderSession, clusters_,
      [this, client = fmt::format("{}#{}", name, life)](const std::string& cluster,
                                                        const StatusWatcher::Update& update) {
        OnTable(client, cluster, update);
      });
  Bind(life, slot.process->loop(), slot.process->client());
}

void Scene::StartOperator(std::size_t index) {
  auto& slot = operators_[index];
  ZKC_CHECK(!slot.process);
  const std::string name = fmt::format("operator-{}", index + 1);
  const std::uint64_t life = Begin(Life::Kind::kOperator, index, name, kOperatorSession);
  slot.life = life;
  slot.process = std::make_unique<Operator>(
      world, ensemble, name, kOperatorSession,
      [this, life](const OperatorAnswer& answer) { OnAnswer(life, answer); });
  Bind(life, slot.process->loop(), slot.process->client());
}

void Scene::KillOperator(std::size_t index) {
  auto& slot = operators_[index];
  if (!slot.process) return;
  End(slot.life, "is killed");
  slot.process = nullptr;
}

void Scene::StartGo(std::size_t cluster) {
  gos_.emplace_back();
  auto& slot = gos_.back();
  const std::string name = fmt::format("go-{}", next_life_);
  slot.life = Begin(Life::Kind::kGo, cluster, name, std::chrono::seconds(4));
  slot.process = std::make_unique<GoChecker>(world, ensemble, fleet, name, clusters_[cluster]);
  Bind(slot.life, slot.process->loop(), slot.process->client());
}

void Scene::LeaveGo(bool in_good_order) {
  if (gos_.empty()) return;
  if (in_good_order) {
    gos_.back().process->Leave();
    return;
  }
  End(gos_.back().life, "is killed");
  gos_.pop_back();
}

void Scene::Pause(std::uint64_t number, Duration duration) {
  const Life* const life = FindLife(number);
  if (life == nullptr) return;
  opinions_.Paused(number, world.now(), duration);
  names.Paused(number, world.now() + duration);
  life->loop->Pause(duration);
}

void Scene::Resume(std::uint64_t number) {
  const Life* const life = FindLife(number);
  if (life == nullptr) return;
  opinions_.Resumed(number, world.now());
  life->loop->Resume();
}

void Scene::KillLife(std::uint64_t number) {
  const Life* const life = FindLife(number);
  if (life == nullptr) return;
  const std::size_t index = life->index;
  switch (life->kind) {
    case Life::Kind::kChecker:
      return KillChecker(index);
    case Life::Kind::kTwin:
      return KillTwins();
    case Life::Kind::kReader:
      return RestartReader(index);
    case Life::Kind::kOperator:
      return KillOperator(index);
    case Life::Kind::kGo:
      std::erase_if(gos_, [&](const auto& slot) {
        if (slot.life != number) return false;
        End(number, "is killed");
        return true;
      });
  }
}

}  // namespace zkcluster::sim
