#include "checker/probe/server_health.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace server_health_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

const TimePoint kStart = TimePoint(1000h);

TimePoint At(double seconds) {
  return kStart + std::chrono::duration_cast<Duration>(
                      std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6 + 0.5)));
}

const std::map<std::string, ProbeResult, std::less<>> kResults = {
    {"ok", {ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kNone, {}}},
    {"noauth", {ProbeVerdict::kAlive, Reason::kNone, ProbeAlarm::kNoAuth, {}}},
    {"timeout", {ProbeVerdict::kFailed, Reason::kTimeout, ProbeAlarm::kNone, {}}},
    {"refused", {ProbeVerdict::kFailed, Reason::kRefused, ProbeAlarm::kNone, {}}},
    {"reset", {ProbeVerdict::kFailed, Reason::kReset, ProbeAlarm::kNone, {}}},
    {"loading", {ProbeVerdict::kFailed, Reason::kLoading, ProbeAlarm::kNone, {}}},
    {"unresolved", {ProbeVerdict::kInconclusive, Reason::kUnresolved, ProbeAlarm::kUnresolved, {}}},
    {"noroute", {ProbeVerdict::kInconclusive, Reason::kNoRoute, ProbeAlarm::kNone, {}}},
};

std::string OpinionName(const Vote& vote) {
  switch (vote.opinion) {
    case Opinion::kNotProbed:
      return "none";
    case Opinion::kAlive:
      return "alive";
    case Opinion::kDead:
      return "dead/" + std::string(ReasonName(vote.reason));
    case Opinion::kUnknown:
      return (vote.first ? "first/" : "unknown/") + std::string(ReasonName(vote.reason));
  }
  return "?";
}

// Runs "ok@0 timeout@1.5 tick@3 stall:2@9 ..." and returns each transition as "dead/timeout@3".
// Deadlines between the steps are honoured exactly, as the worker's timer does.
class Story {
 public:
  explicit Story(const HealthSettings& settings = {}, const FormerDeaths& former = {})
      : health(settings, former) {}

  std::string Run(const std::string& text) {
    transitions_.str("");
    std::istringstream words(text);
    std::string word;
    while (words >> word) {
      const auto at = word.find('@');
      const double seconds = std::stod(word.substr(at + 1));
      const std::string what = word.substr(0, at);
      if (!what.starts_with("stall:")) RunDeadlines(seconds);
      if (what == "end") continue;
      if (what.starts_with("stall:")) {
        const Duration lateness = At(std::stod(what.substr(6))) - kStart;
        Note(health.Stalled(lateness, At(seconds)), seconds);
      } else {
        health.Asking(what == "timeout" ? At(seconds) - 500ms : At(seconds));
        Note(health.Observe(kResults.at(what), At(seconds)), seconds);
      }
    }
    std::string result = transitions_.str();
    if (!result.empty()) result.pop_back();
    return result;
  }

  ServerHealth health;

 private:
  void RunDeadlines(double until) {
    while (health.NextDeadline() < At(until)) {
      const TimePoint deadline = health.NextDeadline();
      const auto transition = health.Tick(deadline);
      REQUIRE(transition.has_value());
      Note(transition, std::chrono::duration<double>(deadline - kStart).count());
    }
  }
  void Note(const std::optional<ServerHealth::Transition>& transition, double seconds) {
    if (!transition) return;
    CHECK(transition->from != transition->to);
    CHECK(transition->to == health.vote());
    transitions_ << OpinionName(transition->to) << '@' << seconds << ' ';
  }
  std::ostringstream transitions_;
};

}  // namespace

TEST_CASE("health: transitions of a story, with the default settings") {
  struct Case {
    std::string what;
    std::string story;
    std::string expected;
  };
  for (const Case& c : {
           Case{"first probe good", "ok@0 end@9", "alive@0"},
           Case{"first probe bad", "timeout@0.5 end@9", "first/timeout@0.5"},
           Case{"first probes bad", "timeout@0.5 timeout@1.25 end@9",
                "first/timeout@0.5 dead/timeout@3"},
           Case{"first probes refused", "refused@0.5 refused@0.75 end@9",
                "first/refused@0.5 dead/refused@1.5"},
           Case{"first probes bad in different ways", "refused@0.5 timeout@0.9 refused@2 end@9",
                "first/refused@0.5 dead/refused@3.5"},
           Case{"first probe bad, then good", "timeout@0.5 timeout@1.25 ok@3 end@9",
                "first/timeout@0.5 alive@3"},
           Case{"first probe bad, then doubts",
                "timeout@0.5 noroute@1 noroute@2 end@9 timeout@10 "
                "timeout@10.5 end@19",
                "first/timeout@0.5 unknown/no_route@3.5 first/timeout@10 dead/timeout@12.5"},
           Case{"first probe doubtful", "unresolved@0 end@9", "unknown/unresolved@0"},
           Case{"alarms are alive", "noauth@0 noauth@1 end@9", "alive@0"},
           Case{"hung", "ok@0 timeout@1.5 timeout@2.25 end@9", "alive@0 dead/timeout@3"},
           Case{"hung, recovers just in time", "ok@0 timeout@1.5 timeout@2.25 ok@2.9 end@9",
                "alive@0"},
           Case{"one failure is never enough", "ok@0 timeout@1.5 end@99", "alive@0"},
           Case{"nobody asked for long: that time is no evidence",
                "ok@0 timeout@10.5 timeout@11 end@20", "alive@0 dead/timeout@11.9"},
           Case{"killed", "ok@0 refused@0.5 refused@0.75 end@9", "alive@0 dead/refused@1"},
           Case{"killed, an interval later", "ok@0 refused@1 refused@1.25 end@9",
                "alive@0 dead/refused@1.25"},
           Case{"killed while it owed an answer", "ok@0 reset@0.5 refused@0.75 end@9",
                "alive@0 dead/refused@1"},
           Case{"two resets are no death of a process",
                "ok@0 reset@0.5 reset@0.75 refused@1.2 end@9", "alive@0 dead/refused@3"},
           Case{"a reset after a refusal counts in full",
                "ok@0 refused@0.5 reset@0.75 refused@1.5 end@9", "alive@0 dead/refused@3"},
           Case{"refusals after a timeout", "ok@0 timeout@0.9 refused@1 refused@1.2 end@9",
                "alive@0 dead/refused@3"},
           Case{"a success forgives the timeout",
                "ok@0 timeout@0.9 ok@1 refused@1.5 refused@1.8 end@9", "alive@0 dead/refused@2"},
           Case{"returns", "ok@0 refused@0.5 refused@0.75 refused@2 ok@3 end@9",
                "alive@0 dead/refused@1 alive@3"},
           Case{"its reason changes while dead: no news",
                "refused@0 refused@1 timeout@2 loading@3 end@9", "first/refused@0 dead/refused@1"},
           Case{"loading counts like a timeout", "ok@0 loading@1 loading@2 loading@2.9 end@9",
                "alive@0 dead/loading@3"},
           // Doubts.
           Case{"only doubts for a threshold", "ok@0 noroute@1 noroute@2 end@9",
                "alive@0 unknown/no_route@3"},
           Case{"one doubt is not enough", "ok@0 noroute@1 end@99", "alive@0"},
           Case{"a result between doubts",
                "ok@0 noroute@1 noroute@2 ok@2.9 noroute@3.9 noroute@4.9 end@9",
                "alive@0 unknown/no_route@5.9"},
           Case{"doubts never count towards dead", "ok@0 timeout@1 noroute@2 noroute@2.5 end@3.9",
                "alive@0"},
           Case{"while in doubt nobody dies",
                "ok@0 timeout@1 timeout@2 noroute@2.5 end@4 timeout@4.2 end@9",
                "alive@0 dead/timeout@4.2"},
           Case{"doubt that comes after the deadline changes nothing",
                "ok@0 timeout@1 timeout@2 noroute@3 end@9", "alive@0 dead/timeout@3"},
           Case{"dead, then doubts", "refused@0 refused@1 noroute@2 noroute@3 end@9",
                "first/refused@0 dead/refused@1 unknown/no_route@4"},
           Case{"unknown from the start, then alive", "unresolved@0 unresolved@9 ok@10",
                "unknown/unresolved@0 alive@10"},
           Case{"unknown from the start, then dead", "unresolved@0 refused@10 refused@10.5 end@19",
                "unknown/unresolved@0 first/refused@10 dead/refused@11"},
           Case{"unknown later: two failures again",
                "ok@0 timeout@0.5 noroute@1 noroute@2 end@5 timeout@6 end@8 timeout@9",
                "alive@0 unknown/no_route@3.5 dead/timeout@9"},
           Case{"unknown later, then alive", "ok@0 noroute@1 noroute@2 end@5 ok@6",
                "alive@0 unknown/no_route@3 alive@6"},
           // Stalls.
           Case{"a short stall is no evidence", "ok@0 timeout@1.5 timeout@1.9 stall:2@4 end@9",
                "alive@0 dead/timeout@5"},
           Case{"a long stall withdraws the opinion", "ok@0 stall:3.5@5 end@6 ok@7",
                "alive@0 none@5 alive@7"},
           Case{"a long stall withdraws a death, too",
                "refused@0 refused@1 stall:15@16 end@17 timeout@18 timeout@18.5 end@29",
                "first/refused@0 dead/refused@1 none@16 first/timeout@18 dead/timeout@20.5"},
           Case{"a short stall after the first failure is no evidence",
                "timeout@0.5 timeout@1 stall:2@4 end@9", "first/timeout@0.5 dead/timeout@5"},
           Case{"after a long stall the first failure is no verdict",
                "ok@0 stall:4@5 timeout@5.5 timeout@6.2 ok@7 end@9",
                "alive@0 none@5 first/timeout@5.5 alive@7"},
           Case{"a stall before the first probe", "stall:15@16 end@17 ok@18", "alive@18"},
           Case{"old failures do not meet new ones over a long stall",
                "ok@0 timeout@1 timeout@2 stall:4@6.5 ok@7 timeout@8 end@20",
                "alive@0 none@6.5 alive@7"},
       }) {
    CAPTURE(c.what);
    CHECK(Story().Run(c.story) == c.expected);
  }
}

namespace {

// A server that a checker with the default settings asks each second.
class Flapping {
 public:
  void Fail() {
    while (story.health.vote().opinion != Opinion::kDead) static_cast<void>(Step("timeout"));
  }
  // The good probes that it takes to be alive again.
  int Return() {
    int good = 0;
    while (story.health.vote().opinion != Opinion::kAlive && good < 100) {
      static_cast<void>(Step("ok"));
      ++good;
    }
    return good;
  }
  void Live(int seconds) {
    for (int i = 0; i < seconds; ++i) static_cast<void>(Step("ok"));
  }
  std::string Step(const char* what) {
    return story.Run(std::string(what) + "@" + std::to_string(now_ += 1));
  }
  Story story;

 private:
  double now_ = 0;
};

}  // namespace

TEST_CASE("penalty: 1, 2, 4, 8 ... good probes in a row, up to 10 thresholds of time") {
  Flapping server;  // cap 10 x 3 s / 1 s = 30
  server.Live(1);
  for (const int asked : {1, 2, 4, 8, 16, 30, 30, 30}) {
    CAPTURE(asked);
    server.Fail();
    CHECK(server.story.health.returning() == Returning{asked, 0});
    CHECK(server.Return() == asked);
    CHECK(server.story.health.returning() == Returning{});
    server.Live(4);
  }
}

TEST_CASE("penalty: a life shorter than the threshold costs a threshold of good probes") {
  Flapping server;
  server.Live(1);
  for (const int asked : {1, 4, 8, 16, 30}) {
    CAPTURE(asked);
    server.Fail();
    CHECK(server.Return() == asked);
    server.Live(2);
  }
}

TEST_CASE("penalty: time alive forgives it, one step each 10 thresholds, and nothing else does") {
  struct Case {
    int lived;
    int asked;  // after 16
  };
  for (const Case& c : {Case{1, 30}, Case{29, 30}, Case{30, 16}, Case{59, 16}, Case{60, 8},
                        Case{90, 4}, Case{120, 2}, Case{149, 2}, Case{150, 1}, Case{500, 1}}) {
    CAPTURE(c.lived);
    Flapping server;
    server.story.health = ServerHealth({}, {16, true, 0s});
    CHECK(server.Return() == 16);
    server.Live(c.lived);
    server.Fail();
    CHECK(server.Return() == c.asked);
  }
}

TEST_CASE("penalty: time in which nobody asked forgives nothing") {
  Flapping server;
  server.story.health = ServerHealth({}, {16, true, 0s});
  CHECK(server.Return() == 16);
  CHECK(server.story.Run("ok@1000 ok@1001") == "");
  CHECK(server.story.Run("stall:500@1501 ok@1502 end@1503") == "none@1501 alive@1502");
  CHECK(server.story.Run("refused@1503 refused@1504 end@1505") == "dead/refused@1504");
  CHECK(server.story.health.returning() == Returning{30, 0});
}

TEST_CASE("penalty: a failure on the way starts the count again") {
  Story story({}, {4, true, 0s});
  CHECK(story.Run("refused@0 refused@1 ok@2 ok@3 ok@4 refused@5 ok@6 ok@7 ok@8 end@8.5") ==
        "first/refused@0 dead/refused@1");
  CHECK(story.health.returning() == Returning{4, 3});
  CHECK(story.Run("ok@9") == "alive@9");
}

TEST_CASE("penalty: neither a late answer nor fast probes count as several") {
  Story story({}, {4, true, 0s});
  CHECK(story.Run("refused@0 refused@1 ok@2 ok@2.5 ok@2.7 ok@2.84") ==
        "first/refused@0 dead/refused@1");
  CHECK(story.health.returning() == Returning{4, 1});
  CHECK(story.Run("ok@2.85 ok@3.7 ok@4.54 ok@4.55") == "alive@4.55");
}

TEST_CASE("penalty: doubts neither count nor forgive it") {
  Story story({}, {3, true, 0s});
  CHECK(story.Run("refused@0 refused@1 ok@2 noroute@3 ok@4 noroute@5 ok@6") ==
        "first/refused@0 dead/refused@1 alive@6");
  Story other({}, {3, true, 0s});
  CHECK(other.Run("refused@0 refused@1 noroute@2 noroute@3 end@5 ok@6 ok@7 ok@8") ==
        "first/refused@0 dead/refused@1 unknown/no_route@4 dead/refused@6 alive@8");
}

TEST_CASE("penalty: what a checker begins with") {
  HealthSettings rare;
  rare.interval = 1min;
  CHECK(ServerHealth({}, {1000, true, 0s}).returning() == Returning{30, 0});
  CHECK(ServerHealth(rare, {8, true, 0s}).returning() == Returning{1, 0});
  CHECK(ServerHealth({}, {8, false, 0s}).returning() == Returning{});
  // Alive by the status: one good probe. Dead by it: all that it owes, and silence until then.
  CHECK(Story({}, {8, false, 5s}).Run("ok@0") == "alive@0");
  CHECK(Story({}, {1, true, 0s}).Run("ok@0") == "alive@0");
  CHECK(Story({}, {3, true, 0s}).Run("ok@0 ok@1 ok@2") == "unknown/none@0 alive@2");
  CHECK(Story({}, {3, true, 0s}).Run("ok@0 timeout@1 ok@2 ok@3 ok@4") ==
        "unknown/none@0 first/timeout@1 unknown/none@2 alive@4");
  // The next death goes on from there.
  Story alive({}, {8, false, 5s});
  CHECK(alive.Run("ok@0 refused@1 refused@1.5") == "alive@0 dead/refused@1.5");
  CHECK(alive.health.returning() == Returning{16, 0});
  Story dies({}, {8, false, 5s});
  CHECK(dies.Run("refused@1 refused@2") == "first/refused@1 dead/refused@2");
  CHECK(dies.health.returning() == Returning{16, 0});
  Story dead({}, {8, true, 0s});
  CHECK(dead.Run("refused@1 refused@2") == "first/refused@1 dead/refused@2");
  CHECK(dead.health.returning() == Returning{8, 0});
}

TEST_CASE("penalty: a long stall withdraws the opinion, and what it owed is owed") {
  Story story({}, {4, true, 0s});
  CHECK(story.Run("refused@0 refused@1 ok@2 ok@3 stall:4@7 ok@8 ok@9 ok@10 ok@11") ==
        "first/refused@0 dead/refused@1 none@7 unknown/none@8 alive@11");
}

TEST_CASE(
    "late: a timeout that this process may have caused is inconclusive, and nothing else is") {
  const ProbeResult timeout = ProbeResult::Failed(Reason::kTimeout);
  const ProbeResult local{ProbeVerdict::kInconclusive, Reason::kLocalLimit, ProbeAlarm::kNone, {}};
  struct Case {
    std::string what;
    ProbeResult result;
    Duration late;         // of a turn
    Duration after_start;  // when that turn was; negative: before the probe
    ProbeResult judged;
  };
  for (const Case& c : {
           Case{"on time", timeout, 0ms, 300ms, timeout},
           Case{"as late as scheduling is", timeout, 25ms, 300ms, timeout},
           Case{"stopped for less than half of the timeout", timeout, 149ms, 300ms, timeout},
           Case{"stopped for half of the timeout, if right after a beat", timeout, 150ms, 300ms,
                local},
           Case{"stopped for half of the timeout at least", timeout, 250ms, 300ms, local},
           Case{"late before the probe began", timeout, 400ms, -1ms, timeout},
           Case{"late as it began", timeout, 400ms, 0ms, local},
           Case{"a refusal is one, however late", ProbeResult::Failed(Reason::kRefused), 400ms,
                300ms, ProbeResult::Failed(Reason::kRefused)},
           Case{"so is an answer", ProbeResult::Alive(), 400ms, 300ms, ProbeResult::Alive()},
       }) {
    CAPTURE(c.what);
    constexpr Duration kBeat = 100ms;
    StallDetector turns(kBeat, 10s);
    const TimePoint started = At(5);
    static_cast<void>(turns.Turn(started + c.after_start - kBeat - c.late));
    static_cast<void>(turns.Turn(started + c.after_start));
    CHECK(JudgeLate(c.result, turns, started, 500ms) == c.judged);
  }
}

TEST_CASE("delay: fast only while a living shard fails") {
  struct Case {
    const char* story;
    bool fast;
  };
  for (const Case& c :
       {Case{"ok@0", false}, Case{"ok@0 timeout@1", true}, Case{"ok@0 timeout@1 ok@2", false},
        Case{"ok@0 refused@1 refused@1.5", false}, Case{"refused@0", true},
        Case{"refused@0 refused@1", false}, Case{"unresolved@0", false},
        Case{"ok@0 timeout@1 noroute@2", false}}) {
    CAPTURE(c.story);
    Story story;
    static_cast<void>(story.Run(c.story));
    CHECK(story.health.suspect() == c.fast);
    CHECK(story.health.NextDelay() == (c.fast ? Duration(250ms) : Duration(1s)));
  }
}

TEST_CASE("retune: new numbers judge what was seen under the old ones") {
  Story story;
  CHECK(story.Run("ok@0 timeout@1 timeout@2") == "alive@0");
  HealthSettings settings;
  settings.threshold = 10s;
  story.health.Retune(settings);
  CHECK(story.health.NextDeadline() == At(10));
  settings.threshold = 1s;
  story.health.Retune(settings);
  const auto transition = story.health.Tick(At(2));
  REQUIRE(transition.has_value());
  CHECK(transition->to == Vote{Opinion::kDead, Reason::kTimeout});

  Story capped({}, {16, true, 0s});
  settings.interval = 10s;  // cap 1
  capped.health.Retune(settings);
  CHECK(capped.health.returning() == Returning{1, 0});
}

namespace {

// The rules once more, in the simplest way: keeps everything that happened and searches all of it
// for each question. Without stalls.
class DumbHealth {
 public:
  explicit DumbHealth(const HealthSettings& settings) : settings_(settings) {}

  void Observe(const ProbeResult& result, TimePoint now) {
    Pass(now);
    const bool was_alive = !down_ && Served();
    if (result.verdict == ProbeVerdict::kAlive && was_alive) {
      lived_ += std::min(now - *Served(), settings_.interval * 11 / 10 + settings_.timeout);
    }
    seen_.push_back({result, now});
    if (result.verdict == ProbeVerdict::kAlive) {
      if (down_ && Good() >= required) {
        down_ = false;
        lived_ = Duration(0);
      }
      opinion = down_ ? Opinion::kDead : Opinion::kAlive;
      first = false;
    } else if (result.verdict == ProbeVerdict::kFailed) {
      if (down_) opinion = Opinion::kDead;
      if (!down_ && !Served()) opinion = Opinion::kUnknown, first = true;
      Pass(now);
    } else {
      if (opinion == Opinion::kNotProbed) opinion = Opinion::kUnknown;
      Pass(now);
    }
  }

  // Everything that time brings about by `now`, without a result.
  void Pass(TimePoint now) {
    std::size_t doubts = 0;
    while (doubts < seen_.size() &&
           seen_[seen_.size() - 1 - doubts].result.verdict == ProbeVerdict::kInconclusive) {
      ++doubts;
    }
    if (doubts == seen_.size()) return;
    if (doubts > 0) {
      const bool in_doubt = opinion == Opinion::kUnknown && !first;
      if (doubts >= 2 && !in_doubt &&
          now >= seen_[seen_.size() - 1 - doubts].at + settings_.threshold) {
        opinion = Opinion::kUnknown;
        first = false;
        forgotten_ = seen_.size();
      }
      return;
    }
    if (down_) return;
    std::vector<Seen> failures;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      if (seen_[i].result.verdict == ProbeVerdict::kAlive) {
        failures.clear();
      } else if (seen_[i].result.verdict == ProbeVerdict::kFailed && i >= forgotten_) {
        failures.push_back(seen_[i]);
      }
    }
    if (failures.size() < 2) return;
    TimePoint silent = failures[0].at;  // asked and answered at one moment
    if (const auto served = Served()) {
      silent = std::max(silent - settings_.interval * 11 / 10, *served);
    }
    if (failures[0].result.reason == Reason::kReset) failures.erase(failures.begin());
    const bool refused = std::all_of(failures.begin(), failures.end(), [](const Seen& s) {
      return s.result.reason == Reason::kRefused;
    });
    if (now >= silent + (refused ? settings_.refused_threshold : settings_.threshold)) Die(now);
  }

  [[nodiscard]] bool down() const { return down_; }
  Opinion opinion = Opinion::kNotProbed;
  bool first = false;
  int required = 0;

 private:
  struct Seen {
    ProbeResult result;
    TimePoint at;
  };
  // The last success; nothing: there was none.
  std::optional<TimePoint> Served() const {
    for (auto s = seen_.rbegin(); s != seen_.rend(); ++s) {
      if (s->result.verdict == ProbeVerdict::kAlive) return s->at;
    }
    return std::nullopt;
  }
  // Good probes in a row since it died, at most one in most of an interval.
  int Good() const {
    std::vector<TimePoint> counted;
    for (const Seen& s : seen_) {
      if (s.at < died_) continue;
      if (s.result.verdict == ProbeVerdict::kFailed) counted.clear();
      if (s.result.verdict != ProbeVerdict::kAlive) continue;
      if (counted.empty() || s.at - counted.back() >= settings_.interval * 85 / 100) {
        counted.push_back(s.at);
      }
    }
    return static_cast<int>(counted.size());
  }
  void Die(TimePoint now) {
    int left = required;
    for (Duration lived = lived_; lived >= 10 * settings_.threshold && left > 0;
         lived -= 10 * settings_.threshold) {
      left /= 2;
    }
    required = left == 0 ? 1 : 2 * left;
    if (left > 0 && lived_ < settings_.threshold) {
      int whole = 1;
      while ((whole - 1) * settings_.interval < settings_.threshold) ++whole;
      required = std::max(required, whole);
    }
    required = std::min(required, cap());
    down_ = true;
    died_ = now;
    opinion = Opinion::kDead;
    first = false;
  }
  int cap() const {
    return static_cast<int>(
        std::max<std::int64_t>(1, 10 * settings_.threshold / settings_.interval));
  }

  HealthSettings settings_;
  std::vector<Seen> seen_;
  std::size_t forgotten_ = 0;
  bool down_ = false;
  TimePoint died_{};
  Duration lived_{0};
};

}  // namespace

TEST_CASE("health: random stories agree with a second, dumb implementation") {
  std::vector<ProbeResult> results;
  for (const auto& [name, result] : kResults) results.push_back(result);
  for (unsigned seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto below = [&](unsigned bound) { return random() % bound; };
    HealthSettings settings;
    settings.threshold = std::chrono::milliseconds(500 * (1 + below(8)));
    settings.refused_threshold = std::chrono::milliseconds(500 * (1 + below(4)));
    ServerHealth health(settings);
    DumbHealth dumb(settings);
    TimePoint now = kStart;
    std::size_t mood = 0;
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::milliseconds(50 * below(40));
      if (below(4) == 0) {
        mood = below(static_cast<unsigned>(results.size()));
      }
      // Time first, then the result; sometimes without the timer in between,
      // as when a loop is busy.
      dumb.Pass(now);
      const bool due = health.NextDeadline() <= now;
      const auto ticked = health.Tick(now);
      CHECK(ticked.has_value() == due);
      REQUIRE(health.vote().opinion == dumb.opinion);
      if (below(3) != 0) {
        const ProbeResult& result =
            results[below(3) == 0 ? below(static_cast<unsigned>(results.size())) : mood];
        const Vote before = health.vote();
        dumb.Observe(result, now);
        health.Asking(now);
        const auto transition = health.Observe(result, now);
        CHECK(transition.has_value() == (before != health.vote()));
      }
      REQUIRE(health.vote().opinion == dumb.opinion);
      REQUIRE(health.vote().first == dumb.first);
      REQUIRE(health.returning().required == (dumb.down() ? dumb.required : 0));
    }
  }
}

}  // namespace server_health_test
