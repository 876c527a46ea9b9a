// Who may change what: the tree's lists of permissions, and the file that says who is who.
#include <optional>
#include <string>

#include "admin/cluster_admin.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/verbs/verbs.h"
#include "zk/access.h"
#include "zk/identity.h"

namespace zkcluster::zkctl {
namespace {

// Whoever restricts a tree without being an operator is locked out of it, with everybody else.
Result<void> CheckMayInit(const CommandLine& line) {
  // Open, too: all that others keep in the same ensemble would be opened with it.
  if (line.root == "/") {
    return Fail(ErrorCode::kInvalid,
                "init: the root / is everybody's; give the clusters a root of their own");
  }
  if (!line.restricted) return {};
  const auto access = zk::LoadAccess(line.access);
  if (!access) return Fail(access.error());
  if (HasPasswordOf(*access, access->operators)) return {};
  return Fail(ErrorCode::kInvalid,
              line.access + ": no password of operators: nobody could change anything afterwards");
}

}  // namespace

int RunInit(const CommandLine& line) {
  if (const auto allowed = CheckMayInit(line); !allowed) return Complain(allowed.error());
  auto connection = Connection::Open(line);
  if (!connection) return Complain(connection.error());
  ClusterAdmin editor((*connection)->loop(), (*connection)->client(), line.root);
  std::optional<Result<Initialized>> answer;
  editor.Init([&answer](Result<Initialized> met) { answer = std::move(met); });
  const auto answered = [&] { return answer.has_value(); };
  if (!(*connection)->loop().RunUntil(answered, line.timeout)) editor.Abandon();
  if (!*answer) return Complain(answer->error());

  const std::string acl = line.restricted ? "restricted" : "open";
  // What is made anew, and as it should be, when checkers are restarted.
  const std::size_t waiting = line.restricted ? (*answer)->unbound : (*answer)->bound;
  Json json;
  json["root"] = line.root;
  json["acl"] = acl;
  json["znodes"] = (*answer)->znodes;
  json["ephemerals"] = waiting;
  json["go_checkers"] = (*answer)->go_checkers;
  return Emit(line.output, json, [&](bool) {
    std::string text =
        acl + ": " + line.root + ", " + Counted((*answer)->znodes, "znode") + " with it\n";
    if (waiting > 0) {
      text += std::to_string(waiting) + " registrations and ballots " +
              (line.restricted ? "are all checkers'" : "stay their own checkers'") +
              " until these are restarted\n";
    }
    if (line.restricted && (*answer)->go_checkers > 0) {
      text += "! " + Counted((*answer)->go_checkers, "Go checker") +
              " registered: a Go checker cannot write any more, and while one is registered ours "
              "decide nothing: stop them\n";
    }
    if (line.restricted && (*answer)->znodes == 1 && line.root.rfind('/') == 0) {
      text += "! as long as there is no cluster, whoever may delete in / may remove " + line.root +
              "\n";
    }
    return text;
  });
}

int RunAccess(const CommandLine& line) {
  const auto access = zk::LoadAccess(line.access);
  if (!access) return ComplainAboutFile(access.error());
  return Print(FormatAccessByDigest(*access)) ? kDone : kRefused;
}

}  // namespace zkcluster::zkctl
