// Private authorities and certificates for tests, made with the openssl command in a
// folder of their own.
#pragma once

#include <filesystem>
#include <string>

#include "tools/sandbox/process.h"

namespace zkcluster::contract {

class Certificates {
 public:
  // Files "ca.pem" and "other-ca.pem". Throws when openssl cannot do it.
  Certificates();

  struct Terms {
    std::string by = "ca";  // "NAME.pem" and "NAME.key" of the issuer
    int days = 2;           // below 0: it is over
    std::string more = {};  // lines of extensions
  };
  // A key and a certificate: "NAME.key", "NAME.pem". `names`: as in "DNS:a,IP:1.2.3.4".
  void Issue(const std::string& name, const std::string& names) const { Issue(name, names, {}); }
  void Issue(const std::string& name, const std::string& names, const Terms& terms) const;
  [[nodiscard]] std::string File(const std::string& name) const {
    return (folder_.path() / name).string();
  }

 private:
  void MakeAuthority(const std::string& name) const;
  void Run(const std::string& what) const;

  sandbox::TempFolder folder_{"zkc-tls"};
};

}  // namespace zkcluster::contract
