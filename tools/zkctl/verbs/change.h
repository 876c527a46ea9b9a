// What the verbs that change specs share: they show the difference, ask, write through the one
// session, and report the result. Loop-bound: on the connection's.
#pragma once

#include <zkcluster/spec.h>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/valid_spec.h"
#include "model/spec_diff.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"

namespace zkcluster::zkctl {

// What the answer says about a change besides its kind.
struct ChangeAnswer {
  SpecDiff diff;
  bool shown = false;  // already shown with the question
  std::string note;    // what the difference does not show
};

// A spec made from options, if it keeps every rule.
[[nodiscard]] Result<ValidSpec> Checked(Result<ClusterSpec> edited);

// One change of a cluster: how it is to be made, and through which session.
class Changing {
 public:
  Changing(const Globals& globals, const Change& change, Connection& connection)
      : globals_(globals), change_(change), connection_(connection) {}

  // Brings `current` to `next`, guarded by the version of `current`. Each returns the exit code.
  [[nodiscard]] int To(const ClusterSpec& current, ValidSpec next);
  // The same with a `question` that says more than the difference, and needs a yes.
  [[nodiscard]] int To(const ClusterSpec& current, const ValidSpec& next,
                       const std::string& question);
  [[nodiscard]] int Create(const ValidSpec& spec);
  [[nodiscard]] int Delete(const std::string& name);

 private:
  // Its znodes were written one after the other, as by a Go manager: to write the same again says
  // that what it lacks is meant (model/safeguards.h).
  [[nodiscard]] bool IsInPieces(const std::string& cluster);
  [[nodiscard]] int Report(const std::string& cluster, std::string_view action,
                           std::uint64_t version, const ChangeAnswer& answer) const;
  // Writes it, reports it and waits for the checkers when that is asked for.
  [[nodiscard]] int Write(const ClusterSpec& current, const ValidSpec& next, ChangeAnswer answer);
  [[nodiscard]] int WaitIfWanted(const std::string& cluster, std::uint64_t version, int reported);
  // Reports a conflict in the operator's words, with the present version.
  [[nodiscard]] int ComplainOf(const Error& error, const std::string& name, std::uint64_t version);

  const Globals& globals_;
  const Change& change_;
  Connection& connection_;
};

}  // namespace zkcluster::zkctl
