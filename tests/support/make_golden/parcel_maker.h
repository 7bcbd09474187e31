// Parcels made by hand from content made by hand: what golden and bad parcels begin with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/entropy.h"
#include "parcel/parcel_writer.h"
#include "signer/key_ring.h"
#include "tests/support/make_golden/content.h"

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

// The maker's package, version 1, with this content.
Item package_item(const Maker& maker, const Content& content);
// An item of this kind for the maker's job, and nothing in it.
Item bare_item(const Maker& maker, ItemKind kind);

// Two records: nodes, chunks. Of its own for each package, so that a site never has it already.
Content small_content(const Maker& maker, const std::string& text = "hello\n");

// For the maker's addressee alone.
ParcelDraft draft_of(const Maker& maker, std::vector<Item> items);

using Fill = std::function<void(ParcelWriter&)>;
Fill blocks_of(const Content& content);
// The same as lean blocks; the draft says so (kFeatureLean).
Fill lean_blocks_of(const Content& content);

Bytes written(const Maker& maker, const ParcelDraft& draft, const KeyRing& from, const Fill& fill);
// A parcel of one package with its content.
Bytes parcel_of(const Maker& maker, const Content& content);
// A parcel of one item without content.
Bytes only_item(const Maker& maker, const Item& item);
// A parcel of one package with a little content.
Bytes good(const Maker& maker);
// With recovery data for this share behind it.
Bytes protected_by(const Bytes& volume, unsigned percent);

}  // namespace courier::test
