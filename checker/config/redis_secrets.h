// Passwords, certificates and certificate authorities for the Redis servers of each cluster, as
// last read from their files. Values; Read is blocking. Never logged, never in ZooKeeper.
#pragma once

#include <zkcluster/result.h>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checker/config/config.h"
#include "checker/probe/net/tls.h"

namespace zkcluster {

class RedisSecrets {
 public:
  struct Secrets {
    RedisCredentials credentials;
    std::shared_ptr<const TlsContext> tls;  // null: no TLS
    bool operator==(const Secrets&) const = default;
  };

  // Reads all files that `config` names. What has not changed since `last` is taken from it, with
  // the same TLS context object, so that connections are kept. Errors: kInvalid, naming the file.
  [[nodiscard]] static Result<RedisSecrets> Read(const CheckerConfig& config,
                                                 const RedisSecrets& last);

  [[nodiscard]] const Secrets& Of(std::string_view cluster) const;
  bool operator==(const RedisSecrets& other) const {
    return all_ == other.all_ && by_cluster_ == other.by_cluster_;
  }

 private:
  struct Papers {  // the files of a TLS context
    TlsSettings settings;
    std::string content;  // of all its files
    std::shared_ptr<const TlsContext> context;
  };
  [[nodiscard]] Result<std::shared_ptr<const TlsContext>> Context(const TlsSettings& settings,
                                                                  const RedisSecrets& last);
  [[nodiscard]] Result<Secrets> ReadOne(const CheckerConfig& config, std::string_view cluster,
                                        const RedisSecrets& last);

  Secrets all_;
  std::map<std::string, Secrets, std::less<>> by_cluster_;
  std::vector<Papers> papers_;
};

}  // namespace zkcluster
