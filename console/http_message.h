// One HTTP request and its answer, as the console sees them: what libmicrohttpd took apart, before
// anything is believed of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace courier {

class EventStream;

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // as it came: nothing is decoded
  std::string body;
  // Header fields; empty: not there.
  std::string host, origin, cookie, content_type, courier, fetch_site, if_none_match;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string_view asset = {};  // instead of body: bytes that last as long as the program
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::shared_ptr<EventStream> stream = nullptr;  // instead of both: events until one of them ends
  // Instead of all: called at once with what is to be told the answer when it is known, once.
  std::function<void(std::function<void(HttpAnswer)>)> later = {};
};

}  // namespace courier
