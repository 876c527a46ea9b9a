#include "zk/native_acl.h"

#include <zookeeper/zookeeper.h>

#include <cstdint>
#include <vector>

namespace zkcluster::zk {

struct LibraryAcl::Content {
  explicit Content(Acl from) : acl(std::move(from)), entries(acl.size()) {
    for (std::size_t i = 0; i < acl.size(); ++i) {
      const bool anyone = acl[i].id.empty();
      entries[i].perms = static_cast<std::int32_t>(acl[i].permissions);
      // The library has no const, but only reads these.
      entries[i].id.scheme = const_cast<char*>(anyone ? "world" : "digest");
      entries[i].id.id = anyone ? const_cast<char*>("anyone") : acl[i].id.data();
    }
    vector.count = static_cast<std::int32_t>(entries.size());
    vector.data = entries.data();
  }
  Acl acl;
  std::vector<::ACL> entries;
  ACL_vector vector{};
};

LibraryAcl::LibraryAcl() = default;
LibraryAcl::~LibraryAcl() = default;
LibraryAcl::LibraryAcl(LibraryAcl&&) noexcept = default;
LibraryAcl& LibraryAcl::operator=(LibraryAcl&&) noexcept = default;

LibraryAcl::LibraryAcl(const AclFunction& function, const std::string& path) {
  if (!function) return;
  Acl acl = function(path);
  if (!acl.empty()) content_ = std::make_unique<Content>(std::move(acl));
}

const ACL_vector* LibraryAcl::get() const {
  return content_ ? &content_->vector : &ZOO_OPEN_ACL_UNSAFE;
}

}  // namespace zkcluster::zk
