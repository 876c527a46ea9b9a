#include "text/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "text/digit.h"
#include "text/utf8.h"

namespace zkcluster {
namespace {

bool IsNameChar(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool IsIpv4(std::string_view host) {
  in_addr parsed{};
  return inet_pton(AF_INET, std::string(host).c_str(), &parsed) == 1;
}

bool IsIpv6(std::string_view host) {
  const std::size_t percent = host.find('%');
  if (percent != std::string_view::npos) {
    const std::string_view zone = host.substr(percent + 1);
    const auto is_zone_char = [](char c) { return IsNameChar(c) || c == '.'; };
    if (zone.empty() || zone.size() > 15 || !std::ranges::all_of(zone, is_zone_char)) return false;
    host = host.substr(0, percent);
  }
  in6_addr parsed{};
  return inet_pton(AF_INET6, std::string(host).c_str(), &parsed) == 1;
}

bool IsDnsName(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  if (host.back() == '.') host.remove_suffix(1);
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!IsNameChar(c) || ++label > 63) {
      return false;
    }
  }
  return label != 0;
}

Result<Address> Parse(std::string_view text, std::optional<std::uint16_t> default_port) {
  const auto fail = [text](std::string_view what) {
    return Fail(ErrorCode::kInvalid,
                "address \"" + OneLine(text, 100) + "\": " + std::string(what));
  };
  if (text.empty()) return fail("empty");
  // inet_pton would stop reading there and ignore the rest.
  if (text.find('\0') != std::string_view::npos) return fail("contains a zero byte");

  Address address;
  std::string_view rest;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return fail("the bracket is never closed");
    const std::string_view host = text.substr(1, close - 1);
    if (!IsIpv6(host)) return fail("no IPv6 address between the brackets");
    address.host = host;
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return fail("expected :port after the bracket");
  } else {
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) return fail("an IPv6 address needs brackets, as in [::1]:6379");
    const std::string_view host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (!host.empty()) {
      const bool numeric = std::ranges::all_of(host, [](char c) { return IsDigit(c) || c == '.'; });
      // Resolvers read "10.1" as 10.0.0.1 and "300.1.1.1" as a name: neither is what was meant.
      if (numeric && !IsIpv4(host)) return fail("no IPv4 address");
      if (!numeric && !IsDnsName(host)) return fail("no host name or IP address");
    }
    address.host = host;
  }

  if (rest.empty()) {
    if (!default_port) return fail("the port is missing, as in host:6379");
    address.port = *default_port;
    return address;
  }
  rest.remove_prefix(1);
  const char* const end = rest.data() + rest.size();
  const auto [stop, error] = std::from_chars(rest.data(), end, address.port);
  if (error != std::errc() || stop != end || rest.size() > 5 || address.port == 0) {
    return fail("expected a port from 1 to 65535");
  }
  return address;
}

}  // namespace

Result<Address> ParseAddress(std::string_view text) {
  return Parse(text, std::nullopt);
}

Result<Address> ParseAddress(std::string_view text, std::uint16_t default_port) {
  return Parse(text, default_port);
}

std::string FormatAddress(const Address& address) {
  const bool brackets = address.host.find(':') != std::string::npos;
  return (brackets ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::string FormatCanonical(Address address) {
  for (char& c : address.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return FormatAddress(address);
}

bool IsIpLiteral(std::string_view host) {
  return host.find('\0') == std::string_view::npos && (IsIpv4(host) || IsIpv6(host));
}

}  // namespace zkcluster
