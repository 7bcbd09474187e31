// What a test puts into a parcel so that the confined child that reads it fails there.
#pragma once

#include <string_view>

namespace courier::test {

inline constexpr std::string_view kFailMark = "<<the reader of this fails>>";

}  // namespace courier::test
