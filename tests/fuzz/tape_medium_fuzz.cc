// Any bytes as a tape's file: read to its end within bounds, or refused as a tape that is broken,
// foreign or empty.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "media/simh_tape.h"
#include "media/tape_medium.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  static PosixFileSystem fs;
  const Fd file(::memfd_create("fuzz", MFD_CLOEXEC));
  if (::write(file.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  TapeMedium medium(std::make_unique<SimhTape>(fs, "/proc/self/fd/" + std::to_string(file.get())));
  try {
    Bytes buffer(10'000);
    std::uint64_t read = 0;
    medium.scan([&](OfferedVolume&& volume) {
      std::uint64_t came = 0;
      while (const std::size_t n = volume.source(buffer)) came += n;
      if (came > volume.size) std::abort();
      read += came;
    });
    if (read > size) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::device && error.code() != ErrorCode::not_found) std::abort();
  }
  return 0;
}
