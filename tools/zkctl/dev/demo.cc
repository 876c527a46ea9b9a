#include "tools/zkctl/dev/demo.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <memory>

namespace zkcluster::zkctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The limit of one step; the slowest takes 4 s on an idle machine.
constexpr Duration kStepLimit = seconds(12);
// The limit of all steps: with the start and the end of the sandbox the demo stays below a minute.
constexpr Duration kWholeLimit = seconds(45);
constexpr int kKeysTried = 100'000;

// A command through the library: the reply as text, nil as "(nil)".
Result<std::string> Send(Lease& lease, const std::vector<std::string>& words) {
  std::vector<const char*> arguments;
  std::vector<std::size_t> lengths;
  for (const std::string& word : words) {
    arguments.push_back(word.data());
    lengths.push_back(word.size());
  }
  const std::unique_ptr<redisReply, void (*)(redisReply*)> reply(
      static_cast<redisReply*>(redisCommandArgv(lease.get(), static_cast<int>(arguments.size()),
                                                arguments.data(), lengths.data())),
      [](redisReply* r) { freeReplyObject(r); });
  if (!reply) return Fail(ErrorCode::kUnavailable, words[0] + ": " + lease.get()->errstr);
  if (reply->type == REDIS_REPLY_NIL) return std::string("(nil)");
  std::string text(reply->str != nullptr ? reply->str : "", static_cast<std::size_t>(reply->len));
  if (reply->type == REDIS_REPLY_ERROR) return Fail(ErrorCode::kDenied, words[0] + ": " + text);
  return text;
}

}  // namespace

Demo::Demo(DevSandbox& sandbox, Stage& stage, Timeline& timeline)
    : sandbox_(sandbox),
      stage_(stage),
      timeline_(timeline),
      start_(std::chrono::steady_clock::now()) {}

bool Demo::Run() {
  if (!StartHealthy()) return false;
  const std::string killed = "s2";
  for (const ShardSpec& shard : sandbox_.spec().shards) keys_[shard.name] = FindKey(shard.name);
  sandbox::RedisServer& killed_server = sandbox_.redis(sandbox_.IndexOf(killed));
  Die(killed, fmt::format("kill -9 {}", killed_server.pid()), [&] { killed_server.Kill(); });

  // Choose a shard other than the present stand-in, whose death would move two keys.
  std::string hung;
  for (const ShardSpec& shard : sandbox_.spec().shards) {
    const bool taken = shard.name == killed || shard.name == serving_[killed];
    if (!taken && (hung.empty() || shard.name == "s3")) hung = shard.name;
  }
  sandbox::RedisServer& hung_server = sandbox_.redis(sandbox_.IndexOf(hung));
  Die(hung, fmt::format("kill -STOP {}", hung_server.pid()), [&] { hung_server.Pause(); });

  Return(killed, "starts it again, empty", [&] { killed_server.Start(); });
  Return(hung, fmt::format("kill -CONT {}", hung_server.pid()), [&] { hung_server.Resume(); });

  std::size_t width = 0;
  for (const auto& figure : figures_) width = std::max(width, figure.first.size());
  for (const auto& [what, took] : figures_) {
    summary_ += fmt::format("  {:<{}}  {:>7}\n", what, width, took);
  }
  return missing_.empty();
}

Demo::Mark Demo::SetMark() const {
  return {std::chrono::steady_clock::now(), stage_.votes().size(), stage_.flips().size(),
          stage_.tables().size()};
}

bool Demo::Expect(const std::function<bool()>& done, const std::string& what,
                  const std::function<bool()>& hopeless) {
  const Duration left = start_ + kWholeLimit - std::chrono::steady_clock::now();
  const Duration limit = std::clamp(left, Duration(milliseconds(1)), kStepLimit);
  static_cast<void>(stage_.Await([&] { return done() || (hopeless && hopeless()); }, limit));
  if (done()) return true;
  missing_.push_back(what);
  timeline_.Now("demo", "not seen in time: " + what, Color::kBad);
  return false;
}

bool Demo::StartHealthy() {
  const auto all_alive = [this] {
    const auto& shards = stage_.tables().back().shards;
    return std::all_of(shards.begin(), shards.end(), [](const ClusterView::Shard& shard) {
      return shard.status == ShardStatus::kAlive;
    });
  };
  // First ballots hold every shard; later ones show the changes.
  const auto all_voted = [this] {
    return stage_.votes().size() >= sandbox_.checkers().size() * sandbox_.shards();
  };
  const auto journal_read = [this] { return stage_.flips().size() >= sandbox_.shards(); };
  return Expect(all_alive, "every shard alive at the start") &&
         Expect(all_voted, "the first ballots of all checkers") &&
         Expect(journal_read, "the journal's first events");
}

void Demo::Die(const std::string& shard, const std::string& how, const std::function<void()>& act) {
  timeline_.Title(shard + ": " + how);
  UseKey(shard, false);
  const Mark mark = SetMark();
  act();
  timeline_.Add(mark.at, "operator", how + ", which is " + shard);
  if (ExpectStatus(shard, ShardStatus::kDead, mark, how)) UseKey(shard, true);
  ExpectVotes(shard, Opinion::kDead, mark);
}

void Demo::Return(const std::string& shard, const std::string& how,
                  const std::function<void()>& act) {
  timeline_.Title(shard + " comes back");
  const Mark mark = SetMark();
  act();
  timeline_.Add(mark.at, "operator", shard + ": " + how);
  if (ExpectStatus(shard, ShardStatus::kAlive, mark, "back")) {
    ShowReturned(shard);
    UseKey(shard, false);
  }
  ExpectVotes(shard, Opinion::kAlive, mark);
}

bool Demo::ExpectStatus(const std::string& shard, ShardStatus status, const Mark& mark,
                        const std::string& label) {
  const std::string now = shard + " " + std::string(ShardStatusName(status));
  const auto flip = [&]() -> const SeenFlip* {
    for (std::size_t i = mark.flips; i < stage_.flips().size(); ++i) {
      const SeenFlip& seen = stage_.flips()[i];
      if (seen.shard == shard && seen.to == status) return &seen;
    }
    return nullptr;
  };
  const auto table = [&]() -> const SeenTable* {
    for (std::size_t i = mark.tables; i < stage_.tables().size(); ++i) {
      for (const ClusterView::Shard& seen : stage_.tables()[i].shards) {
        if (seen.spec.name == shard && seen.status == status) return &stage_.tables()[i];
      }
    }
    return nullptr;
  };
  const bool flipped = Expect([&] { return flip() != nullptr; }, "status " + now);
  const bool rebuilt = Expect([&] { return table() != nullptr; }, "the client's table with " + now);
  if (flipped) AddFigure(fmt::format("{}: {} -> flip", shard, label), mark.at, flip()->at);
  if (flipped && rebuilt) {
    AddFigure(fmt::format("{}: flip -> the client's new table", now), flip()->at, table()->at);
  }
  return flipped && rebuilt;
}

void Demo::ExpectVotes(const std::string& shard, Opinion opinion, const Mark& mark) {
  for (const auto& checker : sandbox_.checkers()) {
    const auto voted = [&] {
      const auto& votes = stage_.votes();
      return std::any_of(votes.begin() + static_cast<std::ptrdiff_t>(mark.votes), votes.end(),
                         [&](const SeenVote& vote) {
                           return vote.checker == checker->id() && vote.shard == shard &&
                                  vote.opinion == opinion;
                         });
    };
    Expect(voted,
           fmt::format("a vote of {}: {} {}", checker->id(), shard,
                       opinion == Opinion::kDead ? "dead" : "alive"),
           [&] { return !checker->running(); });
  }
}

std::string Demo::FindKey(const std::string& shard) {
  for (int i = 1; i <= kKeysTried; ++i) {
    std::string key = "user:" + std::to_string(i);
    if (stage_.cluster().Locate(key).owner == shard) return key;
  }
  missing_.push_back("a key whose owner is " + shard);
  return "user:1";
}

bool Demo::UseKey(const std::string& shard, bool stand_in) {
  const std::string& key = keys_[shard];
  const std::string value = fmt::format("write {}", ++writes_);
  const auto attempt = [&]() -> Result<std::string> {
    auto lease = stage_.cluster().Connect(key);
    if (!lease) return Fail(lease.error());
    const Location where = lease->location();
    if (auto set = Send(*lease, {"SET", key, value}); !set) return Fail(set.error());
    const auto got = Send(*lease, {"GET", key});
    if (!got) return Fail(got.error());
    const std::string serving = where.serving.value_or("nobody");
    // Asks the server directly, not through the library: does it really have the value?
    const std::string held = sandbox_.redis(sandbox_.IndexOf(serving)).Command({"GET", key});
    if (*got != value || held != value) {
      return Fail(ErrorCode::kInternal, serving + " does not hold what was written");
    }
    if (where.stand_in != stand_in || where.owner != shard) {
      return Fail(ErrorCode::kInternal, "served by " + serving);
    }
    serving_[shard] = serving;
    return fmt::format("{} -> {} ({}){}; SET, GET: ok", key, serving, where.addr,
                       stand_in ? ", stand-in for " + shard : ", its owner");
  };
  const auto done = attempt();
  if (done) {
    timeline_.Now("client", *done, stand_in ? Color::kDoubtful : Color::kNone);
    return true;
  }
  const std::string what = fmt::format("SET and GET of {} at {}: {}", key,
                                       stand_in ? "a stand-in" : shard, done.error().message);
  missing_.push_back(what);
  timeline_.Now("client", what, Color::kBad);
  return false;
}

// Why `since` matters: values that a shard kept from before its death are older than those
// written elsewhere meanwhile.
void Demo::ShowReturned(const std::string& shard) {
  const std::string& key = keys_[shard];
  auto lease = stage_.cluster().Connect(key);
  if (!lease) return;
  const auto got = Send(*lease, {"GET", key});
  if (!got || lease->location().serving != shard) return;
  timeline_.Now("client", *got == "(nil)"
                              ? fmt::format("GET {} at {}: nothing, it came back empty", key, shard)
                              : fmt::format("GET {} at {}: \"{}\", older than `since`: stale", key,
                                            shard, *got));
}

void Demo::AddFigure(const std::string& what, TimePoint from, TimePoint to) {
  const auto took = std::chrono::ceil<milliseconds>(std::max(to - from, Duration::zero()));
  figures_.emplace_back(what, fmt::format("{} ms", took.count()));
}

}  // namespace zkcluster::zkctl
