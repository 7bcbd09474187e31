// A parcel's file is cut or refused, whatever it holds; what was cut can be cut again, and nothing
// of it is lost.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "media/volume_cut.h"

namespace {

courier::VolumeBytes volume_of(courier::ByteView bytes) {
  return {bytes.size(), [bytes](std::uint64_t offset, courier::MutableByteView out) {
            const auto at = std::min<std::uint64_t>(offset, bytes.size());
            const std::size_t n = std::min<std::size_t>(out.size(), bytes.size() - at);
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
            return n;
          }};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  try {
    const VolumeCut cut(volume_of({data, size}), "file");
    std::uint64_t next = cut.first_record();
    for (const RecordRun& run : cut.plan(next, cut.least_size())) {
      if (run.first != next) std::abort();
      next = run.end;
      const VolumeBytes volume = cut.volume({}, 1, 0, run);
      Bytes bytes(volume.size);
      if (volume.read_at(0, bytes) != bytes.size()) std::abort();
      const VolumeCut again(volume_of(bytes), "volume");
      if (again.first_record() != run.first || again.end_record() != run.end) std::abort();
    }
    if (next != cut.end_record()) std::abort();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
  }
  return 0;
}
