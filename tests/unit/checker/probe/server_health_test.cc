#include "checker/probe/server_health.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
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
      return "unknown/" + std::string(ReasonName(vote.reason));
  }
  return "?";
}

// Runs "ok@0 timeout@1.5 tick@3 stall:2@9 ..." and returns each transition as "dead/timeout@3".
// Deadlines between the steps are honoured exactly, as the worker's timer does.
class Story {
 public:
  explicit Story(const HealthSettings& settings = {}, int required = 1)
      : health(settings, required) {}

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
    CHECK(transition->from.opinion != transition->to.opinion);
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
           Case{"first probe bad", "timeout@0.5 end@9", "dead/timeout@0.5"},
           Case{"first probe doubtful", "unresolved@0 end@9", "unknown/unresolved@0"},
           Case{"alarms are alive", "noauth@0 noauth@1 end@9", "alive@0"},
           Case{"hung", "ok@0 timeout@1.5 timeout@2.25 end@9", "alive@0 dead/timeout@3"},
           Case{"hung, recovers just in time", "ok@0 timeout@1.5 timeout@2.25 ok@2.9 end@9",
                "alive@0"},
           Case{"one failure is never enough", "ok@0 timeout@1.5 end@99", "alive@0"},
           Case{"slow interval: the second failure decides", "ok@0 timeout@10.5 timeout@11 end@20",
                "alive@0 dead/timeout@11"},
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
           Case{"its reason changes while dead: no news", "refused@0 timeout@1 loading@2 end@9",
                "dead/refused@0"},
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
           Case{"dead, then doubts", "refused@0 noroute@1 noroute@2 end@9",
                "dead/refused@0 unknown/no_route@3"},
           Case{"unknown from the start, then alive", "unresolved@0 unresolved@9 ok@10",
                "unknown/unresolved@0 alive@10"},
           Case{"unknown from the start, then dead", "unresolved@0 refused@10",
                "unknown/unresolved@0 dead/refused@10"},
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
           Case{"a long stall withdraws a death, too", "refused@0 stall:15@16 end@17 timeout@18",
                "dead/refused@0 none@16 dead/timeout@18"},
           Case{"a stall before the first probe", "stall:15@16 end@17 ok@18", "alive@18"},
           Case{"old failures do not meet new ones over a long stall",
                "ok@0 timeout@1 timeout@2 stall:4@6.5 ok@7 timeout@8 end@20",
                "alive@0 none@6.5 alive@7"},
       }) {
    CAPTURE(c.what);
    CHECK(Story().Run(c.story) == c.expected);
  }
}

TEST_CASE("penalty: 1, 2, 4, 8 ... good probes in a row, up to 10 thresholds of time") {
  Story story;  // cap 10 x 3 s / 1 s = 30
  double now = 0;
  const auto step = [&](const char* what) {
    return story.Run(std::string(what) + "@" + std::to_string(now += 1));
  };
  step("ok");
  for (const int asked : {1, 2, 4, 8, 16, 30, 30, 30}) {
    CAPTURE(asked);
    while (story.health.vote().opinion != Opinion::kDead) step("timeout");
    CHECK(story.health.required() == asked);
    int good = 0;
    while (story.health.vote().opinion != Opinion::kAlive && good < 100) {
      step("ok");
      ++good;
    }
    CHECK(good == asked);
  }
}

TEST_CASE(
    "penalty: a failure on the way starts the count again; good probes while alive pay it off") {
  Story story({}, 4);
  CHECK(story.Run("refused@0 ok@1 ok@2 ok@3 refused@4 ok@5 ok@6 ok@7 end@7.5") == "dead/refused@0");
  CHECK(story.Run("ok@8") == "alive@8");
  CHECK(story.health.required() == 8);
  CHECK(story.Run("ok@9 ok@10 ok@11") == "");
  CHECK(story.health.required() == 5);
  CHECK(story.Run("ok@12 ok@13 ok@14 ok@15 ok@16 ok@17") == "");
  CHECK(story.health.required() == 1);
}

TEST_CASE("penalty: doubts neither count nor forgive it") {
  Story story({}, 3);
  CHECK(story.Run("refused@0 ok@1 noroute@2 ok@3 noroute@4 ok@5") == "dead/refused@0 alive@5");
  Story other({}, 3);
  CHECK(other.Run("refused@0 noroute@1 noroute@2 end@4 ok@5 ok@6 ok@7") ==
        "dead/refused@0 unknown/no_route@3 dead/refused@5 alive@7");
}

TEST_CASE("penalty: from the ledger it is capped, and the first probe decides all the same") {
  CHECK(ServerHealth({}, 1000).required() == 30);
  CHECK(ServerHealth({}, 0).required() == 1);
  CHECK(Story({}, 8).Run("ok@0") == "alive@0");
  HealthSettings rare;
  rare.interval = 1min;
  CHECK(ServerHealth(rare, 8).required() == 1);
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
           Case{"a little late", timeout, 249ms, 300ms, timeout},
           Case{"half of the timeout", timeout, 250ms, 300ms, local},
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
        Case{"ok@0 refused@1 refused@1.5", false}, Case{"refused@0", false},
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

  Story capped({}, 16);
  settings.interval = 10s;  // cap 1
  capped.health.Retune(settings);
  CHECK(capped.health.required() == 1);
}

namespace {

// The rules once more, in the simplest way: keeps everything that happened and searches all of it
// for each question. Without stalls.
class DumbHealth {
 public:
  explicit DumbHealth(const HealthSettings& settings) : settings_(settings) {}

  void Observe(const ProbeResult& result, TimePoint now) {
    Pass(now);
    seen_.push_back({result, now});
    if (result.verdict == ProbeVerdict::kAlive) {
      if (!Real(seen_.size() - 1)) {
        down_ = false;
      } else if (down_) {
        int good = 0;
        for (auto i = seen_.rbegin(); i != seen_.rend(); ++i) {
          if (i->at < died_ || i->result.verdict == ProbeVerdict::kFailed) break;
          good += i->result.verdict == ProbeVerdict::kAlive ? 1 : 0;
        }
        if (good >= required) {
          down_ = false;
          required = std::min<int>(required * 2, cap());
        }
      } else if (opinion == Opinion::kAlive) {
        required = std::max(1, required - 1);
      }
      opinion = down_ ? Opinion::kDead : Opinion::kAlive;
    } else if (result.verdict == ProbeVerdict::kFailed) {
      if (!Real(seen_.size() - 1)) Die(now);
      if (down_) opinion = Opinion::kDead;
      Pass(now);
    } else {
      if (!Real(seen_.size() - 1)) opinion = Opinion::kUnknown;
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
    if (!Real(seen_.size())) return;
    if (doubts > 0) {
      if (doubts >= 2 && opinion != Opinion::kUnknown &&
          now >= seen_[seen_.size() - 1 - doubts].at + settings_.threshold) {
        opinion = Opinion::kUnknown;
        forgotten_ = seen_.size();
      }
      return;
    }
    if (down_) return;
    std::vector<Reason> failures;
    TimePoint last_success{};
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      if (seen_[i].result.verdict == ProbeVerdict::kAlive) {
        failures.clear();
        last_success = seen_[i].at;
      } else if (seen_[i].result.verdict == ProbeVerdict::kFailed && i >= forgotten_) {
        failures.push_back(seen_[i].result.reason);
      }
    }
    if (failures.size() < 2) return;
    if (failures[0] == Reason::kReset) failures.erase(failures.begin());
    const bool refused = std::all_of(failures.begin(), failures.end(),
                                     [](Reason r) { return r == Reason::kRefused; });
    if (now >= last_success + (refused ? settings_.refused_threshold : settings_.threshold))
      Die(now);
  }

  Opinion opinion = Opinion::kNotProbed;
  int required = 1;

 private:
  struct Seen {
    ProbeResult result;
    TimePoint at;
  };
  // Was there a success or failure among the first `count`?
  bool Real(std::size_t count) const {
    return std::any_of(
        seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(count),
        [](const Seen& s) { return s.result.verdict != ProbeVerdict::kInconclusive; });
  }
  void Die(TimePoint now) {
    down_ = true;
    died_ = now;
    opinion = Opinion::kDead;
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
        const auto transition = health.Observe(result, now);
        CHECK(transition.has_value() == (before.opinion != health.vote().opinion));
      }
      REQUIRE(health.vote().opinion == dumb.opinion);
      REQUIRE(health.required() == dumb.required);
    }
  }
}

}  // namespace server_health_test
