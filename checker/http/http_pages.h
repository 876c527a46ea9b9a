// Which function answers an HTTP request: the one of its path, or the one of the longest prefix. A
// path that has neither gets 404 and a list of the pages there are. An HttpServer uses it. Pure, as
// far as the functions are.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

namespace zkcluster {

struct HttpRequest {
  std::string path;   // decoded
  std::string query;  // behind the `?`, as it came; empty: none
};

struct HttpAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

using HttpFunction = std::function<HttpAnswer(const HttpRequest& request)>;

class HttpPages {
 public:
  // By path. A path that ends with `/` is a prefix, too: it serves all below it that has no page
  // of its own.
  HttpPages(std::initializer_list<std::pair<const std::string, HttpFunction>> pages)
      : pages_(pages) {}

  [[nodiscard]] HttpAnswer operator()(const HttpRequest& request) const;

 private:
  std::map<std::string, HttpFunction> pages_;
};

}  // namespace zkcluster
