#include "zk/access.h"

#include <sha1.h>  // libmd: what ZooKeeper's digests are made with; every Debian system has it

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace zkcluster {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kDigestCharacters = 28;  // of 20 bytes, the last one padding

std::string Base64(const std::array<std::uint8_t, SHA1_DIGEST_LENGTH>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) -> unsigned { return k < bytes.size() ? bytes[k] : 0; };
    const unsigned group = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += kBase64[group >> shift & 63U];
  }
  text.back() = '=';
  return text;
}

bool IsDigest(std::string_view text) {
  return text.size() == kDigestCharacters && text.back() == '=' &&
         text.find_first_not_of(kBase64) == text.size() - 1;
}

// Takes a word and the blanks behind it.
std::string_view TakeWord(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlank, word.size())));
  return word;
}

std::string* IdOf(Access& access, std::string_view role) {
  if (role == "operators") return &access.operators;
  if (role == "checkers") return &access.checkers;
  if (role == "own") return &access.own;
  return nullptr;
}

std::optional<std::string> TakeTls(std::string_view kind, std::string_view file, Access& access) {
  std::string* const target = kind == "ca"     ? &access.tls.ca
                              : kind == "cert" ? &access.tls.cert
                              : kind == "key"  ? &access.tls.key
                                               : nullptr;
  if (target == nullptr) return "tls: expected the word ca, cert or key, then a file";
  const std::string about = "tls " + std::string(kind);
  if (!target->empty()) return about + ": is given twice";
  // The ZooKeeper library takes the three in one string.
  if (file.empty() || file.find(',') != std::string_view::npos) {
    return about + ": expected a file, without a comma in its name";
  }
  *target = file;
  return std::nullopt;
}

// What is wrong with a line, without showing what may be a password; nothing when it is taken.
std::optional<std::string> TakeLine(std::string_view line, Access& access) {
  const std::string_view role = TakeWord(line);
  const std::string_view kind = TakeWord(line);
  if (role == "tls") return TakeTls(kind, line, access);
  std::string* const id = IdOf(access, role);
  if (id == nullptr) return "expected operators, checkers, own or tls, to begin with";
  const std::string about(role);
  if (!id->empty()) return about + ": is given twice";
  if (kind != "password" && kind != "digest") {
    return about + ": expected the word password or digest, then user:password or user:digest";
  }
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == line.size()) {
    return about + ": expected user:" + std::string(kind);
  }
  if (line.substr(0, colon).find_first_of(kBlank) != std::string_view::npos) {
    return about + ": a user has no blanks";
  }
  if (colon > kMaxAccessUserBytes) {
    return about + ": a user is at most " + std::to_string(kMaxAccessUserBytes) + " bytes long";
  }
  if (kind == "password") {
    *id = DigestId(line);
    access.credentials.emplace_back(line);
    return std::nullopt;
  }
  if (!IsDigest(line.substr(colon + 1))) {
    return about +
           ": expected user:digest, a digest being 28 characters of base64, as `zkctl "
           "access` prints them";
  }
  *id = line;
  return std::nullopt;
}

// The parts of a path below the root.
std::vector<std::string_view> PartsBelow(std::string_view root, std::string_view path) {
  std::vector<std::string_view> parts;
  if (root == "/") root = "";
  if (path.size() <= root.size() || !path.starts_with(root) || path[root.size()] != '/') return {};
  for (std::size_t from = root.size() + 1; from < path.size();) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    parts.push_back(path.substr(from, slash - from));
    from = slash + 1;
  }
  return parts;
}

// What checkers may do, beyond reading.
Permissions OfCheckers(const std::vector<std::string_view>& parts) {
  // At the znode of a cluster they create the mirror and, where a Go manager made
  // the cluster, `quorum`.
  if (parts.size() == 1) return kMayCreate;
  if (parts.size() == 2 && parts[1] == "status") return kMayWrite;
  if (parts.size() >= 2 && parts[1] == "quorum") return kMayWrite | kMayCreate | kMayDelete;
  return 0;
}

bool IsOfOneChecker(const std::vector<std::string_view>& parts) {
  return parts.size() == 4 && parts[1] == "quorum" &&
         (parts[2] == "votes" || parts[2] == "election");
}

}  // namespace

std::string DigestId(std::string_view credential) {
  SHA1_CTX context;
  std::array<std::uint8_t, SHA1_DIGEST_LENGTH> digest;
  SHA1Init(&context);
  SHA1Update(&context, reinterpret_cast<const std::uint8_t*>(credential.data()), credential.size());
  SHA1Final(digest.data(), &context);
  return std::string(credential.substr(0, credential.find(':'))) + ":" + Base64(digest);
}

Result<Access> ParseAccess(std::string_view file, std::string_view text) {
  const auto fail = [&](std::size_t line, const std::string& what) {
    return Fail(ErrorCode::kInvalid, std::string(file) + ":" + std::to_string(line) + ": " + what);
  };
  Access access;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlank)));
    if (line.empty() || line.front() == '#') continue;
    if (line.find('\0') != std::string_view::npos) return fail(number, "is not text");
    if (const auto problem = TakeLine(line, access)) return fail(number, *problem);
  }
  if (access == Access{}) {
    return fail(std::max<std::size_t>(number, 1), "empty: expected operators, checkers or own");
  }
  const Access::Tls& tls = access.tls;
  if (tls != Access::Tls{} && (tls.ca.empty() || tls.cert.empty() || tls.key.empty())) {
    return fail(number, "tls: ca, cert and key go together");
  }
  return access;
}

bool HasPasswordOf(const Access& access, const std::string& id) {
  return std::ranges::any_of(access.credentials, [&](const std::string& credential) {
    return DigestId(credential) == id;
  });
}

std::string FormatAccessByDigest(const Access& access) {
  std::string text;
  const auto add = [&text](std::string_view role, const std::string& id) {
    if (!id.empty()) text += std::string(role) + " digest " + id + "\n";
  };
  add("operators", access.operators);
  add("checkers", access.checkers);
  add("own", access.own);
  return text;
}

AclFunction RestrictedAcl(std::string root, const Access& access) {
  return [root = std::move(root), operators = access.operators, checkers = access.checkers,
          own = access.own](const std::string& path) -> Acl {
    const auto parts = PartsBelow(root, path);
    const AclEntry anyone{"", kMayRead};
    if (IsOfOneChecker(parts)) {
      if (!own.empty()) return {{own, kMayRead | kMayWrite}, anyone};
      // A checker without an identity of its own has that of all checkers. With this list operators
      // can see that the znode is not bound to one checker.
      return {{checkers, kMayRead | kMayWrite}, {operators, kMayRead | kMayAdmin}, anyone};
    }
    Acl acl = {{operators, kMayAll}};
    if (const Permissions granted = OfCheckers(parts); granted != 0) {
      acl.push_back({checkers, kMayRead | granted});
    }
    acl.push_back(anyone);
    return acl;
  };
}

}  // namespace zkcluster
