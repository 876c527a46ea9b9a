// The events of a scene: the fleet, the outsider, and the reports to the judges.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "checker/lead/commit.h"
#include "codec/codec.h"
#include "follow/spec_read.h"
#include "tests/fakes/tomorrow.h"
#include "tests/history/describe.h"
#include "tests/sim/placement_judge.h"
#include "tests/sim/scene.h"

namespace zkcluster::sim {
namespace {

constexpr Duration kServesWithin = std::chrono::milliseconds(80);

std::string_view NameOf(FakeFleet::Server server) {
  switch (server) {
    case FakeFleet::Server::kUp:
      return "up";
    case FakeFleet::Server::kRefused:
      return "refused";
    case FakeFleet::Server::kHung:
      return "hung";
    case FakeFleet::Server::kLoading:
      return "loading";
    case FakeFleet::Server::kMaxClients:
      return "maxclients";
    case FakeFleet::Server::kUnresolved:
      return "unresolved";
  }
  return "";
}

std::string_view NameOf(FakeFleet::Reach reach) {
  switch (reach) {
    case FakeFleet::Reach::kOpen:
      return "open";
    case FakeFleet::Reach::kDropped:
      return "dropped";
    case FakeFleet::Reach::kRejected:
      return "rejected";
    case FakeFleet::Reach::kNoRoute:
      return "no route";
  }
  return "";
}

std::string_view NameOf(OpRole role) {
  switch (role) {
    case OpRole::kFence:
      return "fence";
    case OpRole::kSpec:
      return "spec";
    case OpRole::kVote:
      return "vote";
    case OpRole::kVoteSignal:
      return "vote signal";
    case OpRole::kGoSignal:
      return "go signal";
    case OpRole::kChunk:
      return "chunk";
    case OpRole::kHead:
      return "head";
    case OpRole::kLedger:
      return "ledger";
    case OpRole::kContributed:
      return "a contribution";
    case OpRole::kMirror:
      return "mirror";
    case OpRole::kEvent:
      return "event";
  }
  return "";
}

}  // namespace

std::string Letters(const StatusBoard& board) {
  std::string letters;
  letters.reserve(board.shards.size());
  for (const auto& state : board.shards) letters += history::StatusLetter(state.status);
  return letters;
}

// --- Redis ---

void Scene::SetServer(const std::string& addr, FakeFleet::Server server) {
  if (trace.on() && elapsed() > Duration::zero()) {
    Note("redis", fmt::format("{} {}", addr, NameOf(server)));
  }
  addresses_.insert(addr);
  flapping_.erase(addr);
  opinions_.ServerIs(addr, server, IsSteady(addr), world.now());
  fleet.Set(addr, server);
}

void Scene::FlapServer(const std::string& addr, Duration up, Duration down) {
  Note("redis", addr + " flaps");
  flapping_.insert(addr);
  opinions_.ServerIs(addr, FakeFleet::Server::kUp, false, world.now());
  fleet.Flap(addr, up, down);
}

void Scene::SlowServer(const std::string& addr, Duration latency) {
  Note("redis", addr + " is slow");
  // It still answers well within every timeout, but now a stalled checker often has
  // a probe in flight.
  if (latency <= kServesWithin && !slow_.contains(addr)) return fleet.SetLatency(addr, latency);
  slow_.insert(addr);
  opinions_.ServerIs(addr, FakeFleet::Server::kUp, false, world.now());
  fleet.SetLatency(addr, latency);
}

void Scene::RestartServer(const std::string& addr) {
  Note("redis", addr + " restarts");
  SetServer(addr, FakeFleet::Server::kRefused);
  SetServer(addr, FakeFleet::Server::kUp);
}

void Scene::SetReach(const std::string& checker, const std::string& addr, FakeFleet::Reach reach) {
  if (trace.on()) Note("redis", fmt::format("{} to {}: {}", checker, addr, NameOf(reach)));
  opinions_.ReachIs(checker, addr, reach, world.now());
  fleet.SetReach(checker, addr, reach);
}

void Scene::MoveName(const std::string& addr, Duration ttl) {
  names.Move(addr, ttl);
  SettleNames();
}

// All shards of a host move with it. One that was followed may become unsettled again: its name is
// gone, and a checker that slept meanwhile still has the old address.
void Scene::SettleNames() {
  for (const auto& addr : addresses_) {
    if (names.Settled(addr) || !unsettled_.insert(addr).second) continue;
    opinions_.ServerIs(addr, fleet.Get(addr), false, world.now());
  }
  std::erase_if(unsettled_, [this](const std::string& addr) {
    if (!names.Settled(addr)) return false;
    const bool steady = !slow_.contains(addr) && !flapping_.contains(addr);
    opinions_.ServerIs(addr, fleet.Get(addr), steady, world.now());
    return true;
  });
}

void Scene::OnProbed(const FakeFleet::Ended& probe) {
  const auto life = life_of_loop_.find(&probe.process);
  if (life == life_of_loop_.end()) return;
  if (plan.trace == TraceMode::kPrinted) {
    Note("probe", fmt::format("{} of {} at {}: {}", probe.checker, probe.addr, probe.place,
                              probe.result.verdict == ProbeVerdict::kAlive
                                  ? "alive"
                                  : ReasonName(probe.result.reason)));
  }
  opinions_.Probed(life->second, probe.addr, probe.result, world.now());
  if (const auto finding = names.Probed(life->second, probe)) {
    Violate(finding->rule, finding->text);
  }
}

void Scene::HealFleet() {
  Note("redis", "every route is open");
  opinions_.AllReachesOpen(world.now());
  fleet.HealAll();
  slow_.clear();
  flapping_.clear();
  for (const auto& addr : addresses_) {
    fleet.SetPassword(addr, "");
    fleet.SetLatency(addr, std::chrono::milliseconds(1));
    const auto server = fleet.Get(addr);
    opinions_.ServerIs(addr, server, IsSteady(addr), world.now());
    fleet.Set(addr, server);
  }
}

// --- the outsider ---

void Scene::Put(const std::string& path, const std::string& bytes) {
  Note("outsider", fmt::format("puts {} bytes into {}", bytes.size(), path));
  ensemble.Put(path, bytes);
}

void Scene::PutEphemeral(const std::string& path, const std::string& bytes) {
  Note("outsider", fmt::format("puts {} bytes into its own {}", bytes.size(), path));
  ensemble.PutEphemeral(path, bytes);
}

void Scene::Remove(const std::string& path) {
  Note("outsider", "removes " + path);
  ensemble.Remove(path);
}

std::optional<std::size_t> Scene::CommitIn(const Arrival& arrival) const {
  if (arrival.request.verb != Verb::kMulti) return std::nullopt;
  for (const auto& op : arrival.request.ops) {
    const std::string& path = zk::PathOf(op);
    if (zk::DataOf(op) == nullptr || !path.ends_with("/quorum/head")) continue;
    for (std::size_t k = 0; k < clusters_.size(); ++k) {
      if (Paths(k).head() == path) return k;
    }
  }
  return std::nullopt;
}

// --- reports to the judges ---

void Scene::Mix(std::string_view bytes) {
  for (const char c : bytes) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  Mix(static_cast<std::int64_t>(bytes.size()));
}

void Scene::Mix(std::int64_t number) {
  hash_ = (hash_ ^ static_cast<std::uint64_t>(number)) * 0x100000001b3;
  hash_ ^= hash_ >> 29;
}

void Scene::CountFormats(const Transaction& transaction) {
  for (const auto& op : transaction.ops) {
    const std::string* const data = zk::DataOf(op);
    if (data == nullptr || zk::PathOf(op).find("/quorum/status/") == std::string::npos) continue;
    if (HasColumnOfTomorrow(*data)) counters.Add("chunk of tomorrow's format");
  }
}

void Scene::OnCommit(const Transaction& transaction) {
  CountFormats(transaction);
  Mix(transaction.zxid);
  Mix(transaction.time.time_since_epoch().count());
  Mix(transaction.session_id);
  for (const auto& op : transaction.ops) {
    std::visit(
        [this](const auto& one) {
          Mix(one.path);
          if constexpr (requires { one.data; }) Mix(one.data);
        },
        op);
  }
  if (trace.on()) {
    const auto life = sessions_.find(transaction.session_id);
    std::string who = transaction.session_id == 0 ? "outsider" : "?";
    if (life != sessions_.end()) {
      const Life* const alive = FindLife(life->second);
      who = alive != nullptr ? alive->name : fmt::format("life {}", life->second);
    }
    Note("commit", fmt::format("{}: {}", who, history::DescribeTransaction(transaction)));
  }
  answers_.Observe(transaction);
  if (auto finding = of_formats_.Observe(transaction)) {
    Violate(finding->rule, std::move(finding->text));
  }
  const std::size_t before = judge_.violation_count();
  judge_.Observe(transaction);
  if (judge_.violation_count() > before && !judge_.violations().empty()) {
    const history::Violation& first = judge_.violations().front();
    Violate(first.invariant, history::Describe(first));
  }
}

void Scene::OnLog(const Life& life, LogLevel level, std::string_view event,
                  std::initializer_list<LogField> fields) {
  const auto field = [&](std::string_view key) -> const std::string* {
    for (const auto& one : fields) {
      if (one.key == key) return &one.value;
    }
    return nullptr;
  };
  counters.Add(
      log_counters_.try_emplace(std::string(event), "log " + std::string(event)).first->second);
  if (trace.on() && (level != LogLevel::kDebug || event == "leader.commit_refused")) {
    Note("log", life.name + ": " + FormatLogLine(LogFormat::kLogfmt, "", level, event, fields));
  }
  if (event == "leader.commit_refused") {
    const auto role = static_cast<OpRole>(std::stoi(*field("role")));
    counters.Add(fmt::format("refused by {}", NameOf(role)));
    if (role == OpRole::kVote || role == OpRole::kVoteSignal) {
      const ClusterPaths paths(SimSite::kRoot, *field("cluster"));
      judge_.ObserveRefusal(life.client->session_id(), paths.vote("?"));
    }
  } else if (event == "leader.hold") {
    counters.Add("hold " + *field("hold"));
  } else if (event == "spec.taken" || event == "spec.changed") {
    opinions_.ListChanged(life.number);
  } else if (event.starts_with("opinion.")) {
    const Opinion opinion = event == "opinion.alive"     ? Opinion::kAlive
                            : event == "opinion.dead"    ? Opinion::kDead
                            : event == "opinion.unknown" ? Opinion::kUnknown
                                                         : Opinion::kNotProbed;
    const auto& checker = slots_[life.index].plan.id;
    const std::string& addr = *field("addr");
    const auto finding = opinions_.Opined(life.number, checker, addr, opinion, world.now());
    if (!finding) return;
    // The checker may have asked the host of a lying name server.
    if (finding->rule == std::string_view("false_dead") && names.MayBeLiars(addr)) return;
    Violate(finding->rule, finding->text);
  }
}

void Scene::OnTable(const std::string& client, const std::string& cluster,
                    const StatusWatcher::Update& update) {
  history::ClientTable table;
  table.client = client;
  table.cluster = cluster;
  table.epoch = update.epoch;
  table.sequence = update.sequence;
  table.spec_version = update.table->spec().version;
  table.statuses = Letters(update.table->board());
  for (const auto& shard : update.table->board().shards) table.since.push_back(shard.since);
  for (const auto& shard : update.table->spec().shards) table.names.push_back(shard.name);
  Mix(table.client);
  Mix(table.epoch);
  Mix(table.sequence);
  Mix(table.statuses);
  counters.Add("tables");
  if (trace.on()) {
    Note("table",
         fmt::format("{} {}: epoch {} sequence {} spec {} {}", client, cluster, table.epoch,
                     table.sequence, table.spec_version, table.statuses.substr(0, 40)));
  }
  if (const auto misplaced = FindMisplacedKey(*update.table)) Violate("placement", *misplaced);
  if (auto finding = of_formats_.TableOf(cluster, table.spec_version)) {
    Violate(finding->rule, std::move(finding->text));
  }
  tables_.Observe(table);
  if (!tables_.violations().empty()) {
    const history::Violation& first = tables_.violations().front();
    Violate(first.invariant, history::Describe(first));
  }
}

void Scene::OnAnswer(std::uint64_t life, const OperatorAnswer& answer) {
  const std::string code(answer.result ? "done" : ErrorCodeName(answer.result.error().code));
  counters.Add("operator " + code);
  if (trace.on()) {
    Note("operator", fmt::format("{} of {}: {}{}",
                                 answer.kind == OperatorAnswer::Kind::kCreate   ? "create"
                                 : answer.kind == OperatorAnswer::Kind::kUpdate ? "update"
                                                                                : "delete",
                                 answer.cluster, code,
                                 answer.result ? "" : ": " + answer.result.error().message));
  }
  if (const auto wrong = answers_.Judge(answer, sessions_of_[life])) {
    Violate("operator_answer", *wrong);
  }
}

// --- what is in ZooKeeper ---

std::optional<StoredSpec> Scene::SpecOf(std::size_t cluster) const {
  const ClusterPaths paths = Paths(cluster);
  const RawSpec raw{ensemble.Get(paths.base()), ensemble.Get(paths.shards()),
                    ensemble.Get(paths.options())};
  if (!raw.base) return std::nullopt;
  auto stored = DecodeStoredSpec(paths.name(), raw);
  return stored ? std::optional(*std::move(stored)) : std::nullopt;
}

ClusterSpec Scene::InForce(std::size_t cluster, const StoredSpec& stored) const {
  const Safeguards kept =
      SafeguardsInForce(stored.spec, stored.from_one_write, LedgerOf(cluster).safeguards);
  return WithSafeguards(stored.spec, kept);
}

std::optional<LeaderRecord> Scene::LeaderOf(std::size_t cluster) const {
  const auto node = ensemble.Get(Paths(cluster).leader());
  if (!node) return std::nullopt;
  auto leader = DecodeLeader(node->data);
  return leader ? std::optional(*std::move(leader)) : std::nullopt;
}

std::optional<Head> Scene::HeadOf(std::size_t cluster) const {
  const auto node = ensemble.Get(Paths(cluster).head());
  if (!node) return std::nullopt;
  auto head = DecodeHead(node->data);
  return head ? std::optional(*std::move(head)) : std::nullopt;
}

Ledger Scene::LedgerOf(std::size_t cluster) const {
  const auto node = ensemble.Get(Paths(cluster).ledger());
  if (!node) return {};
  Ledger ledger = DecodeLedger(node->data).value_or(Ledger{});
  DateOrders(ledger, node->stat.version, node->stat.modified);
  return ledger;
}

std::string Scene::StatusesOf(std::size_t cluster) const {
  const auto head = HeadOf(cluster);
  if (!head) return "";
  const ClusterPaths paths = Paths(cluster);
  std::string letters(head->shards, '?');
  for (std::size_t k = 0; k < ChunkCount(head->shards); ++k) {
    const auto node = ensemble.Get(paths.chunk(k));
    const auto rows = node ? DecodeChunk(node->data) : Result<std::vector<ShardState>>();
    if (!rows) continue;
    for (std::size_t i = 0; i < rows->size() && k * kChunkShards + i < head->shards; ++i) {
      letters[k * kChunkShards + i] = history::RowLetter((*rows)[i]);
    }
  }
  return letters;
}

std::optional<std::size_t> Scene::LeadingChecker(std::size_t cluster) const {
  const auto leader = LeaderOf(cluster);
  if (!leader) return std::nullopt;
  for (std::size_t i = 0; i < plan.checkers.size(); ++i) {
    if (plan.checkers[i].id == leader->id) return i;
  }
  return std::nullopt;
}

history::ExcuseCounts Scene::excuses() const {
  history::ExcuseCounts sum = judge_.excuses();
  Add(sum, tables_.excuses());
  Add(sum, opinions_.excuses());
  Add(sum, answers_.excuses());
  Add(sum, of_formats_.excuses());
  return sum;
}

}  // namespace zkcluster::sim
