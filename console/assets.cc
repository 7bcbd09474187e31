#include "console/assets.h"

#include <algorithm>
#include <iterator>

namespace courier {
namespace {

#include "console/asset_table.inc"

}  // namespace

std::optional<Asset> find_asset(std::string_view name) {
  const auto* const found = std::ranges::find(kAssets, name, &Asset::name);
  if (found == std::end(kAssets)) return std::nullopt;
  return *found;
}

}  // namespace courier
