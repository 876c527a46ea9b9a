#include "tests/support/name_world.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/unique_fd.h"
#include "tools/sandbox/process.h"

namespace zkcluster::integration {
namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";

std::string Because(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

bool Write(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file.valid() &&
         ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string RaiseLoopback() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return Because("lo");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0 ? "" : Because("lo");
}

// Over the file that the link /etc/resolv.conf leads to, if it is one.
std::string MountResolvConf() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Because("mount /");
  const sandbox::TempFolder folder("zkc-names");
  const std::string file = folder.path() / "resolv.conf";
  sandbox::WriteFile(file, "nameserver 127.0.0.53\n");
  // The folder goes with this function; the mount keeps the file.
  return ::mount(file.c_str(), kResolvConf, nullptr, MS_BIND, nullptr) == 0 ? ""
                                                                            : Because(kResolvConf);
}

std::string Enter() {
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  int flags = CLONE_NEWNS | CLONE_NEWNET;
  if (user != 0) flags |= CLONE_NEWUSER;
  if (::unshare(flags) != 0) return Because("new namespaces");
  if (user != 0) {
    Write("/proc/self/setgroups", "deny");
    Write("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    Write("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  }
  if (const std::string why = RaiseLoopback(); !why.empty()) return why;
  return MountResolvConf();
}

const std::string kWhyNot = Enter();

}  // namespace

const std::string& WhyNoNameWorld() {
  return kWhyNot;
}

void WriteResolvConf(const std::vector<std::string>& servers, const std::string& more) {
  // Into the same file: another one of that name would not be the one that is mounted.
  std::ofstream file(kResolvConf, std::ios::trunc);
  for (const std::string& server : servers) file << "nameserver " << server << "\n";
  file << more;
}

}  // namespace zkcluster::integration
