// What `zkctl dev` tells people: one line a fact, "milliseconds  who  what", in the order in which
// things happened. Facts come in from several sessions and threads, a little out of order; lines
// are held back for a moment and printed sorted.
// Not thread-safe: other threads post to the loop first.
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
  // What just happened, here.
  void Now(std::string_view who, std::string_view text, Color paint = Color::kNone);
  // A line of another kind, after all that was added so far.
  void Say(std::string_view text);
  void Title(std::string_view text);

  // Prints what nothing earlier can precede any more.
  void PrintSettled();
  void PrintAll();
  // False when nobody reads stdout any more.
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

// When the server stamped `wall` on a change, told on the clock that is counted by: not after now
// and not before `earliest`, should the wall clock have been set meanwhile.
[[nodiscard]] TimePoint OnOurClock(Micros wall, TimePoint earliest);

}  // namespace zkcluster::zkctl
