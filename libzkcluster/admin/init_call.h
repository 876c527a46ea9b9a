// ClusterAdmin::Init. Private to ClusterAdmin. Loop-bound.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/admin_call.h"

namespace zkcluster {

// Walks the tree, parents first. Znodes that come and go meanwhile belong to programs that set
// their own lists. Doing it twice changes nothing, so after a lost answer it begins again.
class ClusterAdmin::InitCall final : public ClusterAdmin::CallFor<Initialized> {
 public:
  InitCall(ClusterAdmin& editor, Done<Initialized> done) : CallFor(editor, std::move(done)) {}

 private:
  void Run() override;
  void More();
  void Visit(const std::string& path);
  void Reset(const std::string& path);
  void ResetEphemeral(const std::string& path);
  void List(const std::string& path);
  void Did();
  // True when the error says nothing about the tree; then this call has answered or will run again.
  bool Failed(const Error& error, const std::string& doing);

  std::vector<std::string> paths_;
  std::size_t next_ = 0;       // of paths_
  std::size_t under_way_ = 0;  // znodes with a request in flight
  std::uint64_t round_ = 0;
  Initialized met_;
};

}  // namespace zkcluster
