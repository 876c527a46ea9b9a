#include "tests/support/certificates.h"

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace zkcluster::contract {
namespace {

constexpr const char* kNewKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

}  // namespace

Certificates::Certificates() {
  MakeAuthority("ca");
  MakeAuthority("other-ca");
}

// `what`: words without blanks inside of them.
void Certificates::Run(const std::string& what) const {
  std::istringstream words("openssl " + what);
  std::vector<std::string> command;
  for (std::string word; words >> word;) command.push_back(word);
  sandbox::ChildProcess openssl(
      {.command = command, .output = folder_.path() / "log", .folder = folder_.path()});
  const auto status = openssl.Wait(std::chrono::seconds(30));
  if (status && status->code == 0) return;
  throw std::runtime_error("openssl " + what + ": " + sandbox::Tail(folder_.path() / "log"));
}

void Certificates::MakeAuthority(const std::string& name) const {
  Run("req -x509 " + std::string(kNewKey) + " -days 2 -subj /CN=" + name + " -keyout " + name +
      ".key -out " + name + ".pem");
}

void Certificates::Issue(const std::string& name, const std::string& names,
                         const Terms& terms) const {
  Run("req -new " + std::string(kNewKey) + " -subj /CN=" + name + " -keyout " + name +
      ".key -out " + name + ".csr");
  sandbox::WriteFile(folder_.path() / (name + ".ext"),
                     "subjectAltName=" + names + "\n" + terms.more);
  Run("x509 -req -days " + std::to_string(terms.days) + " -in " + name + ".csr -CA " + terms.by +
      ".pem -CAkey " + terms.by + ".key -CAcreateserial -extfile " + name + ".ext -out " + name +
      ".pem");
}

}  // namespace zkcluster::contract
