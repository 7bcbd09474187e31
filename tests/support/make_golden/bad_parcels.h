// Parcels that are wrong in one way each, signed by a site that the receiver may well trust.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/support/make_golden/parcel_maker.h"

namespace courier::test {

struct BadParcel {
  std::string name;
  std::string what;  // what is wrong with it
  ErrorCode cause;   // what receiving it must come to, at a site that trusts the maker's
  std::function<Bytes(const Maker&)> make;
};

const std::vector<BadParcel>& bad_parcels();

}  // namespace courier::test
