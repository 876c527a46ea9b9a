// Redis servers that are alive but disturbed; many at once; one again and again.
#include <hiredis/hiredis.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

using std::chrono::seconds;

// Its replies are not Redis replies, so it is dead until it is a Redis again.
std::function<void(Play&)> Rude(std::string manners) {
  return [=](Play& play) {
    play.MakeRude("s1", manners, Truth::kDead);
    play.OperatorActs();
    play.AwaitDead({"s1"}, kSoon);
    play.Pass(seconds(3));
    play.MakeKind("s1");
    play.AwaitAlive({"s1"}, kSoon);
  };
}

// First as slow as an answer may be, then slower.
void ByteByByte(Play& play) {
  play.MakeRude("s1", "byte-by-byte", Truth::kAlive);
  play.OperatorActs();
  play.Pass(seconds(5));
  play.MakeRude("s1", "byte-a-second", Truth::kDead);
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
  play.MakeKind("s1");
  play.AwaitAlive({"s1"}, kSoon);
}

// redis-cli in the background, for commands that answer late.
std::unique_ptr<sandbox::ChildProcess> InBackground(Play& play, const std::string& shard,
                                                    std::vector<std::string> words) {
  const auto& server = play.site.redis(shard);
  sandbox::SpawnOptions options;
  options.command = {"redis-cli", "-h", server.place().host, "-p", std::to_string(server.port())};
  options.command.insert(options.command.end(), words.begin(), words.end());
  return std::make_unique<sandbox::ChildProcess>(options);
}

void Loading(Play& play) {
  auto& server = play.site.redis("s1");
  // 200 keys that take 50 ms each to be read again; clients are answered between any two.
  server.Command({"DEBUG", "POPULATE", "200", "key", "1500"});
  server.Command({"CONFIG", "SET", "key-load-delay", "50000"});
  server.Command({"CONFIG", "SET", "loading-process-events-interval-bytes", "1024"});
  play.Say("s1 is loading");
  play.Note("s1", Truth::kDead);
  const auto reload = InBackground(play, "s1", {"DEBUG", "RELOAD"});
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
  play.Expect(reload->Wait(seconds(30)).has_value(), "s1 has loaded");
  play.Note("s1", Truth::kAlive);
  play.AwaitAlive({"s1"}, kSoon);
}

// A connection of ours that remains open: changed permissions do not affect it.
class Line {
 public:
  explicit Line(const sandbox::RedisServer& server)
      : connection_(redisConnect(server.place().host.c_str(), server.port()), &redisFree) {
    Say("PING");
  }
  void Say(const char* command) {
    const bool open = connection_ && connection_->err == 0;
    auto* reply = open ? redisCommand(connection_.get(), command) : nullptr;
    if (reply == nullptr) throw std::runtime_error(std::string(command) + ": no reply");
    freeReplyObject(reply);
  }

 private:
  std::unique_ptr<redisContext, decltype(&redisFree)> connection_;
};

// The test takes the only connection and ends those of the others: the checkers come
// back and are refused.
void MaxClients(Play& play) {
  Line crowd(play.site.redis("s1"));
  crowd.Say("CONFIG SET maxclients 1");
  crowd.Say("CLIENT KILL TYPE normal SKIPME yes");
  play.Say("s1 has as many clients as it takes");
  play.Note("s1", Truth::kDead);
  play.OperatorActs();
  play.AwaitDead({"s1"}, kSoon);
  play.Pass(seconds(2));
  crowd.Say("CONFIG SET maxclients 1000");
  play.Say("s1 has room");
  play.Note("s1", Truth::kAlive);
  play.AwaitAlive({"s1"}, kSoon);
}

void DebugSleep(Play& play) {
  play.Say("s1 sleeps for 0.5 s: forgiven");
  const auto nap = InBackground(play, "s1", {"DEBUG", "SLEEP", "0.5"});
  play.Pass(seconds(3));
  play.Say("s1 sleeps for 4 s");
  play.Note("s1", Truth::kDead);
  const auto sleep = InBackground(play, "s1", {"DEBUG", "SLEEP", "4"});
  play.OperatorGivesOrders();
  play.AwaitDead({"s1"}, kSoon);
  play.Expect(sleep->Wait(seconds(20)).has_value(), "s1 wakes");
  play.Note("s1", Truth::kAlive);
  play.AwaitAlive({"s1"}, kSoon);
  play.OperatorSeesDecisions();
}

// It asks for a password that nobody has: it answers, so it is alive, and dead when it is not.
void AuthRequired(Play& play) {
  Line line(play.site.redis("s1"));
  line.Say("CONFIG SET requirepass secret");
  line.Say("CLIENT KILL TYPE normal SKIPME yes");
  play.Say("s1 asks for a password");
  play.OperatorActs();
  play.Pass(seconds(3));
  play.AwaitAlive({"s1"}, kSoon);
  play.Kill("s1");
  play.AwaitDead({"s1"}, kSoon);
}

const std::vector<std::string> kFive = {"s2", "s3", "s4", "s5", "s6"};

void FiveOfSixDie(Play& play) {
  for (const auto& shard : kFive) play.Kill(shard);
  play.OperatorActs();
  play.AwaitDead(kFive, kSoon);
  play.Pass(seconds(1));
  for (const auto& shard : kFive) play.Start(shard);
  play.AwaitAlive(kFive, kSoon);
}

std::size_t CountDead(Play& play) {
  const auto statuses = play.site.observer.Statuses();
  if (!statuses) return 0;
  return static_cast<std::size_t>(
      std::count_if(statuses->begin(), statuses->end(),
                    [](const auto& shard) { return shard.second == ShardStatus::kDead; }));
}

bool IsFrozen(Play& play) {
  const auto snapshot = play.site.observer.Read();
  return snapshot && snapshot->ledger && snapshot->ledger->freeze.frozen;
}

// More than half would be dead: it freezes, also for the next leader, until an operator accepts it.
void FiveOfSixFrozen(Play& play) {
  for (const auto& shard : kFive) play.Kill(shard);
  play.Await(
      "the cluster is frozen", [&] { return IsFrozen(play); }, kSoon);
  play.Pass(seconds(2));
  play.Expect(CountDead(play) <= 3, "half of the shards are dead at most");
  play.OperatorActs();
  play.Await(
      "the cluster is frozen", [&] { return IsFrozen(play); }, kSoon);
  const std::string leader = play.Leader();
  play.KillChecker(leader);
  play.Pass(kPastSession);
  play.Expect(play.Leader() != leader, "another checker leads");
  play.Expect(CountDead(play) <= 3, "it keeps the freeze");
  play.Command({"unfreeze", kCluster, "--accept"});
  play.AwaitDead(kFive, kSoon);
  play.StartChecker(leader);
  for (const auto& shard : kFive) play.Start(shard);
  play.AwaitAlive(kFive, kSoon);
}

// Nobody accepts it, and it ends by itself as they return.
void FreezeEnds(Play& play) {
  for (const auto& shard : kFive) play.Kill(shard);
  play.Await(
      "the cluster is frozen", [&] { return IsFrozen(play); }, kSoon);
  play.Pass(seconds(2));
  play.OperatorActs();
  for (const auto& shard : kFive) play.Start(shard);
  play.AwaitAlive(kFive, kSoon);
  play.Await(
      "the freeze is over", [&] { return !IsFrozen(play); }, kSoon);
  play.Kill("s2");
  play.AwaitDead({"s2"}, kSoon);
}

// The shard is dead for a second, alive for a second, for a minute. Each return needs more good
// probes in a row, up to ten thresholds of them, so the status soon stays dead. (One probe a
// second, as by default: several good probes between two deaths would forgive the shard as often.)
void Flap(Play& play) {
  play.AllowFlips("s1", 8);
  const Micros begun = play.Now();
  for (int round = 1; play.Now() - begun < seconds(60); ++round) {
    play.Kill("s1");
    if (round == 5) play.OperatorActs();
    play.Pass(seconds(1));
    play.Start("s1");
    play.Pass(seconds(1));
  }
  play.AwaitAlive({"s1"}, seconds(35));
}

}  // namespace

std::vector<Scenario> RedisScenarios() {
  return {
      {.name = "redis_silent",
       .must_hold = "s1 accepts and never answers: dead within 5 s",
       .play = Rude("silent")},
      {.name = "redis_byte_by_byte",
       .must_hold = "an answer with a byte a millisecond counts: no flip; with a byte a second it "
                    "does not: dead within 5 s",
       .play = ByteByByte},
      {.name = "redis_garbage",
       .must_hold = "s1 answers with bytes that are not Redis: dead within 5 s",
       .play = Rude("garbage")},
      {.name = "redis_loading_10s",
       .must_hold = "s1 is dead within 5 s, alive within 5 s of being loaded",
       .play = Loading},
      {.name = "redis_maxclients",
       .must_hold = "s1 refuses the checkers: dead within 5 s, alive within 5 s of room",
       .play = MaxClients},
      {.name = "redis_debug_sleep",
       .must_hold = "0.5 s of sleep: no flip; 4 s: dead within 5 s, alive within 5 s of waking",
       .play = DebugSleep},
      {.name = "redis_auth_required",
       .must_hold =
           "s1 asks for a password that nobody has: no flip; killed, it is dead within 5 s",
       .play = AuthRequired},
      {.name = "five_of_six_die",
       .must_hold = "all five are dead within 5 s, s1 is not; alive within 5 s of their return",
       .play = FiveOfSixDie},
      {.name = "five_of_six_die_frozen",
       .must_hold =
           "max_dead_fraction 0.5: three are dead at most, also under the next leader; the "
           "rest within 5 s of `unfreeze --accept`",
       .site = {.max_dead_fraction = 0.5},
       .play = FiveOfSixFrozen},
      {.name = "freeze_ends_by_itself",
       .must_hold = "max_dead_fraction 0.5: the freeze is over within 5 s of their return, and a "
                    "death is reported again within 5 s",
       .site = {.max_dead_fraction = 0.5},
       .play = FreezeEnds},
      {.name = "flap_every_second",
       .must_hold = "at probes of 1 s, 30 deaths make 8 flips at most; nobody else flips; alive "
                    "within 35 s of the last return",
       .site = {.interval = seconds(1), .threshold = seconds(3)},
       .play = Flap},
  };
}

}  // namespace zkcluster::faults
