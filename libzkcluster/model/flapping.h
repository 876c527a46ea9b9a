// Flapping: what a shard owes that dies again and again. Each death makes the next return dearer, and
// time alive makes it cheaper again. The number is good probes in a row (the penalty). A checker
// keeps one for each server by what it sees itself, and the leader one for each shard by the status,
// in the ledger: a checker that joins begins with that one. Defined here for all of them, for zkctl
// and for the metrics.
//
// With the default settings (interval 1 s, threshold 3 s), for lives of some seconds:
//
//   death  1st  2nd  3rd  4th  5th  6th
//   owes    1    2    4    8   16   30   30: they take 10 x threshold
//
//   - A life shorter than the threshold shows that so few good probes prove nothing. The next return
//     takes a whole threshold of them at least: 1, 4, 8, 16 ...
//   - Each 10 x threshold of life forgives one step: 16, 8, 4, 2, 1, nothing. After the last of them
//     the next death is a first one again.
//   - A shard flaps while more than one is owed: it has died a second time before the first death
//     was forgiven.
//
// Pure.
#pragma once

#include <zkcluster/time.h>

#include "model/ledger.h"

namespace zkcluster {

struct FlapTimes {
  Duration interval{};  // of probes; 0: not known
  Duration threshold{};
};

// What is left of a penalty after `lived` alive. 0: nothing.
[[nodiscard]] int ForgivenPenalty(int required, Duration lived, Duration threshold);

// What a shard owes that dies after `lived` alive, and owed `required` after the death before that.
// 0: there was none.
[[nodiscard]] int NextPenalty(int required, Duration lived, const FlapTimes& times);

// What a shard owes at `now`, if it has this penalty and this status.
[[nodiscard]] int OwedPenalty(const Penalty& penalty, bool alive, Micros now, Duration threshold);

// Whether a shard flaps that owes so much.
[[nodiscard]] constexpr bool IsFlapping(int owed) {
  return owed > 1;
}

}  // namespace zkcluster
