#include "zk/session_tracker.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace zkcluster::zk::session_tracker_test {
namespace {

using std::chrono::milliseconds;
using enum SessionState;

constexpr TimePoint At(int ms) {
  return TimePoint(milliseconds(1'000'000 + ms));
}
constexpr Duration kTimeout = milliseconds(3000);  // lease 2000 ms, lost after 4000 ms

SessionTracker Established() {
  SessionTracker tracker(milliseconds(9999));
  tracker.Established(At(0), kTimeout);
  return tracker;
}

TEST_CASE("session tracker: nothing is known before the first session") {
  SessionTracker tracker(kTimeout);
  CHECK(tracker.StateAt(At(0)) == kConnecting);
  CHECK(tracker.StateAt(At(1'000'000)) == kConnecting);
  CHECK(tracker.NextChange(At(0)) == TimePoint::max());
  CHECK(tracker.last_contact() == TimePoint::min());
  CHECK(tracker.timeout() == kTimeout);

  // Neither an answer nor a broken connection makes a session.
  tracker.Answered(At(5));
  tracker.Disconnected();
  CHECK(tracker.StateAt(At(5)) == kConnecting);
  CHECK(tracker.last_contact() == TimePoint::min());
}

TEST_CASE("session tracker: silence of an established session") {
  const SessionTracker tracker = Established();
  CHECK(tracker.timeout() == kTimeout);
  const struct {
    int at;
    SessionState state;
    TimePoint next;
  } cases[] = {
      {0, kConnected, At(2000)},       {1999, kConnected, At(2000)},
      {2000, kSuspended, At(4000)},    {3999, kSuspended, At(4000)},
      {4000, kLost, TimePoint::max()}, {99999, kLost, TimePoint::max()},
  };
  for (const auto& c : cases) {
    CAPTURE(c.at);
    CHECK(tracker.StateAt(At(c.at)) == c.state);
    CHECK(tracker.NextChange(At(c.at)) == c.next);
  }
}

TEST_CASE("session tracker: the lease runs from the send time of the newest answer") {
  SessionTracker tracker = Established();
  tracker.Answered(At(1500));
  CHECK(tracker.StateAt(At(3499)) == kConnected);
  CHECK(tracker.StateAt(At(3500)) == kSuspended);
  tracker.Answered(At(700));  // an answer to an older question, overtaken
  CHECK(tracker.last_contact() == At(1500));
  CHECK(tracker.NextChange(At(1500)) == At(3500));
}

TEST_CASE("session tracker: an answer after a silent while restores the session") {
  SessionTracker tracker = Established();
  REQUIRE(tracker.StateAt(At(2500)) == kSuspended);
  tracker.Answered(At(2400));
  CHECK(tracker.StateAt(At(2500)) == kConnected);
}

TEST_CASE("session tracker: an answer sent long ago and read late is not believed") {
  SessionTracker tracker = Established();
  // The process was stopped; the answer waited in the socket.
  tracker.Answered(At(10));
  CHECK(tracker.StateAt(At(5000)) == kLost);
}

TEST_CASE("session tracker: a broken connection") {
  SessionTracker tracker = Established();
  tracker.Disconnected();
  CHECK(tracker.StateAt(At(1)) == kSuspended);
  CHECK(tracker.NextChange(At(1)) == At(4000));
  CHECK(tracker.StateAt(At(4000)) == kLost);

  SUBCASE("is resumed") {
    tracker.Established(At(3000), kTimeout);
    CHECK(tracker.StateAt(At(3001)) == kConnected);
    CHECK(tracker.NextChange(At(3001)) == At(5000));
  }
  SUBCASE("a late answer defers the loss, and does not reconnect") {
    tracker.Answered(At(500));
    CHECK(tracker.StateAt(At(501)) == kSuspended);
    CHECK(tracker.NextChange(At(501)) == At(4500));
  }
  SUBCASE("is resumed under another timeout") {
    tracker.Established(At(3000), milliseconds(6000));
    CHECK(tracker.timeout() == milliseconds(6000));
    CHECK(tracker.NextChange(At(3001)) == At(7000));
  }
}

TEST_CASE("session tracker: an expired session stays lost, whichever event arrives") {
  SessionTracker tracker = Established();
  tracker.Expired();
  tracker.Answered(At(100));
  tracker.Disconnected();
  CHECK(tracker.StateAt(At(101)) == kLost);
  CHECK(tracker.NextChange(At(101)) == TimePoint::max());

  tracker.Reopen();
  CHECK(tracker.StateAt(At(102)) == kConnecting);
  CHECK(tracker.last_contact() == At(0));  // the ensemble did answer then, if to another session
  tracker.Established(At(200), kTimeout);
  CHECK(tracker.StateAt(At(201)) == kConnected);
  CHECK(tracker.NextChange(At(201)) == At(2200));
}

TEST_CASE("session tracker: NextChange is where StateAt changes, for any history") {
  // A random walk, step by step, checked against the header's promise.
  SessionTracker tracker(kTimeout);
  const std::vector<std::string> histories = {"e",  "ea",  "ed",   "eda", "edae",
                                              "ex", "exr", "exre", "r",   "edx"};
  for (const std::string& history : histories) {
    CAPTURE(history);
    tracker = SessionTracker(kTimeout);
    int now = 0;
    for (const char step : history) {
      now += 333;
      if (step == 'e') tracker.Established(At(now), kTimeout);
      if (step == 'a') tracker.Answered(At(now - 100));
      if (step == 'd') tracker.Disconnected();
      if (step == 'x') tracker.Expired();
      if (step == 'r') tracker.Reopen();
    }
    for (int t = now; t < now + 9000; t += 7) {
      const TimePoint next = tracker.NextChange(At(t));
      CHECK(next > At(t));
      const bool changes = tracker.StateAt(At(t + 7)) != tracker.StateAt(At(t));
      CHECK(changes == (next <= At(t + 7)));
    }
  }
}

}  // namespace
}  // namespace zkcluster::zk::session_tracker_test
