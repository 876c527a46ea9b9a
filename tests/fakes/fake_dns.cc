#include "tests/fakes/fake_dns.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "names/hosts_file.h"

namespace zkcluster::sim {
namespace {

using Manners = FakeNames::Manners;

bool IsSilent(Manners manners, Family family, Dns::Dialect dialect) {
  switch (manners) {
    case Manners::kSilent:
      return true;
    case Manners::kOnlyV4:
      return family == Family::kV6;
    case Manners::kOnlyV6:
      return family == Family::kV4;
    case Manners::kOnlyPlain:
      return dialect == Dns::Dialect::kEdns;
    case Manners::kGood:
    case Manners::kRefuses:
    case Manners::kDeniesAll:
    case Manners::kLies:
      break;
  }
  return false;
}

DnsAnswer AnswerOf(FakeNames& names, const FakeNames::Server& server, const std::string& name,
                   Family family) {
  DnsAnswer answer;
  if (server.manners == Manners::kRefuses) {
    answer.kind = DnsAnswer::Kind::kFailed;
    answer.why = "refused";
    return answer;
  }
  const auto found = names.records.find(LowerCase(name));
  if (found == names.records.end() || server.manners == Manners::kDeniesAll) {
    answer.kind = DnsAnswer::Kind::kNoName;
    answer.why = "no such name";
    return answer;
  }
  const FakeNames::Record& record = found->second;
  answer.addresses = family == Family::kV4 ? record.v4 : record.v6;
  if (server.manners == Manners::kLies && family == Family::kV4) answer.addresses = {server.lie};
  answer.kind = answer.addresses.empty() ? DnsAnswer::Kind::kNoData : DnsAnswer::Kind::kFound;
  answer.ttl = answer.addresses.empty() ? Duration(0) : record.ttl;
  if (answer.addresses.empty()) answer.why = "no data";
  return answer;
}

}  // namespace

FakeNames::FakeNames(SimWorld& world, std::size_t servers) : world_(world) {
  for (std::size_t i = 1; i <= servers; ++i) {
    servers_.emplace_back("10.53.0." + std::to_string(i) + ":53", Server());
  }
}

FakeNames::Server& FakeNames::ServerAt(const std::string& text) {
  const auto at = std::ranges::find(servers_, text, [](const auto& item) { return item.first; });
  ZKC_CHECK(at != servers_.end());
  return at->second;
}

std::vector<std::string> FakeNames::Servers() const {
  std::vector<std::string> texts;
  for (const auto& [text, server] : servers_) texts.push_back(text);
  return texts;
}

std::uint64_t FakeNames::packets() const {
  std::uint64_t sum = 0;
  for (const auto& [text, server] : servers_) sum += server.packets;
  return sum;
}

DnsSetup FakeDns::setup() {
  return {names_.Servers(), names_.search, names_.ndots};
}

std::vector<std::string> FakeDns::HostsFile(const std::string& name) {
  const auto found = names_.hosts.find(LowerCase(name));
  return found == names_.hosts.end() ? std::vector<std::string>() : found->second;
}

Dns::Question FakeDns::Ask(const std::string& text, const std::string& name, Family family,
                           Dialect dialect, Done done) {
  FakeNames::Server& server = names_.ServerAt(text);
  ++server.packets;
  auto shared = std::make_shared<Done>(std::move(done));
  const std::weak_ptr<Done> weak = shared;
  auto give = lifetime_.Guard([weak](const DnsAnswer& answer) {
    const auto alive = weak.lock();
    if (!alive) return;
    const Done once = *alive;
    once(answer);
  });
  SimWorld& world = names_.world();
  if (IsSilent(server.manners, family, dialect) || server.latency >= kLimit) {
    DnsAnswer silence;
    silence.why = "silent";
    world.After(kLimit, &loop_, [give, silence]() mutable { give(silence); });
  } else {
    // What the server knows when the question arrives.
    const DnsAnswer answer = AnswerOf(names_, server, name, family);
    world.After(server.latency, &loop_, [give, answer]() mutable { give(answer); });
  }
  return shared;
}

}  // namespace zkcluster::sim
