#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "console/json.h"
#include "console/router.h"

namespace courier {
namespace {

std::string word(Needs needs) {
  switch (needs) {
    case Needs::nothing:
      return "nothing";
    case Needs::session:
      return "session";
    case Needs::operator_:
      return "operator";
  }
  return "";
}

// "GET /api/v1/site": what it needs, and the command that it is the document of.
using Table = std::map<std::string, std::string>;

Table of_router() {
  Table table;
  for (const Route& route : routes()) {
    table[std::string(route.method) + " " + std::string(route.pattern)] =
        word(route.needs) + " " + std::string(route.command);
  }
  return table;
}

Table of_document() {
  std::ifstream file(COURIER_TESTS_DIR "/../docs/openapi.json");
  const Json document = Json::parse(file);
  Table table;
  for (const auto& [path, methods] : document.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string name = method;
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
      table[name + " " + path] =
          operation.at("x-needs").get<std::string>() + " " + text_at(operation, "x-command");
    }
  }
  return table;
}

TEST(OpenApi, HasTheRoutesOfTheRouterAndNoOthers) { EXPECT_EQ(of_document(), of_router()); }

}  // namespace
}  // namespace courier
