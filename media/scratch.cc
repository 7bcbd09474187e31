#include "media/scratch.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstdlib>

#include "base/error.h"

namespace courier {

std::string scratch_folder() {
  const char* const chosen = std::getenv("TMPDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
}

Fd open_scratch(FileSystem& fs, const std::string& folder, std::uint64_t size) {
  Fd file = fs.open(folder, O_TMPFILE | O_RDWR, 0600);
  const SpaceInfo space = fs.space(file);
  if (space.total_bytes > 0 && size > space.free_bytes) {
    throw Error(ErrorCode::no_space, "folder " + escaped(folder),
                fmt::format("recovery data needs {} of it for a while, {} free", human_size(size),
                            human_size(space.free_bytes)))
        .with_hint(
            "make room there, or set TMPDIR to a folder that has it, and run the same command");
  }
  return file;
}

void read_scratch(FileSystem& fs, const Fd& scratch, std::uint64_t offset, MutableByteView out) {
  while (!out.empty()) {
    const std::size_t n = fs.pread(scratch, out, offset);
    if (n == 0) {
      throw Error(ErrorCode::device, path_of(scratch),
                  fmt::format("ended before byte {}, which was written", offset));
    }
    offset += n;
    out = out.subspan(n);
  }
}

}  // namespace courier
