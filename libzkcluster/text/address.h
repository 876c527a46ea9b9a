// Addresses as users write them: "host:port", "[v6]:port", ":port" (this host). Pure.
#pragma once

#include <zkcluster/result.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace zkcluster {

struct Address {
  std::string host;  // name or IP literal without brackets; empty: this host
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};

// Errors: kInvalid, saying what is wrong with which text. Port 1 .. 65535; a host is an IPv4
// literal, a bracketed IPv6 literal (with optional %zone) or a DNS name of at most 253 letters,
// digits, '-', '_', '.'.
[[nodiscard]] Result<Address> ParseAddress(std::string_view text);
// As ParseAddress, but a missing port is `default_port`.
[[nodiscard]] Result<Address> ParseAddress(std::string_view text, std::uint16_t default_port);
// Brackets IPv6 hosts.
[[nodiscard]] std::string FormatAddress(const Address& address);
// The canonical form, the same for all ways to write an address: host names in lower case.
[[nodiscard]] std::string FormatCanonical(Address address);
[[nodiscard]] bool IsIpLiteral(std::string_view host);

}  // namespace zkcluster
