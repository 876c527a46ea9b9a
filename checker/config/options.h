// The command line of zkchecker. Pure.
#pragma once

#include <zkcluster/result.h>
#include <string>
#include <vector>

namespace zkcluster {

struct Options {
  std::string config_file;
  bool check_config = false;  // --check-config: report the file's problems and end
  bool version = false;       // --version: the other options do not matter
  bool help = false;          // --help: the same
  bool operator==(const Options&) const = default;
};

// The arguments after the program's name. Errors: kInvalid, one line for people: exit code 64.
[[nodiscard]] Result<Options> ParseOptions(const std::vector<std::string>& arguments);

// The text of --help.
[[nodiscard]] std::string Usage();

}  // namespace zkcluster
