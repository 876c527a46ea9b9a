#include "model/records.h"

#include "base/check.h"

namespace zkcluster {

std::string_view EventKindName(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::kFlips:
      return "flips";
    case Event::Kind::kLeader:
      return "leader";
    case Event::Kind::kSpec:
      return "spec";
    case Event::Kind::kElectorate:
      return "electorate";
    case Event::Kind::kForget:
      return "forget";
    case Event::Kind::kFreeze:
      return "freeze";
    case Event::Kind::kUnfreeze:
      return "unfreeze";
    case Event::Kind::kPause:
      return "pause";
    case Event::Kind::kResume:
      return "resume";
    case Event::Kind::kMaintenance:
      return "maintenance";
    case Event::Kind::kMaintenanceOver:
      return "maintenance_over";
  }
  ZKC_CHECK(false);  // every kind has a name
}

}  // namespace zkcluster
