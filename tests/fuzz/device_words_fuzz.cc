// Any bytes as the setting gate.allow (behind a 'g') or as the kernel's table of mounts: the gate
// opens for no device that is not named, and a mount has no more text than its line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "media/sysfs.h"
#include "media/usb_gate.h"

namespace {

using namespace courier;

void read_gate(const std::string& text) {
  const UsbName name{"0951", "1666", "GOOD01", "", ""};
  try {
    const UsbGate gate(text);
    if (gate.allows(name) && text.find(name.identity()) == std::string::npos) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::usage) std::abort();
  }
}

void read_mounts(const std::string& text) {
  const auto all = sysfs::mounts_in(text);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  std::size_t size = 0;
  for (const sysfs::Mount& mount : all) size += mount.point.size() + mount.source.size();
  if (all.size() > lines || size > text.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with('g')) {
    read_gate(text.substr(1));
  } else {
    read_mounts(text);
  }
  return 0;
}
