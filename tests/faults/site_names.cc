#include "tests/faults/site_names.h"

#include <sched.h>

#include <exception>
#include <stdexcept>
#include <thread>

#include "tests/faults/namespaces.h"
#include "tools/sandbox/process.h"

namespace zkcluster::faults {
namespace {

constexpr std::uint32_t kTtl = 5;

// A thread makes it, because a thread may enter a namespace: its sockets stay there.
std::unique_ptr<contract::NameServer> StartOn(const sandbox::Place& place) {
  std::unique_ptr<contract::NameServer> made;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      if (place.network_namespace >= 0 && ::setns(place.network_namespace, CLONE_NEWNET) != 0) {
        throw std::runtime_error("enter the namespace of a name server");
      }
      made = std::make_unique<contract::NameServer>(place.host, 53);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return made;
}

}  // namespace

SiteNames::SiteNames(Fabric& fabric, const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "resolv.conf";
  std::string text;
  const std::array<std::string, 2> hosts = {"op", "p2"};
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const sandbox::Place place = fabric.place(hosts[i]);
    servers_[i] = StartOn(place);
    text += "nameserver " + place.host + "\n";
  }
  sandbox::WriteFile(file, text);
  MountFile(file, "/etc/resolv.conf");
}

std::string SiteNames::Name(const std::string& host, const std::string& address) {
  const auto colon = address.rfind(':');
  literals_[host] = address.substr(0, colon);
  SetListed(host, true);
  return host + ".test" + address.substr(colon);
}

void SiteNames::SetListed(const std::string& host, bool listed) {
  for (const auto& server : servers_) {
    if (listed) {
      server->Set(host + ".test", {{literals_.at(host)}, {}, kTtl, ""});
    } else {
      server->Remove(host + ".test");
    }
  }
}

void SiteNames::SetManners(std::size_t server, const Manners& manners) {
  servers_.at(server)->SetManners(manners);
}

void SiteNames::Heal() {
  for (std::size_t i = 0; i < servers_.size(); ++i) SetManners(i, {});
  for (const auto& [host, literal] : literals_) SetListed(host, true);
}

}  // namespace zkcluster::faults
