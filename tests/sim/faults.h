// The swarm's faults: one after the other at random moments, each with an end of its own, in a
// mixture that the seed draws. The seed also draws which kinds it has at all (swarm testing): a
// fault that ends every session would hide problems that only long sessions show. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lifetime.h"
#include "tests/sim/dice.h"
#include "tests/sim/scene.h"

namespace zkcluster::sim {

struct FaultPlan {
  Duration pause{};             // mean time between two faults
  std::vector<double> weights;  // by place in FaultMachine::Kinds()
  [[nodiscard]] std::string Describe() const;
};
[[nodiscard]] FaultPlan DrawFaults(const ScenePlan& scene);

// Whether outsiders also write operators' orders, parts of the spec and Go checkers' znodes, at any
// moment. Mutants need this. The judges do not yet know every excuse that such writes require (see
// README.md), so the swarm leaves them out unless asked. Set it before the first scene.
[[nodiscard]] bool& OrdersByHand();

// The most that a write of everybody is delayed by.
inline constexpr Duration kSlowestWrite = std::chrono::seconds(2);

class FaultMachine {
 public:
  struct Kind {
    std::string_view name;
    void (FaultMachine::*inject)();
    double weight = 1;     // if the seed has this kind
    bool servers = false;  // needs an ensemble of several servers
    bool by_hand = false;  // see OrdersByHand
    bool formats = false;  // needs builds of two formats
    bool names = false;    // needs a scene with names
  };
  [[nodiscard]] static const std::vector<Kind>& Kinds();

  // The scene runs no longer than the machine lives.
  FaultMachine(Scene& scene, FaultPlan plan);
  FaultMachine(const FaultMachine&) = delete;
  FaultMachine& operator=(const FaultMachine&) = delete;

  void Start();
  // Begins no more faults. Those that last do not end by themselves (see Heal in liveness.h).
  void Stop();

 private:
  void Tick();
  void After(Duration delay, std::function<void()> task);
  void NoteFault(const std::string& text) { scene_.Note("fault", text); }

  // Picks the victim: checkers more often than others, and the leader more often than the rest.
  [[nodiscard]] Life PickLife();
  [[nodiscard]] std::size_t PickChecker();
  [[nodiscard]] std::size_t PickCluster() { return dice_.Below(scene_.clusters().size()); }
  [[nodiscard]] std::string PickAddress();
  [[nodiscard]] std::vector<std::string> AddressesInUse();
  [[nodiscard]] Operator* FreeOperator();
  [[nodiscard]] std::string Junk(const std::string& path);
  // Runs `task` when a leader's commit arrives at the ensemble, before the ensemble serves it.
  void AtNextCommits(int times, std::function<void(const Arrival&, std::size_t cluster)> task);
  // The cluster in which this request takes over.
  [[nodiscard]] std::optional<std::size_t> TakeOverIn(const Arrival& arrival) const;
  [[nodiscard]] std::optional<std::size_t> DepositionIn(const Arrival& arrival) const;
  Fate OnArrival(const Arrival& arrival);
  void WithClient(std::uint64_t life, const std::function<void(zk::Client&)>& task);
  void RestartSoon(std::size_t checker);
  void Corrupt(const std::string& path);
  // Writes a change of the spec at once, in one transaction, as a manager does.
  void RewriteSpec(std::size_t cluster);
  void RestoreSpec(std::size_t cluster, const std::string& path, const std::string& bytes);

  // sessions
  void MuteSession();
  void CutSession();
  void MuteOneWay();
  void DelayEvents();
  void ExpireSession();
  void ResetConnection();
  void LoseAnswers();
  void DropRequests();
  void LoseCommitAnswer();
  // servers of the ensemble
  void LagServer();
  void CutServer();
  void StopServer();
  void StopLeadingServer();
  void StopEnsemble();
  // processes
  void Freeze();
  void FreezeBriefly();
  void SlowLoop();
  void Crash();
  void Reload();
  void ResetAmidRead();
  void Leave();
  void JumpWallClock();
  void UseIdTwice();
  void RestartReader();
  void CrashOperator();
  void CrashAtCommit();
  void FreezeAtCommit();
  // a leader that fails at its job
  void LeaderAndShardDie();
  void DelayLeader();
  void SlowEnsemble();
  void DisturbDeposition();
  void HangAround(Duration start);
  void RestartAll();
  void FreezeAll();
  // Redis
  void StopRedis();
  void HangRedis();
  void LoadRedis();
  void FillRedis();
  void HideRedis();
  void LockRedis();
  void FlapRedis();
  void SlowRedis();
  void RestartRedis();
  void KillMany();
  void CutFromRedis();
  void CutFromAllRedis();
  // names
  void MoveName();
  void LoseName();
  void DisturbNameServer();
  void TakeNameServers();
  // operators
  void UpdateSpec();
  void UpdateByTwo();
  void DeleteSpec();
  void UpdateInCommit();
  void DeleteInCommit();
  void BusyVoters();
  void VoterGoneInCommit();
  // orders, and changes between tally and commit
  // False when nobody could read the ledger, or the order was refused.
  bool Order(std::size_t cluster, Event::What what, const std::function<void(Ledger&)>& change);
  void PauseCluster(std::size_t cluster);
  bool ResumeCluster(std::size_t cluster);
  void LiftOrders();
  [[nodiscard]] double Weight(void (FaultMachine::*inject)()) const;
  void Pause();
  void PauseInCommit();
  void MaintainShards(std::size_t cluster);
  bool EndMaintenance(std::size_t cluster);
  void Maintain();
  void MaintainInCommit();
  void OrderForATime();
  void AcceptAtTakeOver();
  void Unfreeze();
  void Forget();
  void RewritePieceInCommit();
  void VoterBeginsInCommit();
  void GoComesInCommit();
  // a backup is restored
  void RestoreBackup();
  void MakeUpGhosts(std::size_t cluster);
  void PutGhost(const std::string& path, const std::string& data);
  // outsiders, and the Go library
  void CorruptBallot();
  void CorruptStatus();
  void RemoveChunkInCommit();
  void CorruptLedger();
  void CorruptLeader();
  void CorruptSpec();
  void TouchCandidate();
  void RemoveCandidate();
  void RemoveBallot();
  void RemoveParent();
  void Litter();
  void GoComes();
  // newer builds, see format_judge.h
  void LedgerOfTomorrow();
  void SpecOfTomorrow();
  void GoInterlude();
  void GoManager();

  Scene& scene_;
  const FaultPlan plan_;
  Dice dice_;
  bool running_ = false;
  TimePoint orders_arrive_until_{};  // after Stop
  int commits_armed_ = 0;
  int reads_to_reset_ = 0;  // the connection ends amid the last of them
  std::function<void(std::size_t)> at_take_over_;
  std::function<void(const Arrival&, std::size_t)> at_commit_;
  std::function<Fate(const Arrival&, std::size_t)> at_deposition_;
  Lifetime lifetime_;
};

}  // namespace zkcluster::sim
