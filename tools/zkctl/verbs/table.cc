#include "tools/zkctl/verbs/table.h"

namespace zkcluster::zkctl {

// One line per verb, in the order of --help: XVerb() returns its row, and is defined beside the
// function that runs it.
#define ZKCTL_VERBS(VERB) \
  VERB(Create)            \
  VERB(Update)            \
  VERB(Delete)            \
  VERB(Apply)             \
  VERB(Diff)              \
  VERB(RenameShard)       \
  VERB(Export)            \
  VERB(Import)            \
  VERB(Get)               \
  VERB(List)              \
  VERB(Status)            \
  VERB(Doctor)            \
  VERB(Checkers)          \
  VERB(CheckersForget)    \
  VERB(Pause)             \
  VERB(Resume)            \
  VERB(MaintenanceOn)     \
  VERB(MaintenanceOff)    \
  VERB(MaintenanceList)   \
  VERB(Unfreeze)          \
  VERB(Redate)            \
  VERB(Init)              \
  VERB(Access)            \
  VERB(Locate)            \
  VERB(Ring)              \
  VERB(Events)            \
  VERB(Explain)

#define ZKCTL_DECLARE(name) Verb name##Verb();
ZKCTL_VERBS(ZKCTL_DECLARE)
#undef ZKCTL_DECLARE

Verbs AllVerbs() {
#define ZKCTL_ROW(name) name##Verb(),
  static const std::vector<Verb> kVerbs = {
      ZKCTL_VERBS(ZKCTL_ROW)
      // Its options and its function are in dev/, which has a command line of its own.
      Verb{"dev",
           "run a sandbox of ZooKeeper, Redis and checkers on this machine",
           "",
           "[--redis N] [--checkers M] [--demo]",
           {}},
  };
#undef ZKCTL_ROW
  return kVerbs;
}

}  // namespace zkcluster::zkctl
