// zkchecker: the daemon that probes, votes and, when elected, decides. See README.md.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "checker/config/config.h"
#include "checker/config/options.h"
#include "checker/daemon.h"

namespace zkcluster {
namespace {

int Main(const std::vector<std::string>& arguments) {
  const auto options = ParseOptions(arguments);
  if (!options) {
    std::fprintf(stderr, "zkchecker: %s\n", options.error().message.c_str());
    return kExitUsage;
  }
  if (options->help) {
    std::fputs(Usage().c_str(), stdout);
    return kExitOk;
  }
  if (options->version) {
    std::puts("zkchecker " ZKC_VERSION);
    return kExitOk;
  }
  const auto config = LoadConfig(options->config_file);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return kExitConfig;
  }
  if (options->check_config) {
    std::printf("%s: good\n", options->config_file.c_str());
    return kExitOk;
  }
  return RunDaemon(*config, options->config_file);
}

}  // namespace
}  // namespace zkcluster

int main(int argc, char** argv) {
  try {
    return zkcluster::Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "zkchecker: %s\n", error.what());
    return 1;
  }
}
