#include "checker/config/options.h"

#include <boost/program_options.hpp>
#include <exception>
#include <sstream>

namespace zkcluster {
namespace {

namespace po = boost::program_options;

po::options_description Describe() {
  po::options_description description("Options", 100);
  auto add = description.add_options();
  add("config", po::value<std::string>()->value_name("FILE"), "the checker's file, checker.yaml");
  add("check-config",
      "read the file, report every problem in it, and end: 0 when it is sound, else 78");
  add("version", "print the version and end");
  add("help", "print this and end");
  return description;
}

}  // namespace

Result<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  // Boost reports by exceptions; they end here.
  try {
    using Style = po::command_line_style::style_t;
    po::variables_map values;
    po::store(po::command_line_parser(arguments)
                  .options(Describe())
                  .positional({})
                  // Abbreviated options would change their meaning when another is added.
                  .style(static_cast<Style>(Style::unix_style & ~Style::allow_guessing))
                  .run(),
              values);
    options.version = values.count("version") > 0;
    options.help = values.count("help") > 0;
    options.check_config = values.count("check-config") > 0;
    if (values.count("config") > 0) options.config_file = values["config"].as<std::string>();
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInvalid, exception.what());
  }
  if (options.config_file.empty() && !options.version && !options.help) {
    return Fail(ErrorCode::kInvalid, "--config FILE is missing");
  }
  return options;
}

std::string Usage() {
  std::ostringstream text;
  text
      << "usage: zkchecker --config FILE [--check-config]\n\n"
         "Probes the shards of clusters, votes on them in ZooKeeper, and decides when it leads.\n\n"
      << Describe();
  return text.str();
}

}  // namespace zkcluster
