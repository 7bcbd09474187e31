// PresentDrive: a drive, disc or folder that is there now, as the kiosk is told of it.
#pragma once

#include <cstdint>
#include <string>

namespace courier {

struct PresentDrive {
  // The same as long as it stays in; another one each time it is put in.
  std::string key;
  std::string name;    // for people
  std::string kind;    // "usb", "disc", "folder"
  std::string source;  // what `identify` and `receive` take: "drive:/dev/sdb1", "/mnt/in"
  std::string node;    // what `media eject` takes; empty: it is not ejected
  bool read_only = false;
  std::uint64_t changes = 0;  // other content came into it, or went, so often since

  bool operator==(const PresentDrive&) const = default;
};

}  // namespace courier
