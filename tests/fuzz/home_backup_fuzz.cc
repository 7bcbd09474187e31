// Backups: whatever the file, it checks or says damaged or unsupported; a head has one encoding.
#include <sys/mman.h>

#include <cstdlib>

#include "base/error.h"
#include "courier/backup_file.h"
#include "tests/fuzz/checked_frame.h"

namespace {

using namespace courier;

void try_head(ByteView bytes) {
  try {
    const BackupHead head = BackupHead::parse(bytes, "backup");
    if (head.encode() != to_bytes(bytes)) std::abort();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal) std::abort();
  }
}

void try_file(ByteView bytes) {
  PosixFileSystem fs;
  Fd file(::memfd_create("backup", MFD_CLOEXEC));
  fs.pwrite(file, bytes, 0);
  try {
    BackupReader reader(fs, std::move(file), "backup");
    reader.check();
    if (bytes.size() != reader.head().encode().size() + reader.head().size_of_parts()) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::damaged && e.code() != ErrorCode::unsupported) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  try_head(input);
  try_head(test::in_checked_frame("PCLBKUP\n", input));
  try_file(input);
  return 0;
}
