// What is known about the name servers from earlier questions: which ones were silent or slow, and
// which ones answer only plain questions. A server that let `kPatience` pass is asked after the others for
// `kBehind`; then one question finds out whether it is back, at the cost of that patience. Pure.
#pragma once

#include <zkcluster/time.h>
#include <map>
#include <string>
#include <vector>

namespace zkcluster {

class ServerMemory {
 public:
  // The next server is asked when one has not answered for this long: a fraction of a probe's
  // usual timeout (500 ms). Raised: slow servers cost fewer questions, silent ones more time.
  static constexpr Duration kPatience = std::chrono::milliseconds(150);
  static constexpr Duration kBehind = std::chrono::seconds(30);
  static constexpr Duration kPlainFor = std::chrono::minutes(10);

  void WasSilent(const std::string& server, TimePoint now) { behind_[server] = now + kBehind; }
  // `took`: from the question to the answer.
  void Answered(const std::string& server, Duration took) {
    if (took < kPatience) behind_.erase(server);
  }
  void AnswersOnlyPlain(const std::string& server, TimePoint now) {
    plain_[server] = now + kPlainFor;
  }

  [[nodiscard]] bool IsBehind(const std::string& server, TimePoint now) const {
    return Holds(behind_, server, now);
  }
  [[nodiscard]] bool IsPlain(const std::string& server, TimePoint now) const {
    return Holds(plain_, server, now);
  }
  // Those that are behind come last.
  [[nodiscard]] std::vector<std::string> Order(const std::vector<std::string>& servers,
                                               TimePoint now) const;

 private:
  using Until = std::map<std::string, TimePoint>;
  [[nodiscard]] static bool Holds(const Until& until, const std::string& server, TimePoint now) {
    const auto found = until.find(server);
    return found != until.end() && now < found->second;
  }

  Until behind_;
  Until plain_;
};

}  // namespace zkcluster
