// The output of `zkctl dev`: one line per fact, "milliseconds  who  what", in the order of events.
// Facts come from several sessions and threads, a little out of order; lines are held back for a
// moment and printed sorted. Not thread-safe: other threads post to the loop first.
#pragma once

#include <zkcluster/time.h>
#include <string>
#include <string_view>
#include <vector>

#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {

class Timeline {
 public:
  // Milliseconds count from now.
  explicit Timeline(bool color);

  void Add(TimePoint at, std::string_view who, std::string_view text, Color paint = Color::kNone);
  // Adds a fact of this moment.
  void Now(std::string_view who, std::string_view text, Color paint = Color::kNone);
  // Adds a line of another kind, after all lines so far.
  void Say(std::string_view text);
  void Title(std::string_view text);

  // Prints the lines that no earlier fact can precede any more.
  void PrintSettled();
  void PrintAll();
  // False when the reader of stdout is gone.
  [[nodiscard]] bool readable() const { return readable_; }

 private:
  struct Line {
    TimePoint at;
    std::string who;
    std::string text;
    Color paint;
  };
  void PrintBefore(TimePoint limit);
  void Write(std::string_view text);

  const bool color_;
  const TimePoint start_;
  std::vector<Line> waiting_;
  bool readable_ = true;
};

// The server's time `wall` of a change, on our monotonic clock. Not after now and not before
// `earliest`, in case the wall clock was set meanwhile.
[[nodiscard]] TimePoint OnOurClock(Micros wall, TimePoint earliest);

}  // namespace zkcluster::zkctl
