// The language of scenarios: steps that act on the site and record the truth from then on, and
// expectations. A step that cannot be done throws; an expectation that does not hold is recorded,
// and the scenario goes on. Used from the main thread only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/faults/intervention.h"
#include "tests/faults/measures.h"
#include "tests/faults/site.h"

namespace zkcluster::faults {

enum class Way { kBoth, kTo, kFrom };  // the direction of packets, as seen by the first host

class Play {
 public:
  // `intervention`: what an operator does during the fault, or null.
  explicit Play(Site& site_of_play, const Intervention* intervention = nullptr);

  // --- shards ---
  void Kill(const std::string& shard);    // SIGKILL: refused from now on; dead
  void Start(const std::string& shard);   // empty, and alive
  void Freeze(const std::string& shard);  // SIGSTOP: accepts, answers nothing; dead
  void Unfreeze(const std::string& shard);
  void MakeRude(const std::string& shard, const std::string& manners, Truth truth);
  void MakeKind(const std::string& shard);           // a Redis again
  void Note(const std::string& shard, Truth truth);  // as of now

  // --- checkers ---
  // The current leader; waits for one.
  [[nodiscard]] std::string Leader();
  [[nodiscard]] std::vector<std::string> Followers();  // REQUIRES: one leads
  void KillChecker(const std::string& id);
  void StopChecker(const std::string& id);  // SIGSTOP
  void ContinueChecker(const std::string& id);
  void StartChecker(const std::string& id);

  // --- the ensemble ---
  [[nodiscard]] std::size_t ZooKeeperLeader();
  void KillZooKeeper(std::size_t server);
  void StartZooKeeper(std::size_t server);

  // --- the network ---
  void Cut(const std::string& host, const std::vector<std::string>& others, Way way = Way::kBoth);
  void Lose(const std::string& host, const std::vector<std::string>& others, double chance);
  void Delay(const std::string& host, const std::vector<std::string>& others, Duration delay);
  void Mend();
  static const std::vector<std::string>& ZooKeepers();
  static const std::vector<std::string>& Shards();

  // --- what is expected ---
  void Pass(Duration duration) { site.observer.Pass(duration); }
  void Expect(bool holds, const std::string& what);
  // Waits until `done` returns true; recorded as missed when `limit` passes first.
  void Await(const std::string& what, const std::function<bool()>& done, Duration limit);
  // These shards have that status, all at once.
  void AwaitDead(const std::vector<std::string>& shards, Duration limit);
  void AwaitAlive(const std::vector<std::string>& shards, Duration limit);
  void AwaitVoters(std::size_t count, Duration limit);
  // The status is for exactly these shards, and it is the truth of each, or is held back by a pause
  // or a freeze. Shards of AllowFlips are not waited for.
  void AwaitTruth(const std::vector<ShardSpec>& shards, Duration limit);
  // At this moment no decision says that the shard is dead.
  void ExpectNotSaidDead(const std::string& shard, const std::string& what);

  // --- the operator ---
  // The operator's command succeeds; it is given again for a while when the answer is that the
  // ensemble is unavailable or its outcome unknown.
  void Command(const std::vector<std::string>& arguments);
  void Apply(const ClusterSpec& spec);
  void Delete();
  // Marks that the fault is in force. The intervention acts, if this play has one, and is
  // decided on ...
  void OperatorActs();
  // ... or in two parts, if no decision can follow yet ...
  void OperatorGivesOrders();
  void OperatorSeesDecisions();
  // ... or its first order fails soon and with a message, because it reaches no ensemble.
  void OperatorReachesNobody();

  // From now on (until AllowDeadVotes) this checker must not newly vote a shard dead: any, or with
  // `false_ones_only` one that is alive. Judged in the end, from its ballots.
  void ForbidDeadVotes(const std::string& id, bool false_ones_only = false);
  void AllowDeadVotes(const std::string& id);
  // The scenario itself reads through a bad network: it waits at least this long for what it wants to
  // see. Ask for DecidedWithin, too.
  void SeesLate(Duration least) { least_limit_ = least; }
  // Each time that the shard dies or returns, its status agrees this soon, by the transaction log: for
  // scenarios that see it late. Judged in the end.
  void DecidedWithin(const std::string& shard, Duration limit) { decision_limits_[shard] = limit; }
  // In the whole scenario. Judged in the end.
  void AllowFlips(const std::string& shard, std::size_t most) { most_flips_[shard] = most; }

  // Ends every fault. Within the limit every shard is alive and its status says so, every checker
  // votes, one leads, and both programs have the newest table.
  void Recover(Duration limit);

  void Say(const std::string& line);  // to the story, with the time
  void Remark(const std::string& observation) { remarks_.push_back(observation); }

  [[nodiscard]] Micros Now() const;
  [[nodiscard]] const TruthLog& truth() const { return truth_; }
  [[nodiscard]] const std::vector<std::string>& story() const { return story_; }
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
  [[nodiscard]] Micros begun() const { return begun_; }
  // The intervention, if any, has acted and was completed.
  [[nodiscard]] bool intervened() const;
  struct VoteRule {
    std::string id;
    bool false_ones_only = false;
    Micros from{0};
    Micros to = Micros::max();
  };
  [[nodiscard]] const std::vector<VoteRule>& vote_rules() const { return vote_rules_; }
  [[nodiscard]] const std::map<std::string, std::size_t>& most_flips() const { return most_flips_; }
  [[nodiscard]] const std::map<std::string, Duration>& decision_limits() const {
    return decision_limits_;
  }

  Site& site;

 private:
  void AwaitStatus(const std::vector<std::string>& shards, ShardStatus status, Duration limit);
  void SetWires(const std::string& host, const std::vector<std::string>& others, const Wire& wire,
                Way way);
  [[nodiscard]] bool ProgramsAreCurrent(const Head& head) const;
  void Repeat(const std::string& what, const std::function<Ran()>& run);
  [[nodiscard]] bool StatusIsTruth(const std::vector<ShardSpec>& shards);

  const Intervention* const intervention_;
  int orders_given_ = 0;
  int orders_seen_through_ = 0;
  const Micros begun_;
  TruthLog truth_;
  std::vector<std::string> story_;
  std::vector<std::string> failures_;
  std::vector<std::string> remarks_;
  std::vector<VoteRule> vote_rules_;
  std::map<std::string, std::size_t> most_flips_;
  std::map<std::string, Duration> decision_limits_;
  Duration least_limit_{0};
};

}  // namespace zkcluster::faults
