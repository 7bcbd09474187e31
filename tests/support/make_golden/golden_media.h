// Media without a file system, as images of drives and files of tapes, and volumes that came to
// harm on one, which every reader must read to the same end: parcel/FORMAT.md, sections 4, 17, 18.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace courier::test {

// What is put on them.
struct MediaContent {
  Bytes first, second;  // the two volumes of one parcel
  Bytes whole;          // a parcel of one volume
};

struct GoldenMedium {
  std::string name;  // ".img": a drive's image; ".tap": a tape's file; ".pcl": a volume
  std::string shows;
  std::optional<ErrorCode> cause;  // of what a reader ends with; none: all is processed
  std::function<Bytes(const MediaContent&)> make;
};

const std::vector<GoldenMedium>& golden_media();

}  // namespace courier::test
