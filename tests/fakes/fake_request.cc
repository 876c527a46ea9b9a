#include "tests/fakes/fake_request.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace zkcluster::sim {
namespace {

std::size_t BytesOf(const zk::Op& op) {
  return std::visit(
      [](const auto& o) {
        if constexpr (requires { o.data; }) {
          return o.path.size() + o.data.size();
        } else {
          return o.path.size();
        }
      },
      op);
}

bool PathIsValid(const zk::Op& op) {
  if (const auto* const create = std::get_if<zk::CreateOp>(&op)) {
    return ValidPath(create->path, IsSequential(create->mode));
  }
  return ValidPath(zk::PathOf(op));
}

}  // namespace

Result<void> CheckRequest(const Request& request) {
  std::size_t bytes = 0;
  for (const zk::Op& op : request.ops) {
    if (!PathIsValid(op)) {
      return Fail(ErrorCode::kInvalid, "malformed path");
    }
    bytes += BytesOf(op);
  }
  if (request.ops.empty() && request.verb != Verb::kMulti) {
    if (!ValidPath(request.path)) return Fail(ErrorCode::kInvalid, "malformed path");
    bytes += request.path.size();
  }
  if (bytes > zk::kMaxRequestBytes) return Fail(ErrorCode::kTooLarge, "above the largest request");
  return {};
}

void WatchTable::Add(const std::string& path, const zk::Watch& watch) {
  auto& watches = table_[path];
  for (const zk::Watch& known : watches) {
    if (!known.owner_before(watch) && !watch.owner_before(known)) return;
  }
  watches.push_back(watch);
}

void WatchTable::Take(const std::string& path, std::vector<zk::Watch>& into) {
  auto node = table_.extract(path);
  if (node.empty()) return;
  for (zk::Watch& watch : node.mapped()) {
    const bool there = std::ranges::any_of(into, [&](const zk::Watch& known) {
      return !known.owner_before(watch) && !watch.owner_before(known);
    });
    if (!there) into.push_back(std::move(watch));
  }
}

std::set<std::string> WatchTable::Paths() const {
  std::set<std::string> paths;
  for (const auto& [path, watches] : table_) paths.insert(path);
  return paths;
}

}  // namespace zkcluster::sim
