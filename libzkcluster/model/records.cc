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
  }
  ZKC_CHECK(false);  // every kind has a name
}

}  // namespace zkcluster
