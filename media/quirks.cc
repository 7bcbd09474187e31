#include "media/quirks.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "media/sysfs.h"

namespace courier {

namespace {

using Match = QuirkRow::Match;

constexpr auto kTable = std::to_array<QuirkRow>({
#include "media/quirk_table.inc"
});

// A text with one blank wherever it has any.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\n';
    if (!is_blank) out.push_back(c);
    if (is_blank && !out.empty() && out.back() != ' ') out.push_back(' ');
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// "174c:55aa" is every revision of it.
bool is_of(std::string_view usb, std::string_view row) {
  return usb.starts_with(row) && (usb.size() == row.size() || usb[row.size()] == ':');
}

bool matches(const QuirkRow& row, const DeviceNames& names) {
  return row.match == Match::usb ? is_of(names.usb, row.device)
                                 : names.inquiry.starts_with(row.device);
}

// The stricter one; 0 is none.
std::uint32_t smaller(std::uint32_t one, std::uint32_t other) {
  return one == 0 || other == 0 ? std::max(one, other) : std::min(one, other);
}

Quirks both(const Quirks& one, const Quirks& other) {
  return {smaller(one.transfer_bytes, other.transfer_bytes),
          std::max(one.settle_seconds, other.settle_seconds),
          smaller(one.tape_block, other.tape_block),
          one.ports_keep_power || other.ports_keep_power};
}

DeviceNames names_of(FileSystem& fs, const std::string& folder) {
  DeviceNames names;
  const auto text = [&](const std::filesystem::path& at, const char* attribute) {
    return sysfs::text_of(fs, at / attribute);
  };
  if (const std::string usb = sysfs::usb_device_above(fs, folder); !usb.empty()) {
    names.usb = text(usb, "idVendor") + ":" + text(usb, "idProduct") + ":" + text(usb, "bcdDevice");
  }
  // A PCI device further up has a vendor, too, but no model.
  for (std::filesystem::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    if (at.filename() == "devices" || at.filename() == "sys") break;
    const std::string vendor = text(at, "vendor"), model = text(at, "model");
    if (vendor.empty() || model.empty()) continue;
    names.inquiry = squeezed(vendor + " " + model + " " + text(at, "rev"));
    break;
  }
  return names;
}

// "temporary": for the kernel alone; nothing is set in the drive.
// Source: Linux, drivers/scsi/sd.c, cache_type_store().
void expect_cache(FileSystem& fs, const std::string& folder) {
  for (std::filesystem::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    if (at.filename() == "devices" || at.filename() == "sys") break;
    for (const std::string& name : sysfs::names_in(fs, at / "scsi_disk")) {
      const std::string file = at / "scsi_disk" / name / "cache_type";
      if (sysfs::text_of(fs, file) != "write through") continue;
      fs.write(fs.open(file, O_WRONLY | O_CLOEXEC), as_bytes("temporary write back"));
    }
  }
}

}  // namespace

std::span<const QuirkRow> quirk_table() { return kTable; }

Quirks quirks_of(const DeviceNames& names, std::span<const QuirkRow> table) {
  Quirks quirks;
  for (const QuirkRow& row : table) {
    if (matches(row, names)) quirks = both(quirks, row.quirks);
  }
  return quirks;
}

Quirks quirks_under(FileSystem& fs, const Fd& on, const std::string& root) {
  Quirks quirks;
  try {
    for (const std::string& folder : sysfs::devices_under(fs, on, root)) {
      quirks = both(quirks, quirks_of(names_of(fs, folder)));
    }
  } catch (const Error&) {
    // Treated as most devices are.
  }
  return quirks;
}

Quirks quirks_for_writing(FileSystem& fs, const Fd& on, const std::string& root) {
  const Quirks quirks = quirks_under(fs, on, root);
  if (quirks.settle_seconds == 0) return quirks;
  try {
    for (const std::string& folder : sysfs::devices_under(fs, on, root)) expect_cache(fs, folder);
  } catch (const Error&) {
    // Not as root: then it is given time, and no more.
  }
  return quirks;
}

Quirks quirks_of_hub(FileSystem& fs, const std::string& folder) {
  try {
    return quirks_of(names_of(fs, std::filesystem::path(folder).parent_path()));
  } catch (const Error&) {
    return {};
  }
}

void wait_seconds(unsigned seconds) { std::this_thread::sleep_for(std::chrono::seconds(seconds)); }

}  // namespace courier
