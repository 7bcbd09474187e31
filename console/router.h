// Router: the table of everything that can be asked of the console, and what must hold of a request
// before anything is done for it. docs/openapi.json is held to this table by a test.
//
// A page on the web, or one that another name leads here, may make a browser on this machine send
// anything. So a request counts only with this console's own name as Host, with the cookie that
// only its own pages were given, and, where it changes something, with its Origin and a header that
// no form can send.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "console/http_message.h"
#include "console/json.h"

namespace courier {

enum class Operation {
  page,
  site_page,
  asset,
  kiosk,
  events,
  drive_action,
  receipt,
  receipt_picture,
  login,
  logout,
  document,  // of a command
  parcel,
  works,
  work,
  start_work,
  stop_work,
};

enum class Needs {
  nothing,   // what a browser is given first
  session,   // the cookie
  operator_  // a session that gave the passphrase
};

struct Route {
  std::string_view method, pattern;  // "/api/v1/drives/{id}/{action}"
  Operation operation;
  Needs needs;
  std::string_view command = {};  // of a document: "site show"
};

std::span<const Route> routes();

struct Call {
  const Route* route = nullptr;
  std::vector<std::string> parameters;  // in the order of the pattern: [A-Za-z0-9._-], 1 to 64
};

// Why a request is answered with nothing but an error.
struct Refusal {
  int status = 400;
  std::string code, message, hint;
  std::string allow = {};  // of 405: what is allowed
};
Json refusal_json(const Refusal& refusal);

// The route of a request. nullopt: `refusal` says why: 404, 405.
std::optional<Call> find_route(const HttpRequest& request, Refusal& refusal);

// The names that this console answers to.
class OwnNames {
 public:
  // authority: where it listens, "127.0.0.1:8080"; any: on every address, so by every number.
  OwnNames(std::string authority, bool any);
  bool are(std::string_view host) const;

 private:
  std::string authority_, port_;
  bool any_;
};

// Whether the request may be looked at at all. nullopt: yes. What needs a session is asked with
// has_session. Statuses: 400, 403, 415.
std::optional<Refusal> check_request(const HttpRequest& request, const Route& route,
                                     const OwnNames& names, bool has_session);

// The body as a JSON object without a member twice; an empty one is an empty object. nullopt:
// refusal says why: 400.
std::optional<Json> parse_body(std::string_view body, Refusal& refusal);

}  // namespace courier
