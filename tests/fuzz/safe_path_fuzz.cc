// Safe paths: what is accepted stays beneath its folder, byte for byte as it came.
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "base/bytes.h"
#include "base/error.h"
#include "base/safe_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  const std::string raw(as_text(ByteView(data, size)));
  try {
    const SafePath path = SafePath::parse(raw);
    if (path.str() != raw || raw.find('\0') != std::string::npos || raw.size() > 4096) std::abort();
    const std::filesystem::path plain(raw);
    if (plain.is_absolute() || plain.lexically_normal() != plain) std::abort();
    SafePath again;
    for (const std::string_view part : path.components())
      again = again.child(SafeName::parse(part));
    if (again != path) std::abort();
    if (!path.empty() && path.parent().child(SafeName::parse(path.last())) != path) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) std::abort();
    if (SafeName::is_safe(raw)) std::abort();
  }
  if (escaped(raw).find('\n') != std::string::npos) std::abort();
  return 0;
}
