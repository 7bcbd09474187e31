// Assets: the pages, scripts and images of console/assets/, compiled into the program.
#pragma once

#include <optional>
#include <string_view>

namespace courier {

struct Asset {
  std::string_view name;          // "index.html"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view tag;           // changes with the content
  std::string_view content;
};

// nullopt: there is none of this name.
std::optional<Asset> find_asset(std::string_view name);

}  // namespace courier
