// Finds the function that answers an HTTP request: the page of its path, or of the longest
// prefix. A path without a page gets 404 and a list of the pages. An HttpServer uses it. Pure,
// if the functions are.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

namespace zkcluster {

struct HttpRequest {
  std::string path;   // decoded
  std::string query;  // after the `?`, undecoded; empty: none
};

struct HttpAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

using HttpFunction = std::function<HttpAnswer(const HttpRequest& request)>;

class HttpPages {
 public:
  // Keyed by path. A path that ends with `/` is a prefix, too: it serves everything below it that
  // has no page of its own.
  HttpPages(std::initializer_list<std::pair<const std::string, HttpFunction>> pages)
      : pages_(pages) {}

  [[nodiscard]] HttpAnswer operator()(const HttpRequest& request) const;

 private:
  std::map<std::string, HttpFunction> pages_;
};

}  // namespace zkcluster
