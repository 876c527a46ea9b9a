#include "tests/faults/namespaces.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

#include "tools/sandbox/process.h"

namespace zkcluster::faults {
namespace {

constexpr const char* kDevice = "tun0";
constexpr int kNamespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID;

[[noreturn]] void ThrowErrno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

ifreq Request(const char* device) {
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  return request;
}

void Control(int socket, unsigned long verb, ifreq& request, const char* what) {
  if (::ioctl(socket, verb, &request) != 0) ThrowErrno(what);
}

void SetAddress(int socket, unsigned long verb, const std::string& address) {
  ifreq request = Request(kDevice);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &in.sin_addr);
  std::memcpy(&request.ifr_addr, &in, sizeof in);
  Control(socket, verb, request, "give a TUN device its address");
}

void BringUp(int socket, const char* device) {
  ifreq request = Request(device);
  Control(socket, SIOCGIFFLAGS, request, device);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  Control(socket, SIOCSIFFLAGS, request, device);
}

// In the network namespace of the calling thread.
UniqueFd OpenDevice(std::uint8_t host) {
  UniqueFd device(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device.valid()) ThrowErrno("/dev/net/tun");
  ifreq request = Request(kDevice);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  Control(device.get(), TUNSETIFF, request, "make a TUN device");
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  BringUp(socket.get(), "lo");
  SetAddress(socket.get(), SIOCSIFADDR, HostAddress(host));
  SetAddress(socket.get(), SIOCSIFNETMASK, "255.255.255.0");
  BringUp(socket.get(), kDevice);
  return device;
}

void WriteProc(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    ThrowErrno(path);
  }
}

// Becomes the first process of new namespaces; as fork does, it returns twice. An ordinary user
// gets a user namespace too, in which it is root.
pid_t CloneInto(int namespaces) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (namespaces != 0 && user != 0) namespaces |= CLONE_NEWUSER;
  const auto pid = static_cast<pid_t>(::syscall(
      SYS_clone, static_cast<unsigned long>(namespaces | SIGCHLD), 0UL, nullptr, nullptr, 0UL));
  if (pid == 0 && (namespaces & CLONE_NEWUSER) != 0) {
    WriteProc("/proc/self/setgroups", "deny");
    WriteProc("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    WriteProc("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  }
  return pid;
}

void Mount(const char* source, const std::filesystem::path& target, const char* type,
           unsigned long flags, const char* data) {
  if (::mount(source, target.c_str(), type, flags, data) != 0) {
    ThrowErrno("mount " + target.string());
  }
}

void EnterMounts(const IsolatedOptions& options) {
  Mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  Mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  if (options.tmpfs) {
    Mount("tmpfs", options.folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
  }
}

}  // namespace

std::string HostAddress(std::uint8_t host) {
  return "10.77.0." + std::to_string(host);
}

std::string WhyNoNamespaces() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) ThrowErrno("pipe");
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  std::string why;
  const auto report = [&](const std::string& text) {
    [[maybe_unused]] const ssize_t written = ::write(in.get(), text.data(), text.size());
  };
  const pid_t pid = CloneInto(kNamespaces);
  if (pid < 0) return std::string("new namespaces: ") + std::strerror(errno);
  if (pid == 0) {
    try {
      EnterMounts({.command = {}, .folder = {}, .tmpfs = false});
      static_cast<void>(NewHost(1, true));
      static_cast<void>(NewHost(2));
      report("ok");
    } catch (const std::exception& error) {
      report(error.what());
    }
    ::_exit(0);
  }
  in.Reset();
  char text[512];
  for (ssize_t got = 0; (got = ::read(out.get(), text, sizeof text)) > 0;) {
    why.append(text, static_cast<std::size_t>(got));
  }
  ::waitpid(pid, nullptr, 0);
  if (why == "ok") return {};
  return why.empty() ? "new namespaces: the probe died" : why;
}

HostNamespace NewHost(std::uint8_t host, bool own) {
  HostNamespace made;
  if (own) {
    made.device = OpenDevice(host);
    return made;
  }
  // A thread may have a network namespace of its own: it makes one and leaves it to us.
  std::exception_ptr failure;
  std::thread([&] {
    try {
      if (::unshare(CLONE_NEWNET) != 0) ThrowErrno("new network namespace");
      made.descriptor.Reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
      if (!made.descriptor.valid()) ThrowErrno("/proc/thread-self/ns/net");
      made.device = OpenDevice(host);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return made;
}

pid_t StartIsolated(const IsolatedOptions& options) {
  const pid_t pid = CloneInto(options.namespaces ? kNamespaces : 0);
  if (pid < 0) ThrowErrno("start the program of a scenario");
  if (pid > 0) return pid;
  try {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) ThrowErrno("prctl");
    if (options.namespaces) EnterMounts(options);
    ::setenv("TMPDIR", options.folder.c_str(), 1);
    if (options.keep_open >= 0) ::fcntl(options.keep_open, F_SETFD, 0);
    std::vector<std::string> words = options.command;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ThrowErrno(words[0]);
  } catch (const std::exception& error) {
    ::dprintf(2, "%s\n", error.what());
  }
  ::_exit(127);
}

void MountTiny(const std::filesystem::path& folder, std::size_t bytes) {
  const std::string size = "mode=0755,size=" + std::to_string(bytes);
  Mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, size.c_str());
}

void MountFile(const std::filesystem::path& file, const std::filesystem::path& over) {
  Mount(file.c_str(), over, nullptr, MS_BIND, nullptr);
}

}  // namespace zkcluster::faults
