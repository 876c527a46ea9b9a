#include "tools/zkctl/dev/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tools/zkctl/cli/context.h"

namespace zkcluster::zkctl {
namespace {

// Longer than a callback takes from its thread to ours, shorter than a person notices.
constexpr Duration kSettle = std::chrono::milliseconds(60);
constexpr std::size_t kWhoWidth = 8;
constexpr std::size_t kMaxText = 78;  // with the two columns before it, below 100 in all

std::string Pad(std::string_view text, std::size_t width) {
  std::string padded = Printable(text);
  padded.append(width - std::min(width, DisplayWidth(padded)), ' ');
  return padded;
}

}  // namespace

Timeline::Timeline(bool color) : color_(color), start_(std::chrono::steady_clock::now()) {}

void Timeline::Add(TimePoint at, std::string_view who, std::string_view text, Color paint) {
  std::string shown = Printable(text);
  if (shown.size() > kMaxText) shown = shown.substr(0, kMaxText - 3) + "...";
  waiting_.push_back({at, std::string(who), std::move(shown), paint});
}

void Timeline::Now(std::string_view who, std::string_view text, Color paint) {
  Add(std::chrono::steady_clock::now(), who, text, paint);
}

void Timeline::Say(std::string_view text) {
  PrintAll();
  Write(std::string(text) + "\n");
}

void Timeline::Title(std::string_view text) {
  Say("\n" + Paint(text, Color::kFaint, color_));
}

void Timeline::PrintSettled() {
  PrintBefore(std::chrono::steady_clock::now() - kSettle);
}

void Timeline::PrintAll() {
  PrintBefore(TimePoint::max());
}

void Timeline::PrintBefore(TimePoint limit) {
  const auto earlier = [](const Line& a, const Line& b) { return a.at < b.at; };
  std::stable_sort(waiting_.begin(), waiting_.end(), earlier);
  const auto end = std::find_if(waiting_.begin(), waiting_.end(),
                                [&](const Line& line) { return line.at >= limit; });
  for (auto line = waiting_.begin(); line != end; ++line) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(line->at - start_);
    Write(fmt::format("{}  {}  {}\n",
                      Paint(fmt::format("{:>7} ms", ms.count()), Color::kFaint, color_),
                      Pad(line->who, kWhoWidth), Paint(line->text, line->paint, color_)));
  }
  waiting_.erase(waiting_.begin(), end);
}

void Timeline::Write(std::string_view text) {
  readable_ = readable_ && Print(text);
}

TimePoint OnOurClock(Micros wall, TimePoint earliest) {
  const TimePoint now = std::chrono::steady_clock::now();
  const auto age = std::chrono::system_clock::now().time_since_epoch() - wall;
  return std::clamp(now - std::chrono::duration_cast<Duration>(age), std::min(earliest, now), now);
}

}  // namespace zkcluster::zkctl
