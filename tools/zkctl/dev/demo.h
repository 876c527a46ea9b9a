// `zkctl dev --demo`: the main job, shown and checked on the sandbox. One Redis is killed, another
// hangs, both come back; each step waits until checkers, status, client and keys have followed. The
// end lists the steps that missed their limit.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/zkctl/dev/sandbox.h"
#include "tools/zkctl/dev/stage.h"
#include "tools/zkctl/dev/timeline.h"

namespace zkcluster::zkctl {

inline constexpr int kDemoLeastRedis = 3;  // one dies, one hangs, one is their stand-in

class Demo {
 public:
  // REQUIRES: kDemoLeastRedis shards. All three outlive the demo.
  Demo(DevSandbox& sandbox, Stage& stage, Timeline& timeline);

  // True when every step was observed; else `missing` lists the others. Throws Interrupted.
  [[nodiscard]] bool Run();
  [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }
  [[nodiscard]] const std::string& summary() const { return summary_; }

 private:
  // The number of facts already seen when a step begins.
  struct Mark {
    TimePoint at;
    std::size_t votes;
    std::size_t flips;
    std::size_t tables;
  };
  [[nodiscard]] Mark SetMark() const;
  // Runs the loop until it is `done`; notes `what` as missing when the step's limit passes first,
  // or it has become `hopeless`.
  bool Expect(const std::function<bool()>& done, const std::string& what,
              const std::function<bool()>& hopeless = {});

  bool StartHealthy();
  void Die(const std::string& shard, const std::string& how, const std::function<void()>& act);
  void Return(const std::string& shard, const std::string& how, const std::function<void()>& act);
  // Expects the flip and the client's table since `mark`; both times go to the summary.
  bool ExpectStatus(const std::string& shard, ShardStatus status, const Mark& mark,
                    const std::string& label);
  // Expects every checker's vote since `mark`, also those that the quorum did not need.
  void ExpectVotes(const std::string& shard, Opinion opinion, const Mark& mark);
  // A key that this shard owns.
  [[nodiscard]] std::string FindKey(const std::string& shard);
  // SET and GET through the library. True when the serving server really holds the value, and is a
  // stand-in if and only if `stand_in`.
  bool UseKey(const std::string& shard, bool stand_in);
  void ShowReturned(const std::string& shard);
  void AddFigure(const std::string& what, TimePoint from, TimePoint to);

  DevSandbox& sandbox_;
  Stage& stage_;
  Timeline& timeline_;
  const TimePoint start_;
  std::map<std::string, std::string> keys_;     // by the shard that owns them
  std::map<std::string, std::string> serving_;  // the shard that last served its key
  int writes_ = 0;
  std::vector<std::pair<std::string, std::string>> figures_;
  std::vector<std::string> missing_;
  std::string summary_;
};

}  // namespace zkcluster::zkctl
