#include "media/medium.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/disc_medium.h"
#include "media/folder_medium.h"
#include "media/iso_medium.h"
#include "media/raw_medium.h"
#include "media/simh_tape.h"
#include "media/st_tape.h"
#include "media/tape_medium.h"

namespace courier {

namespace {

std::unique_ptr<Medium> medium_at(FileSystem& fs, const std::string& target,
                                  const std::string& serial) {
  if (target.starts_with("iso:")) return std::make_unique<IsoMedium>(fs, target.substr(4));
  if (target.starts_with("/dev/sr")) return std::make_unique<DiscMedium>(fs, target, target);
  if (target.starts_with("raw:")) {
    return std::make_unique<RawMedium>(fs, target.substr(4), serial);
  }
  if (target.starts_with("tape:")) {
    return std::make_unique<TapeMedium>(std::make_unique<SimhTape>(fs, target.substr(5)));
  }
  if (target.starts_with("/dev/nst")) {
    return std::make_unique<TapeMedium>(std::make_unique<StTape>(fs, target));
  }
  return std::make_unique<FolderMedium>(fs, target);
}

}  // namespace

bool names_a_path(const std::string& target) {
  return !target.starts_with("iso:") && !target.starts_with("raw:") &&
         !target.starts_with("tape:") && !target.starts_with("/dev/");
}

std::unique_ptr<Medium> open_medium(FileSystem& fs, const std::string& target, const UsbGate& gate,
                                    const std::string& serial) {
  std::unique_ptr<Medium> medium = medium_at(fs, target, serial);
  gate.check(fs, target);
  return medium;
}

std::string parcel_file_name(const ParcelId& id, std::uint32_t number) {
  return number == 0 ? id.str() + ".pcl" : fmt::format("{}.v{}.pcl", id.str(), number);
}

std::string parcel_disc_label(const ParcelId& id, std::uint32_t number) {
  std::string label = id.str();
  std::ranges::replace(label, '-', '_');
  return number == 0 ? label : fmt::format("{}_V{}", label, number);
}

std::string spare_file_name(const ParcelId& id, std::uint32_t number) {
  return fmt::format("{}.s{}.pcl", id.str(), number);
}

std::string spare_disc_label(const ParcelId& id, std::uint32_t number) {
  return fmt::format("{}_S{}", parcel_disc_label(id), number);
}

}  // namespace courier
