// One checker's opinion on one shard, from probe results only. The first success decides at once.
// The first failure does not: the opinion is unknown, marked as `first` (see Vote), until the
// threshold has passed. The leader takes it for a death only where no status was ever decided.
// Then, with the default settings (interval 1 s, threshold 3 s, refused_threshold 1 s):
//
//   hung:     PONG at 0.0 s, then timeouts; dead at 3.0 s: nothing succeeded for `threshold` and
//             at least two probes in a row failed
//   killed:   PONG at 0.0 s, then only refusals; dead at 1.0 s: `refused_threshold`. One reset
//             before the first refusal is the death itself as an open connection sees it, and
//             counts as one of them
//   started:  asked at 0.0 s and never well: dead at 3.0 s (refused: at 1.0 s), with two failures
//   gaps:     time in which nobody asked is no evidence, whatever the reason: a stall, doubts, a
//             longer interval before. The threshold counts from one interval before the first
//             probe that failed was sent, or from the last success if that was later
//   flapping: repeated deaths ask for 1, 2, 4, 8 ... good probes in a row to be alive again (the
//             penalty, see model/flapping.h); forgiven by time alive. A failure on the way starts
//             the count again; so does a long stall, which forgives nothing. A good probe counts
//             if the last one that counted was answered most of an interval before: late answers
//             of a server that hung, and fast probes, do not count as several
//   doubts:   an inconclusive result counts neither towards dead nor as a success. While the
//             newest result is a doubt, no server is declared dead; after `threshold` with only
//             doubts (at least two) the opinion is unknown. The next real result continues from
//             the opinion before the doubts
//
// Its states, with the opinion of each; what a state remembers survives a doubt:
//
//   kNotProbed    (not probed)  nothing is known since the start, or since a long stall
//   kUndecided    (unknown)     nothing but doubts since then, or it was dead before and the good
//                               probes are too few
//   kFirstFailed  (unknown)     no success since then, and a failure; marked as `first`
//   kAlive        (alive)
//   kDead         (dead)
//   kAliveInDoubt (unknown)     was alive; nothing but doubts for `threshold`
//   kDeadInDoubt  (unknown)     was dead; the same
//
//   kNotProbed, kUndecided --success--> kAlive            --failure--> kFirstFailed
//   kNotProbed --doubt--> kUndecided
//   kNotProbed, kFirstFailed --success, and it owes more--> kUndecided
//   kFirstFailed --success--> kAlive                      --doubts for threshold--> kUndecided
//   kFirstFailed, kAlive, kAliveInDoubt --threshold passed--> kDead
//   kAliveInDoubt --success--> kAlive
//   kDead, kDeadInDoubt --enough good probes--> kAlive    kDeadInDoubt --any other result--> kDead
//   kAlive --doubts for threshold--> kAliveInDoubt        kDead --the same--> kDeadInDoubt
//   any --own loop late by more than threshold--> kNotProbed
//
// The reason of a vote is that of its transition. Later reasons do not change it, so that a shard
// that alternates between refusals and timeouts does not rewrite the ballot with each probe. Pure.
#pragma once

#include <zkcluster/time.h>
#include <optional>

#include "checker/probe/prober.h"
#include "checker/probe/schedule.h"
#include "model/ballot.h"
#include "model/limits.h"

namespace zkcluster {

struct HealthSettings {
  // A shard is probed this often while nothing is wrong. If raised: less load, later detection.
  Duration interval = std::chrono::seconds(1);
  // If raised: slow servers are tolerated; a hung one is noticed later.
  Duration timeout = std::chrono::milliseconds(500);
  // If raised: short interruptions are tolerated. Below 2 x interval a single slow probe is half
  // of the evidence.
  Duration threshold = kDefaultThreshold;
  // With a refused connect the kernel of a living host reports that no process listens: stronger
  // evidence, so usually shorter than threshold. Raise it above the time of a planned restart.
  Duration refused_threshold = std::chrono::seconds(1);
  // The interval while a failure is undecided; at most half of the threshold that applies, so that
  // the second failure has come when the threshold has passed.
  Duration fast_interval = std::chrono::milliseconds(250);
  bool operator==(const HealthSettings&) const = default;
};

// The shortest time between probes when a connection ends, which may be a death.
[[nodiscard]] Duration FastInterval(const HealthSettings& settings);

// A timeout that this process may have caused itself says nothing about the server: when it may
// have been stopped for half of `timeout` or more since the probe `started`, it becomes inconclusive.
// `turns` has seen every turn since then. Any other result stays what it is.
[[nodiscard]] ProbeResult JudgeLate(const ProbeResult& result, const StallDetector& turns,
                                    TimePoint started, Duration timeout);

// What was known of a server's deaths before this checker asked it: from the ledger.
struct FormerDeaths {
  int required = 0;   // good probes that it owed after the last one; 0: there was none
  bool dead = false;  // it has not returned since, and owes them now
  Duration lived{0};  // since it returned
};

// How far a dead server is on its way back.
struct Returning {
  int required = 0;  // good probes in a row that it needs
  int good = 0;      // that it has
  bool operator==(const Returning&) const = default;
};

class ServerHealth {
 public:
  explicit ServerHealth(const HealthSettings& settings, const FormerDeaths& former = {});

  struct Transition {
    Vote from;
    Vote to;
    bool operator==(const Transition&) const = default;
  };

  // A probe starts. Its result, if there is one, comes before the next one starts.
  void Asking(TimePoint now) { asked_ = now; }
  // Feeds the result of a probe that ended at `now`. REQUIRES: Asking for each.
  // REQUIRES: `now` never falls.
  [[nodiscard]] std::optional<Transition> Observe(const ProbeResult& result, TimePoint now);
  // Applies the passing of time: a threshold may be reached between two probes.
  [[nodiscard]] std::optional<Transition> Tick(TimePoint now);
  // The next time at which Tick changes something if nothing is observed before.
  // TimePoint::max(): never.
  [[nodiscard]] TimePoint NextDeadline() const;

  // This process was stopped or starved for `lateness` at most, up to `now`: that time is no
  // evidence. When it was longer than a threshold, the opinion is withdrawn until the next result.
  [[nodiscard]] std::optional<Transition> Stalled(Duration lateness, TimePoint now);

  // True while a shard whose opinion is still alive fails: the next probe comes `fast_interval`
  // after the end of the last one.
  [[nodiscard]] bool suspect() const;
  // The wait before the next probe: from the end of the last one if suspect, else from its start.
  [[nodiscard]] Duration NextDelay() const;

  // Takes over new settings; the history is kept.
  void Retune(const HealthSettings& settings);

  [[nodiscard]] const HealthSettings& settings() const { return settings_; }
  [[nodiscard]] Vote vote() const {
    return {OpinionOf(state_), reason_, state_ == State::kFirstFailed};
  }
  // Nothing is owed: it is alive, or was never known.
  [[nodiscard]] Returning returning() const {
    return down_ ? Returning{required_, good_in_a_row_} : Returning{};
  }

 private:
  // See the head of this file.
  enum class State : unsigned char {
    kNotProbed,
    kUndecided,
    kFirstFailed,
    kAlive,
    kDead,
    kAliveInDoubt,
    kDeadInDoubt,
  };
  [[nodiscard]] static Opinion OpinionOf(State state);
  // By the newest success or failure; doubts may have followed it.
  [[nodiscard]] bool was_alive() const {
    return state_ == State::kAlive || state_ == State::kAliveInDoubt;
  }
  // Failures may turn it dead.
  [[nodiscard]] bool may_die() const { return was_alive() || state_ == State::kFirstFailed; }
  [[nodiscard]] bool was_dead() const {
    return state_ == State::kDead || state_ == State::kDeadInDoubt;
  }
  // Nothing: it was in that state already, and the reason is kept.
  [[nodiscard]] std::optional<Transition> Enter(State state, Reason reason);
  [[nodiscard]] std::optional<Transition> OnSuccess(TimePoint now);
  [[nodiscard]] std::optional<Transition> OnFailure(Reason reason, TimePoint now);
  [[nodiscard]] std::optional<Transition> OnDoubt(Reason reason, TimePoint now);
  [[nodiscard]] std::optional<Transition> OnDoubtsAlone();
  [[nodiscard]] TimePoint SilentSince() const;
  [[nodiscard]] std::optional<Transition> Die();
  [[nodiscard]] bool Returns(TimePoint now);
  [[nodiscard]] Duration Limit() const;
  [[nodiscard]] Duration LongestGap() const;

  HealthSettings settings_;
  State state_ = State::kNotProbed;
  Reason reason_ = Reason::kNone;  // of the transition into it
  TimePoint asked_{};              // the start of the newest probe
  TimePoint last_success_{};       // a stall moves it forward
  TimePoint silent_since_{};       // the threshold counts from here, while failures_in_a_row_ > 0
  TimePoint last_evidence_{};      // the last success or failure
  // kFailed since the last success, or since the opinion became unknown.
  int failures_in_a_row_ = 0;
  int doubts_in_a_row_ = 0;   // kInconclusive since the last success or failure
  bool only_refused_ = true;  // every failure since the last success was a refusal
  Reason failure_reason_ = Reason::kNone;
  Reason doubt_reason_ = Reason::kNone;
  // Its newest verdict, or the one that stood before this checker had any, is dead. Neither doubts
  // nor a stall end it.
  bool down_ = false;
  int required_ = 0;          // good probes in a row after the last death; 0: there was none
  int good_in_a_row_ = 0;     // while down
  TimePoint last_counted_{};  // of these, the last one's answer
  Duration lived_{0};         // between good probes, since it returned
};

}  // namespace zkcluster
