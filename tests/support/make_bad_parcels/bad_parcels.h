// Parcels that are wrong in one way each, signed by a site that the receiver may well trust.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/entropy.h"
#include "signer/key_ring.h"
#include "tests/support/make_bad_parcels/content.h"
#include "tests/support/parcel_surgery.h"

namespace courier::test {

// What a parcel is made with.
struct Maker {
  const KeyRing& from;
  const KeyRing& other_site;  // of a site that the receiver does not know
  SiteIdentity to;
  Entropy& entropy;
  Time now;
  std::uint64_t number = 0;  // of the parcel and of its job
  PackageId package;
};

struct BadParcel {
  std::string name;
  std::string what;  // what is wrong with it, and what it must come to
  std::function<Bytes(const Maker&)> make;
};

const std::vector<BadParcel>& bad_parcels();

}  // namespace courier::test
