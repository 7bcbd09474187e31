// A package in two versions, the second in blocks coded by hand against the first: every codec, and
// every form of range that there is (store/OBJECTS.md, section 9).
#pragma once

#include <vector>

#include "tests/support/make_golden/parcel_maker.h"

namespace courier::test {

struct BlockAgainst {
  Block block;
  Bytes base;  // what its ranges name, one after the other
};

struct TwoVersions {
  Content first, second;                // the blocks of both as they are without a base
  std::vector<BlockAgainst> increment;  // all of the second
};

// The content is of its own for each text.
TwoVersions two_versions(const std::string& text);

// The maker's package in its first version, and the parcel of the second that builds on it.
Bytes first_of_two(const Maker& maker);
Bytes second_of_two(const Maker& maker, std::uint64_t critical_features,
                    RecordKind kind = RecordKind::block);

}  // namespace courier::test
