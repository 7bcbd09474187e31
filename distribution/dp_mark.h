// What Courier leaves on a share, so that a folder can be told from the one it should be:
//
// clang-format off
//   SHARE/.courier/dp.json          the mark: whose distribution point this is (DpMark)
//   SHARE/.courier/served/ID.json   which folder of the share is package ID, and a swap under way
//                                   (ServedRecord)
//   SHARE/.courier/staging/         what is being made or taken away; never served (mode 0700)
// clang-format on
//
// A path without the mark is a drive that is not mounted, or somebody else's folder: nothing is
// written there (B54). A mark of another site is that site's claim (B76). The records on the share
// let a site that was restored from a backup know its own folders from ones made by hand.
// Both are JSON; bytes of a share are not trusted, so both parsers are bounded and fuzzed.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/safe_path.h"
#include "base/vocabulary.h"

namespace courier {

inline constexpr std::uint64_t kMaxMarkSize = 64 * 1024;

// How a version takes the place of another on this share.
enum class SwapMeans {
  exchange,     // one rename that exchanges the two: readers always see a whole version
  two_renames,  // the file system has no exchange: an instant without the folder, under a record
};
std::string_view word(SwapMeans);

struct DpMark {
  SiteCode site;   // owner
  std::string dp;  // its name there
  std::string id;  // 32 hex digits, made by `dp add`: the same share, whatever the path
  Time made{};
  SwapMeans swap = SwapMeans::exchange;

  std::string encode() const;
  // Errors: damaged, when it is no mark (not JSON, fields missing, of the wrong type or form).
  static DpMark parse(ByteView json);
  bool operator==(const DpMark&) const = default;
};

// What lies in one folder of the share. While `swap` is there a swap is under way and is finished
// by the next run from what is on the disk (share_swap.h).
struct ServedRecord {
  PackageId package;
  std::string folder;  // beneath SHARE; a safe name, as are those below
  std::uint32_t version = 0;
  Digest root;
  struct Swap {
    std::string staged;   // beneath .courier/staging: the new version, verified
    std::string retired;  // beneath .courier/staging: where the old one goes
    bool operator==(const Swap&) const = default;
  };
  std::optional<Swap> swap;
  // The folder of the version before, when the package changed its share name.
  std::optional<std::string> former;

  std::string encode() const;
  static ServedRecord parse(ByteView json);  // Errors: damaged
  bool operator==(const ServedRecord&) const = default;
};

}  // namespace courier
