// Parcels that every reader must read, each to show one thing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/make_golden/golden_sites.h"
#include "tests/support/make_golden/parcel_maker.h"

namespace courier::test {

struct GoldenParcel {
  std::string name;
  std::string shows;
  std::function<Bytes(const GoldenSites&, const Maker&)> make;
};

// From PUN to PSE, but for the return.
const std::vector<GoldenParcel>& golden_parcels();

}  // namespace courier::test
