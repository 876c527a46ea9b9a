// One checker's opinion on one shard, from probe results only. The first probe decides at once.
// After that, with the default settings (interval 1 s, threshold 3 s, refused_threshold 1 s):
//
//   hung:     PONG at 0.0 s, then timeouts; dead at 3.0 s: nothing succeeded for `threshold` and
//             at least two probes in a row failed
//   killed:   PONG at 0.0 s, then only refusals; dead at 1.0 s: `refused_threshold`. One reset
//             before the first refusal is the death itself as an open connection sees it, and
//             counts as one of them
//   flapping: the n-th death in a row asks for 1, 2, 4, 8 ... good probes in a row to be alive
//             again (the penalty), capped so that they take at most 10 x threshold; one less for
//             each good probe while alive; a failure on the way starts the count again
//   doubts:   an inconclusive result counts neither towards dead nor as a success. While the
//             newest result is a doubt, no server is declared dead; after `threshold` with only
//             doubts (at least two) the opinion is unknown. The next real result continues from
//             the opinion before the doubts
//
// Its states, with the opinion of each; what a state remembers survives a doubt:
//
//   kNotProbed    (not probed)  nothing is known since the start, or since a long stall
//   kUndecided    (unknown)     nothing but doubts since then
//   kAlive        (alive)
//   kDead         (dead)
//   kAliveInDoubt (unknown)     was alive; nothing but doubts for `threshold`
//   kDeadInDoubt  (unknown)     was dead; the same
//
//   kNotProbed, kUndecided --first success--> kAlive      --first failure--> kDead
//   kNotProbed --doubt--> kUndecided
//   kAlive, kAliveInDoubt --threshold passed--> kDead     kAliveInDoubt --success--> kAlive
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

namespace zkcluster {

struct HealthSettings {
  // A shard is probed this often while nothing is wrong. If raised: less load, later detection.
  Duration interval = std::chrono::seconds(1);
  // If raised: slow servers are tolerated; a hung one is noticed later.
  Duration timeout = std::chrono::milliseconds(500);
  // If raised: short interruptions are tolerated. Below 2 x interval a single slow probe is half
  // of the evidence.
  Duration threshold = std::chrono::seconds(3);
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

// A timeout that this process may have caused itself says nothing about the server: when a turn of
// the loop was late by half of `timeout` or more since the probe `started`, it becomes
// inconclusive. `turns` has seen every turn since then. Any other result stays what it is.
[[nodiscard]] ProbeResult JudgeLate(const ProbeResult& result, const StallDetector& turns,
                                    TimePoint started, Duration timeout);

class ServerHealth {
 public:
  // `required`: good probes in a row that its next return to alive needs, from the ledger
  // (1: no penalty).
  explicit ServerHealth(const HealthSettings& settings, int required = 1);

  struct Transition {
    Vote from;
    Vote to;
    bool operator==(const Transition&) const = default;
  };

  // Feeds the result of a probe that ended at `now`.
  // REQUIRES: `now` never falls.
  [[nodiscard]] std::optional<Transition> Observe(const ProbeResult& result, TimePoint now);
  // Applies the passing of time: a threshold may be reached between two probes.
  [[nodiscard]] std::optional<Transition> Tick(TimePoint now);
  // The next time at which Tick changes something if nothing is observed before.
  // TimePoint::max(): never.
  [[nodiscard]] TimePoint NextDeadline() const;

  // This process was stopped or starved for `lateness` up to `now`: that time is no evidence. When
  // it was longer than a threshold, the opinion is withdrawn until the next result.
  [[nodiscard]] std::optional<Transition> Stalled(Duration lateness, TimePoint now);

  // True while a shard whose opinion is still alive fails: the next probe comes `fast_interval`
  // after the end of the last one.
  [[nodiscard]] bool suspect() const;
  // The wait before the next probe: from the end of the last one if suspect, else from its start.
  [[nodiscard]] Duration NextDelay() const;

  // Takes over new settings; the history is kept.
  void Retune(const HealthSettings& settings);

  [[nodiscard]] const HealthSettings& settings() const { return settings_; }
  [[nodiscard]] Vote vote() const { return {OpinionOf(state_), reason_}; }
  [[nodiscard]] int required() const { return required_; }

 private:
  // See the head of this file.
  enum class State : unsigned char {
    kNotProbed,
    kUndecided,
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
  [[nodiscard]] bool was_dead() const {
    return state_ == State::kDead || state_ == State::kDeadInDoubt;
  }
  // Nothing: it was in that state already, and the reason is kept.
  [[nodiscard]] std::optional<Transition> Enter(State state, Reason reason);
  [[nodiscard]] std::optional<Transition> OnSuccess(TimePoint now);
  [[nodiscard]] std::optional<Transition> OnFailure(Reason reason, TimePoint now);
  [[nodiscard]] std::optional<Transition> OnDoubt(Reason reason, TimePoint now);
  [[nodiscard]] Duration Limit() const;

  HealthSettings settings_;
  State state_ = State::kNotProbed;
  Reason reason_ = Reason::kNone;  // of the transition into it
  TimePoint last_success_{};
  TimePoint last_evidence_{};  // the last success or failure
  // kFailed since the last success, or since the opinion became unknown.
  int failures_in_a_row_ = 0;
  int doubts_in_a_row_ = 0;   // kInconclusive since the last success or failure
  bool only_refused_ = true;  // every failure since the last success was a refusal
  Reason failure_reason_ = Reason::kNone;
  Reason doubt_reason_ = Reason::kNone;
  int good_in_a_row_ = 0;  // while dead
  int required_ = 1;       // good probes in a row that the next return needs
};

}  // namespace zkcluster
