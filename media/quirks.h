// Quirks: what is done differently for a device that is known to need it, by what it says it is.
// The table is firmware-notes/quirks.toml, compiled in; the notes beside it say why.
//
// A device that lies about its name gets the wrong treatment and no harm: a quirk makes Courier
// slower or more careful, never less.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace courier {

// Of all that match the device, the strictest of each. 0: nothing special.
struct Quirks {
  std::uint32_t transfer_bytes = 0;  // most of one read or write past the page cache, aligned
  std::uint32_t settle_seconds = 0;  // its flush is not believed: wait so long, then read back
  std::uint32_t tape_block = 0;      // its tapes have blocks of this size only, in bytes
  bool ports_keep_power = false;     // of a hub: none of its ports can be switched off by itself

  bool operator==(const Quirks&) const = default;
  // How much of `wanted` bytes is moved at once.
  std::size_t piece(std::size_t wanted) const {
    return transfer_bytes == 0 || wanted < transfer_bytes ? wanted : transfer_bytes;
  }
};

// What a device says it is; empty: nothing.
struct DeviceNames {
  std::string usb;      // "174c:55aa:0100": vendor, product, revision
  std::string inquiry;  // "ARCHIVE VIPER 150 21531 -004": SCSI vendor, model, revision
};

struct QuirkRow {
  enum class Match { usb, inquiry };
  std::string_view id;
  Match match;
  std::string_view device;
  Quirks quirks;
};
std::span<const QuirkRow> quirk_table();

Quirks quirks_of(const DeviceNames& names, std::span<const QuirkRow> table = quirk_table());

// Of everything under an open folder, file or device node. root: what stands before /proc, /sys and
// /dev. Errors: none; what cannot be found out has none.
Quirks quirks_under(FileSystem& fs, const Fd& on, const std::string& root = "");

// The same before it is written to. A drive whose flush is not believed may have a cache of which
// the kernel knows nothing, so that no sync reaches it: the kernel is told. Where that may not be,
// the time that it is given remains. Errors: none.
Quirks quirks_for_writing(FileSystem& fs, const Fd& on, const std::string& root = "");

// Of the hub that a USB device is plugged into. folder: of that device, in /sys. Errors: none.
Quirks quirks_of_hub(FileSystem& fs, const std::string& folder);

// Lets time pass; a test has one that counts.
using Wait = std::function<void(unsigned seconds)>;
void wait_seconds(unsigned seconds);

}  // namespace courier
