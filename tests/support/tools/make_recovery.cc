// make_recovery FILE PERCENT OUT [--whole]: the recovery data of any file, or, with --whole, file
// and recovery data. For tests and for measuring it without the writing of media.
#include <fcntl.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "media/recovery.h"
#include "media/scratch.h"

int main(int argc, char** argv) {
  using namespace courier;
  if (argc < 4) return 2;
  try {
    PosixFileSystem posix;
    FileSystem& fs = posix;
    const bool is_whole = argc > 4 && std::string(argv[4]) == "--whole";
    const VolumeBytes volume = bytes_of_file(fs, fs.open(argv[1], O_RDONLY));
    const VolumeBytes both =
        with_recovery(fs, volume, static_cast<unsigned>(std::atoi(argv[2])), scratch_folder(), {});
    const Fd out = fs.open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    Bytes block(4u << 20);
    for (std::uint64_t at = is_whole ? 0 : volume.size; at < both.size;) {
      const std::size_t n = both.read_at(at, block);
      fs.write(out, ByteView(block).first(n));
      at += n;
    }
    fs.sync(out);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_recovery: %s\n", error.what());
    return 1;
  }
}
