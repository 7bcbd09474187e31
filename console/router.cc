#include "console/router.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/utf8.h"

namespace courier {
namespace {

// clang-format off
constexpr std::array kRoutes = {
    Route{"GET", "/", Operation::page, Needs::nothing},
    Route{"GET", "/site", Operation::site_page, Needs::nothing},
    Route{"GET", "/assets/{name}", Operation::asset, Needs::nothing},
    Route{"GET", "/api/v1/kiosk", Operation::kiosk, Needs::session},
    Route{"GET", "/api/v1/events", Operation::events, Needs::session},
    Route{"POST", "/api/v1/drives/{id}/{action}", Operation::drive_action, Needs::session},
    Route{"GET", "/api/v1/receipts/{parcel}.svg", Operation::receipt_picture, Needs::session},
    Route{"GET", "/api/v1/receipts/{parcel}", Operation::receipt, Needs::session},
    Route{"POST", "/api/v1/login", Operation::login, Needs::session},
    Route{"POST", "/api/v1/logout", Operation::logout, Needs::session},
    Route{"GET", "/api/v1/site", Operation::document, Needs::operator_, "site show"},
    Route{"GET", "/api/v1/settings", Operation::document, Needs::operator_, "site show --settings"},
    Route{"GET", "/api/v1/sites", Operation::document, Needs::operator_, "site list"},
    Route{"GET", "/api/v1/packages", Operation::document, Needs::operator_, "package list"},
    Route{"GET", "/api/v1/dps", Operation::document, Needs::operator_, "dp list"},
    Route{"GET", "/api/v1/status", Operation::document, Needs::operator_, "status"},
    Route{"GET", "/api/v1/jobs", Operation::document, Needs::operator_, "job list"},
    Route{"GET", "/api/v1/media", Operation::document, Needs::operator_, "media list"},
    Route{"GET", "/api/v1/log", Operation::document, Needs::operator_, "log --since 2d"},
    Route{"GET", "/api/v1/pending", Operation::document, Needs::operator_, "parcel pending"},
    Route{"GET", "/api/v1/parcels", Operation::document, Needs::operator_, "parcel list"},
    Route{"GET", "/api/v1/parcels/{parcel}", Operation::parcel, Needs::operator_},
    Route{"GET", "/api/v1/works", Operation::works, Needs::operator_},
    Route{"POST", "/api/v1/works", Operation::start_work, Needs::operator_},
    Route{"GET", "/api/v1/works/{number}", Operation::work, Needs::operator_},
    Route{"DELETE", "/api/v1/works/{number}", Operation::stop_work, Needs::operator_},
};
// clang-format on

constexpr std::size_t kLongestParameter = 64, kDeepest = 16;

bool is_parameter(std::string_view text) {
  if (text.empty() || text.size() > kLongestParameter || text.front() == '.' ||
      text.front() == '-') {
    return false;
  }
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& found) {
  found.clear();
  while (!pattern.empty() && !path.empty()) {
    if (path.front() != '/') return false;
    const std::string_view wanted = next_segment(pattern), given = next_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return false;
      continue;
    }
    // "{parcel}.svg": what follows the name is to be there.
    const std::string_view ending = wanted.substr(wanted.find('}') + 1);
    if (!given.ends_with(ending) || given.size() <= ending.size()) return false;
    const std::string_view value = given.substr(0, given.size() - ending.size());
    if (!is_parameter(value)) return false;
    found.emplace_back(value);
  }
  return pattern.empty() && path.empty();
}

bool is_number(const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), buffer) == 1;
  }
  return ::inet_pton(AF_INET, host.c_str(), buffer) == 1;
}

// Values within values; text is not looked at.
bool is_too_deep(std::string_view json) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && depth > 0) --depth;
    if (depth > kDeepest) return true;
  }
  return false;
}

bool is_json_type(std::string_view type) {
  std::string_view name = type.substr(0, type.find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  return name == "application/json";
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Json refusal_json(const Refusal& refusal) {
  return {{"error",
           {{"code", refusal.code},
            {"message", refusal.message},
            {"loss", "nothing was done"},
            {"hint", refusal.hint}}}};
}

std::optional<Call> find_route(const HttpRequest& request, Refusal& refusal) {
  Call call;
  std::string allow;
  for (const Route& route : kRoutes) {
    if (!matches(route.pattern, request.path, call.parameters)) continue;
    const bool is_head = request.method == "HEAD" && route.needs == Needs::nothing;
    if (route.method == request.method || (is_head && route.method == "GET")) {
      call.route = &route;
      return call;
    }
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allow.empty()) {
    refusal = {404, "not-found", "there is nothing at this address", "see docs/api.md"};
  } else {
    refusal = {405, "usage", "this address does not take that method", "it takes " + allow, allow};
  }
  return std::nullopt;
}

OwnNames::OwnNames(std::string authority, bool any) : authority_(std::move(authority)), any_(any) {
  port_ = authority_.substr(authority_.rfind(':'));
}

bool OwnNames::are(std::string_view host) const {
  std::string named(host);
  // The default port is not named.
  const bool has_port =
      named.find(':', named.find(']') == std::string::npos ? 0 : named.find(']')) !=
      std::string::npos;
  if (!has_port) named += ":80";
  if (named == authority_ || named == "localhost" + port_) return true;
  if (!named.ends_with(port_)) return false;
  const std::string name = named.substr(0, named.size() - port_.size());
  // By a name of its own anybody could lead here, by a number nobody but who means this machine.
  return any_ && is_number(name);
}

std::optional<Refusal> check_request(const HttpRequest& request, const Route& route,
                                     const OwnNames& names, bool has_session) {
  if (!names.are(request.host)) {
    return Refusal{403, "not-allowed", "this console has another name than the one in Host",
                   "use the address that it told when it started"};
  }
  if (route.needs == Needs::nothing) return std::nullopt;
  if (request.fetch_site == "cross-site" || request.fetch_site == "same-site") {
    return Refusal{403, "not-allowed", "the request comes from another page",
                   "use the pages of this console"};
  }
  if (!has_session) {
    return Refusal{403, "no-session",
                   "the session is not known here: it may be of before a restart",
                   "load the page again"};
  }
  if (route.method == "GET") return std::nullopt;
  if (request.origin != "http://" + request.host) {
    return Refusal{403, "not-allowed", "the request comes from another page",
                   "use the pages of this console"};
  }
  if (request.courier != "1") {
    return Refusal{403, "not-allowed", "the header 'X-Courier: 1' is missing", "see docs/api.md"};
  }
  if (route.method == "POST" && !is_json_type(request.content_type)) {
    return Refusal{415, "usage", "the body is not application/json", "see docs/api.md"};
  }
  return std::nullopt;
}

std::optional<Json> parse_body(std::string_view body, Refusal& refusal) {
  if (body.empty()) return Json::object();
  refusal = {400, "usage", "the body is no JSON object, or has a member twice", "see docs/api.md"};
  if (!is_valid_utf8(body) || is_too_deep(body)) return std::nullopt;
  // Of two members of one name each reader would take another one.
  std::vector<std::set<std::string>> names;
  bool has_twice = false;
  const auto note_name = [&](int, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) {
      has_twice = !names.back().insert(parsed.get<std::string>()).second || has_twice;
    }
    return true;
  };
  Json json = Json::parse(body, note_name, false);
  if (!json.is_object() || has_twice) return std::nullopt;
  return json;
}

}  // namespace courier
