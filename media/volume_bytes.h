// Volume bytes: random access to the bytes of one volume, wherever they come from: a file of the
// outbox, a cut of it that is composed while it is read, a volume that lies on a medium.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/file_system.h"

namespace courier {

struct VolumeBytes {
  std::uint64_t size = 0;
  // Reads up to out.size() bytes from `offset` and returns how many: fewer only at the end. Absent
  // where there is no random access (a tape). Errors: device; of a medium it says which byte.
  std::function<std::size_t(std::uint64_t offset, MutableByteView out)> read_at;
};

// The whole of an open file. fs outlives the result. Errors: device.
VolumeBytes bytes_of_file(FileSystem& fs, Fd file);
VolumeBytes bytes_of_file(FileSystem& fs, std::shared_ptr<const Fd> file);

}  // namespace courier
