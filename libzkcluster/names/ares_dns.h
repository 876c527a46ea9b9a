// Dns over c-ares. Each name server has a channel of its own, so that a silent server delays only
// its own questions. c-ares builds the packets, goes over to TCP, and reads resolv.conf(5). Its
// retries and its choice of servers are not used. Nothing is written to stderr. Loop-bound adapter.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "names/dns.h"
#include "names/hosts_file.h"

namespace zkcluster {

class AresDns final : public Dns {
 public:
  struct Files {
    std::string resolv_conf = "/etc/resolv.conf";
    std::string hosts = "/etc/hosts";
  };

  explicit AresDns(EventLoop& loop) : AresDns(loop, Files()) {}
  AresDns(EventLoop& loop, Files files);
  ~AresDns() override;  // no open question is answered any more
  AresDns(const AresDns&) = delete;
  AresDns& operator=(const AresDns&) = delete;

  DnsSetup setup() override;
  std::vector<std::string> HostsFile(const std::string& name) override;
  [[nodiscard]] Question Ask(const std::string& server, const std::string& name, Family family,
                             Dialect dialect, Done done) override;

 private:
  class Channel;
  // A file as it was when it was read.
  struct Stamp {
    std::int64_t modified_ns = -1;
    std::int64_t size = -1;
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Watch {
    std::string path;
    Stamp stamp;
    TimePoint checked = TimePoint::min();
  };
  [[nodiscard]] static Stamp StampOf(const std::string& path);
  // Whether the file is to be read (again).
  [[nodiscard]] bool Changed(Watch& watch);

  EventLoop& loop_;
  Watch resolv_conf_;
  Watch hosts_;
  DnsSetup setup_;
  HostsTable table_;
  std::map<std::pair<std::string, Dialect>, std::unique_ptr<Channel>> channels_;
};

}  // namespace zkcluster
