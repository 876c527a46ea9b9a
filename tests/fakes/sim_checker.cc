#include "tests/fakes/sim_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/paths.h"
#include "tests/fakes/tomorrow.h"
#include "zk/access.h"

namespace zkcluster::sim {

namespace {

constexpr std::size_t kEventsKept = 1000;

}  // namespace

SimChecker::SimChecker(SimWorld& world, FakeEnsemble& ensemble, FakeFleet& fleet, Options options)
    : options_(std::move(options)),
      loop_(world, options_.id),
      guid_(fmt::format("{:016x}{:016x}", world.RandomBits(), world.RandomBits())),
      logger_(options_.logger ? options_.logger
                              : NewSinkLogger(LogLevel::kDebug,
                                              [this](LogLevel, const std::string& line) {
                                                log_.push_back(line);
                                              })),
      client_(ensemble.NewClient(loop_, options_.session_timeout, options_.identity)),
      prober_(fleet.NewProber(loop_, options_.id)) {
  if (options_.format == 2) prober_ = NewProberOfTomorrow(std::move(prober_));
  pool_ = std::make_unique<ProbePool>(loop_, ProbePool::Seats{seat_});
  seat_->Occupy(*prober_, pool_->ReportFunction());
  Roster::Options roster;
  roster.root = SimSite::kRoot;
  roster.all = options_.clusters.empty();
  roster.names = options_.clusters;
  roster.identity.id = options_.id;
  roster.identity.guid = guid_;
  roster.identity.registration = {options_.id, "host-" + options_.id, options_.rack, 42, "test",
                                  Micros(0),   Duration::zero()};
  if (options_.format == 2) roster.identity.formats = kFormatsOfTomorrow;
  roster.defaults = [this](const std::string&) {
    return ProbeDefaults{options_.health, {RedisPing{options_.credentials}, nullptr}};
  };
  roster.callbacks.id_refused = [this](const Registration& holder) { refused_ = holder; };
  roster.callbacks.event = [this](const std::string&, const Event& event) {
    events_.push_back(event);
    if (events_.size() > kEventsKept) events_.pop_front();
  };
  roster_ = std::make_unique<Roster>(loop_, *logger_, *client_, *pool_, std::move(roster));
  summary_log_ = std::make_unique<SummaryLog>(
      loop_, *logger_, *pool_, [this] { return roster_->facts(FactsDepth::kShards); });
}

SimChecker::~SimChecker() {
  summary_log_ = nullptr;
  roster_ = nullptr;
  pool_ = nullptr;
  seat_->Vacate();
  client_ = nullptr;
}

void SimChecker::Reload(std::vector<std::string> clusters, HealthSettings health,
                        RedisCredentials credentials) {
  options_.health = health;
  options_.credentials = std::move(credentials);
  const bool all = clusters.empty();
  roster_->Serve(all, std::move(clusters));
}

void SimChecker::Leave() {
  roster_->Leave([this] { client_->Close([this] { left_ = true; }); });
}

std::size_t SimChecker::Logged(const std::string& event) const {
  const std::string needle = "event=" + event + " ";
  return static_cast<std::size_t>(std::count_if(
      log_.begin(), log_.end(),
      [&](const std::string& line) { return line.find(needle) != std::string::npos; }));
}

namespace {

constexpr const char* kOperators = "ops:secret of operators";
constexpr const char* kCheckers = "checkers:secret of checkers";

}  // namespace

SimSite::SimSite(std::uint64_t seed, Lists lists)
    : world(seed),
      ensemble(world),
      fleet(world),
      lists_(lists),
      operator_loop_(world, "operator"),
      operator_client_(
          ensemble.NewClient(operator_loop_, std::chrono::seconds(10), OperatorIdentity())),
      editor_(operator_loop_, *operator_client_, kRoot) {}

zk::Identity SimSite::OperatorIdentity() const {
  if (lists_ == Lists::kOpen) return {};
  const Access access{{kOperators}, DigestId(kOperators), DigestId(kCheckers), ""};
  return {access.credentials, RestrictedAcl(kRoot, access)};
}

zk::Identity SimSite::CheckerIdentity(const std::string& id) const {
  if (lists_ == Lists::kOpen) return {};
  const std::string own = id + ":secret of " + id;
  const Access access{{kCheckers, own}, DigestId(kOperators), DigestId(kCheckers), DigestId(own)};
  return {access.credentials, RestrictedAcl(kRoot, access)};
}

SimChecker& SimSite::Start(const std::string& id) {
  SimChecker::Options options;
  options.id = id;
  options.identity = CheckerIdentity(id);
  return Start(std::move(options));
}

SimChecker& SimSite::Start(SimChecker::Options options) {
  checkers.push_back(std::make_unique<SimChecker>(world, ensemble, fleet, std::move(options)));
  return *checkers.back();
}

void SimSite::Kill(const std::string& id) {
  const auto found =
      std::find_if(checkers.begin(), checkers.end(), [&](const auto& c) { return c->id() == id; });
  ZKC_CHECK(found != checkers.end());
  checkers.erase(found);
}

SimChecker& SimSite::At(const std::string& id) {
  const auto found =
      std::find_if(checkers.begin(), checkers.end(), [&](const auto& c) { return c->id() == id; });
  ZKC_CHECK(found != checkers.end());
  return **found;
}

ClusterSpec SimSite::MakeSpec(const std::string& name, int shards) {
  ClusterSpec spec;
  spec.name = name;
  for (int i = 1; i <= shards; ++i) {
    spec.shards.push_back({fmt::format("s{}", i), fmt::format("10.0.0.1:{}", i)});
    fleet.Set(spec.shards.back().addr, FakeFleet::Server::kUp);
  }
  return spec;
}

void SimSite::Create(const ClusterSpec& spec) {
  std::optional<Result<std::uint64_t>> answer;
  editor_.Create(spec, [&](Result<std::uint64_t> result) { answer = std::move(result); });
  ZKC_CHECK(world.RunUntil([&] { return answer.has_value(); }, std::chrono::seconds(30)));
  ZKC_CHECK(answer->has_value());
}

void SimSite::Update(ClusterSpec spec) {
  std::optional<Result<StoredSpec>> stored;
  editor_.Get(spec.name, [&](Result<StoredSpec> result) { stored = std::move(result); });
  ZKC_CHECK(world.RunUntil([&] { return stored.has_value(); }, std::chrono::seconds(30)));
  ZKC_CHECK(stored->has_value());
  spec.version = (*stored)->spec.version;
  std::optional<Result<std::uint64_t>> answer;
  editor_.Update(spec, [&](Result<std::uint64_t> result) { answer = std::move(result); });
  ZKC_CHECK(world.RunUntil([&] { return answer.has_value(); }, std::chrono::seconds(30)));
  ZKC_CHECK(answer->has_value());
}

void SimSite::Delete(const std::string& name) {
  std::optional<Result<void>> answer;
  editor_.Delete(name, 0, [&](Result<void> result) { answer = std::move(result); });
  ZKC_CHECK(world.RunUntil([&] { return answer.has_value(); }, std::chrono::seconds(30)));
  ZKC_CHECK(answer->has_value());
}

std::optional<Head> SimSite::HeadOf(const std::string& cluster) const {
  const auto node = ensemble.Get(ClusterPaths(kRoot, cluster).head());
  if (!node) return std::nullopt;
  auto head = DecodeHead(node->data);
  return head ? std::optional(*head) : std::nullopt;
}

std::optional<LeaderRecord> SimSite::LeaderOf(const std::string& cluster) const {
  const auto node = ensemble.Get(ClusterPaths(kRoot, cluster).leader());
  if (!node) return std::nullopt;
  auto leader = DecodeLeader(node->data);
  return leader ? std::optional(*leader) : std::nullopt;
}

Ledger SimSite::LedgerOf(const std::string& cluster) const {
  const auto node = ensemble.Get(ClusterPaths(kRoot, cluster).ledger());
  if (!node) return {};
  Ledger ledger = DecodeLedger(node->data).value_or(Ledger{});
  DateOrders(ledger, node->stat.version, node->stat.modified);
  return ledger;
}

std::optional<Ballot> SimSite::BallotOf(const std::string& cluster, const std::string& id) const {
  const auto node = ensemble.Get(ClusterPaths(kRoot, cluster).vote(id));
  if (!node) return std::nullopt;
  auto ballot = DecodeBallot(node->data);
  return ballot ? std::optional(*ballot) : std::nullopt;
}

ShardState SimSite::StateOf(const std::string& cluster, std::size_t shard) const {
  const auto node = ensemble.Get(ClusterPaths(kRoot, cluster).chunk(shard / kChunkShards));
  if (!node) return {};
  const auto rows = DecodeChunk(node->data);
  const std::size_t row = shard % kChunkShards;
  return rows && row < rows->size() ? (*rows)[row] : ShardState{};
}

std::string StatusLetters(const std::vector<ShardState>& rows) {
  std::string letters;
  for (const auto& row : rows) {
    letters += row.status == ShardStatus::kAlive  ? 'A'
               : row.status == ShardStatus::kDead ? 'D'
                                                  : '?';
  }
  return letters;
}

std::string SimSite::Statuses(const std::string& cluster) const {
  const auto head = HeadOf(cluster);
  if (!head) return "";
  const ClusterPaths paths(kRoot, cluster);
  std::string letters;
  for (std::size_t k = 0; k < ChunkCount(head->shards); ++k) {
    const auto node = ensemble.Get(paths.chunk(k));
    const auto rows = node ? DecodeChunk(node->data) : Result<std::vector<ShardState>>{};
    if (rows) letters += StatusLetters(*rows);
  }
  return letters;
}

bool SimSite::Reaches(const std::string& cluster, const std::string& expected, Duration limit) {
  std::int64_t looked_at = -1;
  bool reached = false;
  return world.RunUntil(
      [&] {
        // Statuses change only with transactions, and reading them is expensive.
        if (ensemble.zxid() != looked_at) reached = Statuses(cluster) == expected;
        looked_at = ensemble.zxid();
        return reached;
      },
      limit);
}

std::size_t SimSite::WritesSince(std::int64_t zxid, const std::string& part) const {
  const auto touches = [&](const zk::Op& op) {
    return std::visit([&](const auto& o) { return o.path.find(part) != std::string::npos; }, op) &&
           !std::holds_alternative<zk::CheckOp>(op);
  };
  return static_cast<std::size_t>(std::count_if(
      ensemble.history().begin(), ensemble.history().end(), [&](const Transaction& transaction) {
        return transaction.zxid > zxid &&
               std::any_of(transaction.ops.begin(), transaction.ops.end(), touches);
      }));
}

}  // namespace zkcluster::sim
