// ClusterAdmin::Init. Private to ClusterAdmin. Loop-bound.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/admin_call.h"

namespace zkcluster {

// Walks the tree, parents first. What comes and goes meanwhile is made by programs that know their
// own lists; and all is the same when it is done twice, so that a lost answer begins it again.
class ClusterAdmin::InitCall final : public ClusterAdmin::CallFor<Initialized> {
 public:
  InitCall(ClusterAdmin& editor, Done<Initialized> done) : CallFor(editor, std::move(done)) {}

 private:
  void Run() override;
  void More();
  void Look(const std::string& path);
  void Reset(const std::string& path);
  void ResetEphemeral(const std::string& path);
  void List(const std::string& path);
  void Did();
  // True when it says nothing about the tree as it is; then this call has been taken care of.
  bool Failed(const Error& error, const std::string& doing);

  std::vector<std::string> paths_;
  std::size_t next_ = 0;       // of paths_
  std::size_t under_way_ = 0;  // znodes
  std::uint64_t round_ = 0;
  Initialized met_;
};

}  // namespace zkcluster
