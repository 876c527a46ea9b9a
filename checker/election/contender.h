// Registers this checker in one cluster and contends for its leadership, by the recipe of ephemeral
// sequential znodes, with three gaps closed: a create whose answer was lost is found again by guid,
// a first candidate is leader only after a committed take-over, and a suspended session ends
// leadership at once. A Participant owns it.
//
//   Away        --session-->                      Registering
//   Registering --an earlier twin holds the id--> Waiting
//   Registering --behind another candidate-->     Following
//   Registering --the first candidate-->          TakingOver --committed--> Leading
//   Waiting     --twin gone-->                    Following, or TakingOver when first
//   Waiting     --too long-->                     Refused
//   Following   --predecessor gone-->             Following another, or TakingOver when first
//   Following   --Depose-->                       TakingOver, though others are before it
//   Leading     --another candidate is first-->   Following
//   any         --an earlier twin appears-->      Waiting
//   any         --request failed, own candidate gone, a fence refused--> Registering
//   any         --session suspended or lost-->    Away
//   any         --Leave-->                        Left
//
// A follower watches the three candidates before it, so that it knows when it is the second or third
// in line: then it is a shadow of the leader (checker/lead/shadow.h), and may depose it.
//
// Refused and Left are final: neither a session nor an error leads out of them. Votes may be cast
// (the checker is registered) while it is Following, TakingOver or Leading.
//
// Loop-bound conductor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "checker/election/epoch_finder.h"
#include "checker/rules/standing.h"
#include "codec/format.h"
#include "model/registration.h"
#include "zk/client.h"
#include "zk/cluster_scope.h"

namespace zkcluster {

// A committed take-over. It fences every write of this leadership.
struct Leadership {
  std::string candidate;  // path of the own candidate znode; its version is 0 while it lives
  zk::Version token = 0;  // data version of `leader` after the take-over
  LeaderRecord record;
};

// A take-over ahead of turn, as its shadow found it due.
struct Deposition {
  std::vector<Candidate> before;      // every candidate before this one, in order: their end
  std::optional<zk::Version> leader;  // version of `leader` that was judged; nothing: absent
  std::optional<zk::Version> head;    // likewise; a decision that comes first refuses this
  Duration owed{0};                   // how long a decision has been owed
};

// A checker's registration.
struct Registrant {
  std::string id;
  std::string guid;  // 32 hex digits, one per process
  Registration registration;
  Formats formats = kFormats;  // that this checker reads and, as leader, writes
};

class Contender {
 public:
  struct Callbacks {
    // The candidate (a path) exists and the id is ours: votes may be cast.
    std::function<void(const std::string& candidate)> registered;
    std::function<void()> unregistered;  // until `registered` is called again
    std::function<void(const Leadership&)> elected;
    std::function<void()> deposed;                     // once after each elected, for any cause
    std::function<void(const Registration&)> refused;  // another daemon holds the id; terminal
    // While Following: those before it, when they may have changed. Empty: no longer. May be null.
    std::function<void(const std::vector<Candidate>& before)> following = nullptr;
  };

  Contender(ClusterScope scope, Registrant self, Callbacks callbacks);
  ~Contender();

  // A fenced write failed on candidate or token: verify everything again.
  void StepDown(std::string_view why);
  // Takes over ahead of turn, if it is Following. After a refusal it registers again.
  void Depose(Deposition deposition);
  // Withdraws `also` (the own ballot) and the candidate in one multi; `done` in any case. Terminal.
  void Leave(std::vector<zk::Op> also, std::function<void()> done);

  [[nodiscard]] bool leading() const { return In<Leading>(); }

 private:
  // `node`: name of the own candidate znode.
  struct Away {};
  struct Registering {
    std::string node;  // empty: none is known
  };
  struct Waiting {
    std::string node;
    std::string twin;                // name of the twin's candidate znode
    std::optional<TimePoint> until;  // once the twin's registration was read
  };
  struct Following {
    std::string node;
  };
  struct TakingOver {
    std::string node;
    std::optional<Deposition> ahead_of_turn = std::nullopt;
  };
  struct Leading {
    std::string node;
  };
  struct Refused {};
  struct Left {};
  using State =
      std::variant<Away, Registering, Waiting, Following, TakingOver, Leading, Refused, Left>;
  static std::string_view NameOf(const State& state);

  template <class S>
  [[nodiscard]] bool In() const {
    return std::holds_alternative<S>(state_);
  }
  [[nodiscard]] bool registered() const { return In<Following>() || In<TakingOver>() || leading(); }
  [[nodiscard]] bool over() const { return In<Refused>() || In<Left>(); }
  [[nodiscard]] std::string own_node() const;  // empty: none is known
  [[nodiscard]] std::string own_path() const { return scope_.paths.candidate(own_node()); }
  // The only place where the state changes. Calls the owner back where needed.
  void Enter(State next);
  void Announce(bool was_registered, bool was_leading);

  void OnWatch(const zk::WatchEvent& event);
  void OnSession(const zk::SessionEvent& event);
  void Start();
  void EnsureParents();
  void EnsureNode(const std::string& path, const std::function<void()>& there);
  void FindOwnCandidates();
  void Inspect(std::vector<std::string> own);
  void KeepOrRemove(const std::string& node, const zk::Stat& stat);
  [[nodiscard]] bool IsSound(const zk::Stat& candidate) const;
  void CreateCandidate();
  void Evaluate();
  void OnCandidates(const std::vector<std::string>& nodes);
  void OnCandidateGone();
  void WaitForTwin(const Candidate& twin);
  void ReadTwin(const Candidate& twin);
  void OnTwin(const Candidate& twin, const Registration& holder);
  void Refuse(const Registration& holder);
  void RemoveGhost(const std::string& node);
  void Follow(const std::vector<Candidate>& before);
  void EnterFollowing(const std::string& predecessor);
  void Watch(const std::string& node, std::string_view doing);
  void OnOther(const std::string& node, const zk::Stat& stat);
  void Ignore(const std::string& node);
  void TakeOver(std::optional<Deposition> ahead_of_turn);
  void FindEpoch();
  void CommitTakeOver(const EpochFinder::Found& found);
  [[nodiscard]] std::vector<zk::Op> TakeOverOps(const EpochFinder::Found& found,
                                                const LeaderRecord& record) const;
  void LogDeposition(const LeaderRecord& record) const;
  void Lead(const LeaderRecord& record, zk::Version token);
  void Retry(const Error& error, std::string_view doing);
  template <class F>
  auto Guard(F callback) {
    return attempt_.Guard(std::move(callback));
  }

  const ClusterScope scope_;
  const Registrant self_;
  const Callbacks callbacks_;

  State state_;
  EpochFinder epochs_;
  std::shared_ptr<zk::WatchFunction> watch_;  // on the own candidate, the predecessor, the twin
  std::unique_ptr<Timer> retry_;              // while Registering; and once, to begin
  std::unique_ptr<Timer> patience_;           // while Waiting
  bool creating_ = false;                     // the answer to the last create has not come
  std::unique_ptr<Timer> late_create_;        // a create without an answer is served by then
  // Candidates without a session, which a restored backup has left. They are nobody: this checker
  // neither waits for them nor follows them.
  std::set<std::string> ghosts_;
  // One list is asked for at a time: what calls for another one meanwhile makes it stale.
  enum class Listing : unsigned char { kNone, kListing, kStale } listing_ = Listing::kNone;
  Backoff backoff_;
  int ordinary_in_a_row_ = 0;  // conflicts and absences, which are ordinary
  Subscription session_;
  Lifetime attempt_;  // answers to earlier attempts no longer matter
};

}  // namespace zkcluster
