// A list of permissions as the C client takes it. The library copies it within each call and keeps
// no pointer. Adapter; a value.
#pragma once

#include <memory>
#include <string>

#include "zk/acl.h"

struct ACL_vector;

namespace zkcluster::zk {

class LibraryAcl {
 public:
  LibraryAcl();  // anyone may do anything
  LibraryAcl(const AclFunction& function, const std::string& path);
  ~LibraryAcl();
  LibraryAcl(LibraryAcl&&) noexcept;
  LibraryAcl& operator=(LibraryAcl&&) noexcept;

  // Valid as long as this object, also after a move.
  [[nodiscard]] const ACL_vector* get() const;

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace zkcluster::zk
