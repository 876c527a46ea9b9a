#include "checker/http/http_pages.h"

#include <doctest/doctest.h>

namespace http_pages_test {

using namespace zkcluster;

TEST_CASE("pages: the exact path, else the longest prefix, else a list of all pages") {
  const auto say = [](std::string body) {
    return [body = std::move(body)](const HttpRequest& request) {
      return HttpAnswer{200, "text/plain", body + request.path + "?" + request.query};
    };
  };
  const HttpPages pages = {{"/a", say("a:")},
                           {"/a/", say("below a:")},
                           {"/a/b/", say("below b:")},
                           {"/a/b/c", say("c:")}};
  struct Case {
    std::string path;
    std::string body;
  };
  for (const Case& test : std::vector<Case>{{"/a", "a:/a?q"},
                                            {"/a/", "below a:/a/?q"},
                                            {"/a/x", "below a:/a/x?q"},
                                            {"/a/b", "below a:/a/b?q"},
                                            {"/a/b/", "below b:/a/b/?q"},
                                            {"/a/b/c", "c:/a/b/c?q"},
                                            {"/a/b/c/", "below b:/a/b/c/?q"}}) {
    CAPTURE(test.path);
    CHECK(pages({test.path, "q"}).body == test.body);
  }
  for (const char* path : {"", "/", "/b", "/ab", "a", "*"}) {
    CAPTURE(path);
    CHECK(pages({path, ""}).status == 404);
    CHECK(pages({path, ""}).body == "There is only /a /a/ /a/b/ /a/b/c.\n");
  }
}

}  // namespace http_pages_test
