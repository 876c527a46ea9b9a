#include "model/journal.h"

namespace zkcluster {
namespace {

template <class Kind>
std::string_view NameOf(const Kind&) {
  return Kind::kKind;
}
std::string_view NameOf(const Event::Unknown& unknown) {
  return unknown.kind;
}

}  // namespace

std::string_view EventKindName(const Event& event) {
  return std::visit([](const auto& kind) { return NameOf(kind); }, event.what);
}

}  // namespace zkcluster
