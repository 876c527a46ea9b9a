// One checker's opinion on one shard, from probe results alone. The first probe decides at once. After
// that, with the default settings (interval 1 s, threshold 3 s, refused_threshold 1 s):
//
//   hung:     PONG at 0.0 s, then timeouts; dead at 3.0 s: nothing succeeded for `threshold` and at least
//             two probes in a row failed
//   killed:   PONG at 0.0 s, then only refusals; dead at 1.0 s: `refused_threshold`
//   flapping: the n-th death in a row asks for 1, 2, 4, 8 ... good probes in a row to be alive again (the
//             penalty), capped so that they take at most 10 x threshold; one less for each good probe
//             while alive; a failure on the way starts the count again
//
//   kNotProbed --first result--> kAlive | kDead | kUnknown
//   kAlive --threshold passed--> kDead            kDead --enough good probes--> kAlive
//   any --only "cannot tell" for threshold--> kUnknown
// Pure.
#pragma once

#include <optional>
#include <zkcluster/time.h>

#include "checker/probe/prober.h"
#include "model/ballot.h"

namespace zkcluster {

struct HealthSettings {
  // Raised: less load, later detection. A shard is probed this often while nothing is wrong.
  Duration interval = std::chrono::seconds(1);
  // Raised: slow servers are forgiven; a hung one is noticed later.
  Duration timeout = std::chrono::milliseconds(500);
  // Raised: short hiccups are forgiven. Below 2 x interval a single slow probe is half of the evidence.
  Duration threshold = std::chrono::seconds(3);
  // A refused connect is the kernel of a living host saying that no process listens: stronger evidence,
  // so usually shorter than threshold. Raise it above the time of a planned restart.
  Duration refused_threshold = std::chrono::seconds(1);
  // Between probes while something is wrong and undecided.
  Duration fast_interval = std::chrono::milliseconds(250);
  bool operator==(const HealthSettings&) const = default;
};

class ShardHealth {
 public:
  // `required`: good probes in a row that its return asked for last, from the ledger (1: no penalty).
  explicit ShardHealth(const HealthSettings& settings, int required = 1);

  struct Transition {
    Vote from;
    Vote to;
    bool operator==(const Transition&) const = default;
  };

  // Feeds the result of a probe that ended at `now`.
  // REQUIRES: `now` never falls.
  [[nodiscard]] std::optional<Transition> Observe(const ProbeResult& result, TimePoint now);
  // Judges the passing of time alone: a threshold may be reached between two probes.
  [[nodiscard]] std::optional<Transition> Tick(TimePoint now);
  // When Tick would next change something if nothing were observed; TimePoint::max(): never.
  [[nodiscard]] TimePoint NextDeadline() const;

  // This process was stopped or starved for `lateness` up to `now`: that time is no evidence. When it
  // was longer than a threshold, the opinion is withdrawn (kNotProbed) until the next result.
  [[nodiscard]] std::optional<Transition> Stalled(Duration lateness, TimePoint now);

  // From the end of a probe to the start of the next: fast while something is undecided.
  [[nodiscard]] Duration NextDelay() const;

  // Takes new settings over without forgetting what was seen.
  void Retune(const HealthSettings& settings);

  [[nodiscard]] const Vote& vote() const { return vote_; }
  [[nodiscard]] int required() const { return required_; }

 private:
  [[nodiscard]] std::optional<Transition> Become(Vote vote);
  [[nodiscard]] std::optional<Transition> OnSuccess(TimePoint now);
  [[nodiscard]] std::optional<Transition> OnFailure(Reason reason, TimePoint now);
  [[nodiscard]] int MaxRequired() const;

  HealthSettings settings_;
  Vote vote_;
  TimePoint last_success_{};     // or the first probe, when none succeeded yet
  int failures_in_a_row_ = 0;    // kFailed only
  int doubts_in_a_row_ = 0;      // kCannotTell
  bool only_refused_ = true;     // every failure since the last success was a refusal
  Reason last_reason_ = Reason::kNone;
  int good_in_a_row_ = 0;        // while dead
  int required_ = 1;             // good probes in a row the next return asks for
};

}  // namespace zkcluster
