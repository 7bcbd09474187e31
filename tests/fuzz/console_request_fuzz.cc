// What a request to the console becomes: its route, whether it counts, its body, a work's command.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "console/router.h"
#include "console/session.h"
#include "console/works.h"

using namespace courier;

namespace {

// The input's lines in turn; what is left when one is taken.
std::string line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string text(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = as_text({data, size});
  HttpRequest request;
  request.method = line(rest);
  request.path = line(rest);
  request.host = line(rest);
  request.origin = line(rest);
  request.cookie = line(rest);
  request.content_type = line(rest);
  request.courier = line(rest);
  request.fetch_site = line(rest);
  request.body = rest;

  static const SystemClock clock;
  static const Sessions sessions(clock);
  static const OwnNames names("127.0.0.1:8080", false), any("0.0.0.0:8080", true);
  Refusal refusal;
  const std::optional<Call> call = find_route(request, refusal);
  if (call) {
    for (const std::string& parameter : call->parameters) {
      // It may become an argument, or look something up: nothing that leads elsewhere.
      if (parameter.empty() || parameter[0] == '-' || parameter[0] == '.' ||
          parameter.find('/') != std::string::npos) {
        __builtin_trap();
      }
    }
    for (const bool has_session : {false, true}) {
      const auto why = check_request(request, *call->route, names, has_session);
      if (!why && call->route->needs != Needs::nothing && !has_session) __builtin_trap();
    }
    static_cast<void>(any.are(request.host));
  }
  if (!sessions.token_in(request.cookie).empty()) __builtin_trap();
  const std::optional<Json> body = parse_body(request.body, refusal);
  if (!body) return 0;
  // What it lets pass once it lets pass again, as it is written from here.
  if (body != parse_body(compact(*body), refusal)) __builtin_trap();
  try {
    const std::vector<std::string> command = work_command(*body);
    static_cast<void>(work_holds_home(command));
    static_cast<void>(JobRunner::shown(command));
  } catch (const Error&) {
  }
  return 0;
}
