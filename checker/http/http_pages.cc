#include "checker/http/http_pages.h"

namespace zkcluster {

HttpAnswer HttpPages::operator()(const HttpRequest& request) const {
  const HttpFunction* found = nullptr;
  // In the order of the map a longer prefix comes after a shorter one.
  for (const auto& [path, page] : pages_) {
    const bool below = path.ends_with('/') && request.path.starts_with(path);
    if (below || path == request.path) found = &page;
  }
  if (found != nullptr) return (*found)(request);
  HttpAnswer answer;
  answer.status = 404;
  answer.body = "There is only";
  for (const auto& [path, page] : pages_) answer.body += " " + path;
  answer.body += ".\n";
  return answer;
}

}  // namespace zkcluster
