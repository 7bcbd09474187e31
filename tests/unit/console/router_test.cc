#include "console/router.h"

#include <gtest/gtest.h>

#include <set>

namespace courier {
namespace {

HttpRequest request(const std::string& method, const std::string& path) {
  HttpRequest made;
  made.method = method;
  made.path = path;
  made.host = "127.0.0.1:8080";
  made.origin = "http://127.0.0.1:8080";
  made.courier = "1";
  made.content_type = "application/json";
  return made;
}

const OwnNames kNames("127.0.0.1:8080", false);

std::optional<Call> route(const std::string& method, const std::string& path) {
  Refusal refusal;
  return find_route(request(method, path), refusal);
}

int refused(const std::string& method, const std::string& path) {
  Refusal refusal;
  return find_route(request(method, path), refusal) ? 0 : refusal.status;
}

int checked(const HttpRequest& made, bool has_session = true) {
  Refusal refusal;
  const auto call = find_route(made, refusal);
  if (!call) return refusal.status;
  const auto why = check_request(made, *call->route, kNames, has_session);
  return why ? why->status : 0;
}

TEST(Router, FindsARouteWithItsParameters) {
  const auto call = route("POST", "/api/v1/drives/d12/take");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->route->operation, Operation::drive_action);
  EXPECT_EQ(call->parameters, (std::vector<std::string>{"d12", "take"}));
  EXPECT_EQ(route("GET", "/api/v1/receipts/PUN-PSE-000001.svg")->parameters[0], "PUN-PSE-000001");
  EXPECT_EQ(route("GET", "/api/v1/receipts/PUN-PSE-000001")->route->operation, Operation::receipt);
}

TEST(Router, HasNothingAtPathsThatAreNotInTheTable) {
  for (const char* path : {"", "//", "/api", "/assets/", "/assets/..", "/assets/a/b",
                           "/assets/%2e%2e", "/assets/.hidden", "/assets/-x", "/api/v1/kiosk/",
                           "/api/v1//kiosk", "x", "/api/v1/drives/d1/", "/assets/a\nb"}) {
    EXPECT_EQ(refused("GET", path), 404) << path;
  }
  EXPECT_EQ(refused("GET", "/assets/" + std::string(65, 'a')), 404);
}

TEST(Router, SaysWhichMethodsAnAddressTakes) {
  Refusal refusal;
  EXPECT_FALSE(find_route(request("PUT", "/api/v1/works"), refusal));
  EXPECT_EQ(refusal.status, 405);
  EXPECT_EQ(refusal.allow, "GET, POST");
  EXPECT_TRUE(route("HEAD", "/"));
  EXPECT_FALSE(route("HEAD", "/api/v1/events"));
}

TEST(Router, EveryRouteIsThereOnce) {
  std::set<std::string> seen;
  for (const Route& one : routes()) {
    EXPECT_TRUE(seen.insert(std::string(one.method) + " " + std::string(one.pattern)).second);
    // What changes something is never open to whoever asks.
    EXPECT_TRUE(one.method == "GET" || one.needs != Needs::nothing) << one.pattern;
    EXPECT_EQ(one.command.empty(), one.operation != Operation::document) << one.pattern;
  }
}

TEST(Router, ARequestOfAnotherPageIsRefused) {
  HttpRequest good = request("POST", "/api/v1/drives/d1/take");
  EXPECT_EQ(checked(good), 0);
  EXPECT_EQ(checked(good, false), 403);
  const auto with = [&](auto change) {
    HttpRequest other = good;
    change(other);
    return checked(other);
  };
  EXPECT_EQ(with([](HttpRequest& r) { r.origin = "http://evil.example"; }), 403);
  EXPECT_EQ(with([](HttpRequest& r) { r.origin = ""; }), 403);
  EXPECT_EQ(with([](HttpRequest& r) { r.origin = "null"; }), 403);
  EXPECT_EQ(with([](HttpRequest& r) { r.courier = ""; }), 403);
  EXPECT_EQ(with([](HttpRequest& r) { r.fetch_site = "cross-site"; }), 403);
  EXPECT_EQ(with([](HttpRequest& r) { r.host = "evil.example:8080"; }), 403);
  EXPECT_EQ(with([](HttpRequest& r) { r.content_type = "text/plain"; }), 415);
  EXPECT_EQ(with([](HttpRequest& r) { r.content_type = "application/json; charset=utf-8"; }), 0);
}

TEST(OwnNames, AreTheAddressAndLocalhostWithTheirPort) {
  EXPECT_TRUE(kNames.are("127.0.0.1:8080"));
  EXPECT_TRUE(kNames.are("localhost:8080"));
  for (const char* host :
       {"", ":8080", "127.0.0.1", "127.0.0.1:80", "localhost", "evil.example:8080",
        "127.0.0.1:8080.evil.example", "192.168.1.7:8080", "[::1]:8080"}) {
    EXPECT_FALSE(kNames.are(host)) << host;
  }
  EXPECT_TRUE(OwnNames("127.0.0.1:80", false).are("localhost"));
}

TEST(OwnNames, OnEveryAddressAreNumbersAndNoOtherNames) {
  const OwnNames any("0.0.0.0:8080", true);
  EXPECT_TRUE(any.are("192.168.1.7:8080"));
  EXPECT_TRUE(any.are("[fe80::1]:8080"));
  EXPECT_TRUE(any.are("localhost:8080"));
  EXPECT_FALSE(any.are("evil.example:8080"));
  EXPECT_FALSE(any.are("192.168.1.7:81"));
}

TEST(Bodies, AreObjectsOrNothing) {
  Refusal refusal;
  EXPECT_EQ(*parse_body("", refusal), Json::object());
  EXPECT_EQ((*parse_body(R"({"a":[1]})", refusal))["a"][0], 1);
  EXPECT_TRUE(parse_body(R"({"a":[{"b":1},{"b":{"a":2}}]})", refusal));
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  for (const std::string& body :
       {std::string("[]"), std::string("1"), std::string("{"), std::string("{}x"), deep,
        R"({"a":)" + deep + "}", std::string("{\"a\":\"\xff\"}"), std::string(60000, '['),
        std::string(R"({"a":1,"b":2,"a":1})"), std::string(R"({"a":[{"b":1,"b":2}]})"),
        std::string(R"({"a":1e999})"), std::string(R"({"a":NaN})")}) {
    EXPECT_FALSE(parse_body(body, refusal)) << body.substr(0, 40);
    EXPECT_EQ(refusal.status, 400);
  }
}

}  // namespace
}  // namespace courier
