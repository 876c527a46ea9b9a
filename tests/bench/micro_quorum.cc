// What checkers compute: tally, decision, a shard's health, and the payload of each znode, both
// ways, at the size of a large cluster.
#include <benchmark/benchmark.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "checker/probe/server_health.h"
#include "checker/rules/decide.h"
#include "checker/rules/tally.h"
#include "codec/codec.h"
#include "tests/bench/micro.h"

namespace zkcluster::bench {
namespace {

constexpr std::size_t kShards = 10'000;
constexpr int kCheckers = 5;
constexpr SpecId kSpecId{1'795'224'346'402'646, 77};
constexpr Micros kThen{1'795'224'346'402'646};

std::string Id(int checker) {
  return "rack" + std::to_string(checker);
}

// Every hundredth shard is called dead.
Ballot MakeBallot(std::size_t shards) {
  Ballot ballot{kSpecId, 7, std::vector<Vote>(shards, {Opinion::kAlive, Reason::kNone}), "r1"};
  for (std::size_t i = 0; i < shards; i += 100) {
    ballot.votes[i] = {Opinion::kDead, i % 200 == 0 ? Reason::kTimeout : Reason::kRefused};
  }
  return ballot;
}

Ballots MakeBallots() {
  Ballots ballots;
  for (int c = 1; c <= kCheckers; ++c) ballots.emplace(Id(c), MakeBallot(kShards));
  return ballots;
}

Electorate MakeVoters() {
  ClusterSpec spec;
  spec.checkers = kCheckers;
  std::set<std::string> ids;
  for (int c = 1; c <= kCheckers; ++c) ids.insert(Id(c));
  return MakeElectorate(spec, std::move(ids));
}

StatusBoard MakeBoard(std::size_t shards) {
  StatusBoard board{std::vector<ShardState>(
      shards, {ShardStatus::kAlive, kThen, Reason::kNone, {kCheckers, 0, 0}})};
  for (std::size_t i = 0; i < shards; i += 100) {
    board.shards[i] = {ShardStatus::kDead, kThen, Reason::kTimeout, {0, kCheckers, 0}};
  }
  return board;
}

Ledger MakeLedger() {
  Ledger ledger;
  for (int c = 1; c <= kCheckers; ++c) ledger.electorate.insert(Id(c));
  for (int i = 0; i < 100; ++i) ledger.penalties["shard-" + std::to_string(i)] = {4, kThen};
  return ledger;
}

Event MakeEvent() {
  Event event;
  event.at = kThen;
  event.leader = Id(1);
  event.epoch = 3;
  event.quorum = 3;
  Event::Flips& flips = event.what.emplace<Event::Flips>();
  for (std::size_t i = 0; i < kMaxEventFlips; ++i) {
    flips.flips.push_back({"shard-" + std::to_string(i),
                           "10.0.0.1:6379",
                           ShardStatus::kAlive,
                           ShardStatus::kDead,
                           Reason::kTimeout,
                           {0, kCheckers, 0}});
  }
  return event;
}

void Tally(benchmark::State& state) {
  const ClusterSpec spec = MakeSpec(kShards);
  const Ballots ballots = MakeBallots();
  const Electorate electorate = MakeVoters();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ServingTallies(spec.shards, CountVotes(ballots, electorate, kSpecId, kShards)));
  }
  state.SetItemsProcessed(state.iterations() * kCheckers * static_cast<int>(kShards));
}

// `flips`: shards whose votes differ from their status.
void DecideBoard(benchmark::State& state) {
  const ClusterSpec spec = MakeSpec(kShards);
  auto tallies = CountVotes(MakeBallots(), MakeVoters(), kSpecId, kShards);
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
    tallies[i * 7 + 1].outcome = Outcome::kDead;
  }
  const StatusBoard board = MakeBoard(kShards);
  const Ledger ledger = MakeLedger();
  const DecideInput input{.shards = spec.shards,
                          .board = board,
                          .tallies = tallies,
                          .ledger = ledger,
                          .hold = Hold::kNone,
                          .wall = kThen + Micros(1'000'000),
                          .since = kThen + Micros(1'000'000),
                          .times = {std::chrono::seconds(1), std::chrono::seconds(3)}};
  for (auto _ : state) benchmark::DoNotOptimize(Decide(input));
}

// A probe's result of a shard that stays alive.
void HealthSteady(benchmark::State& state) {
  ServerHealth health{HealthSettings{}};
  TimePoint now{};
  const ProbeResult good{.verdict = ProbeVerdict::kAlive};
  for (auto _ : state) {
    now += std::chrono::seconds(1);
    health.Asking(now);
    benchmark::DoNotOptimize(health.Observe(good, now));
    benchmark::DoNotOptimize(health.NextDelay());
  }
}

// Three failures, dead, and as many good probes as the penalty asks:
// a result of a shard that flaps.
void HealthFlapping(benchmark::State& state) {
  ServerHealth health{HealthSettings{}};
  TimePoint now{};
  std::uint64_t n = 0;
  for (auto _ : state) {
    now += std::chrono::seconds(1);
    ProbeResult result{.verdict = ProbeVerdict::kAlive};
    if (n++ % 40 < 5) result = {.verdict = ProbeVerdict::kFailed, .reason = Reason::kTimeout};
    health.Asking(now);
    benchmark::DoNotOptimize(health.Observe(result, now));
    benchmark::DoNotOptimize(health.NextDelay());
  }
}

template <class Encode>
void Encoded(benchmark::State& state, Encode encode) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto payload = encode();
    benchmark::DoNotOptimize(payload.data());
    bytes = payload.size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

template <class Decode>
void Decoded(benchmark::State& state, const std::string& payload, Decode decode) {
  for (auto _ : state) {
    const auto value = decode(std::string_view(payload));
    if (!value) {
      state.SkipWithError("its own encoding is not decoded");
      break;
    }
    benchmark::DoNotOptimize(value);
  }
  state.counters["bytes"] = static_cast<double>(payload.size());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload.size()));
}

// Both ways of one znode.
template <class Encode, class Decode>
void Register(const std::string& znode, Encode encode, Decode decode) {
  benchmark::RegisterBenchmark(("Encode/" + znode).c_str(), [=](benchmark::State& state) {
    Encoded(state, encode);
  })->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("Decode/" + znode).c_str(), [=](benchmark::State& state) {
    Decoded(state, encode(), decode);
  })->Unit(benchmark::kMicrosecond);
}

// The name holds the size of the cluster where the payload depends on it.
bool RegisterZnodes() {
  const std::string size = "/" + std::to_string(kShards);
  const ClusterSpec spec = MakeSpec(kShards);
  const StatusBoard board = MakeBoard(kShards);
  const SpecPayloads payloads = EncodeSpec(spec);
  Register(
      "ballot" + size, [ballot = MakeBallot(kShards)] { return EncodeBallot(ballot); },
      DecodeBallot);
  Register(
      "chunk/512", [board] { return EncodeChunk(board, 0); }, DecodeChunk);
  Head head{kSpecId, 3, 17, Id(1), 3, kCheckers, kShards, {}};
  head.chunks.assign(ChunkCount(kShards), 12);
  Register(
      "head" + size, [head] { return EncodeHead(head); }, DecodeHead);
  Register(
      "spec_shards" + size, [spec] { return EncodeSpec(spec).shards; },
      [payloads](std::string_view shards) {
        return DecodeSpec("sessions", {payloads.version, std::string(shards), payloads.options});
      });
  Register(
      "spec_options", [plain = MakeSpec(1)] { return EncodeSpec(plain).options; },
      [one = EncodeSpec(MakeSpec(1))](std::string_view options) {
        return DecodeSpec("sessions", {one.version, one.shards, std::string(options)});
      });
  Register(
      "mirror/500",
      [shards = MakeSpec(500).shards, small = MakeBoard(500)] {
        return EncodeMirror(shards, small);
      },
      DecodeMirror);
  const Registration registration{
      Id(1), "node17", "r1", 812, "0.1.0", kThen, std::chrono::seconds(10)};
  Register(
      "registration", [registration] { return EncodeRegistration(registration); },
      DecodeRegistration);
  Register(
      "leader",
      [] {
        return EncodeLeader({Id(1), 3, kThen});
      },
      DecodeLeader);
  Register(
      "ledger/100", [ledger = MakeLedger()] { return EncodeLedger(ledger); }, DecodeLedger);
  Register(
      "event/200", [event = MakeEvent()] { return EncodeEvent(event); }, DecodeEvent);
  return true;
}

BENCHMARK(Tally)->Name("Tally/5x10000")->Unit(benchmark::kMicrosecond);
BENCHMARK(DecideBoard)
    ->Name("Decide/10000/flips")
    ->Arg(0)
    ->Arg(1'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(HealthSteady)->Name("ServerHealth/steady");
BENCHMARK(HealthFlapping)->Name("ServerHealth/flapping");
[[maybe_unused]] const bool registered = RegisterZnodes();

}  // namespace
}  // namespace zkcluster::bench
