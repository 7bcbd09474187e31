// The reader of archives, without its confinement: it ends, and all that it tells can be read.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/codec.h"
#include "store/archive_message.h"
#include "store/unpack_worker.h"

namespace {

courier::Fd memory_file(courier::ByteView content) {
  courier::Fd fd(::memfd_create("fuzz", MFD_CLOEXEC));
  if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    std::abort();
  }
  return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  static const ConfinedWorker worker = [] {
    const ConfinedWorker made = unpack_worker();
    made.prepare();
    return made;
  }();
  const Fd channel = memory_file({});
  std::vector<Fd> others;
  others.push_back(memory_file({data, size}));
  if (worker.run(channel, std::move(others)) != 0) std::abort();

  Bytes told(static_cast<std::size_t>(::lseek(channel.get(), 0, SEEK_END)));
  if (::pread(channel.get(), told.data(), told.size(), 0) != static_cast<ssize_t>(told.size())) {
    std::abort();
  }
  Decoder in(ByteView(told), "messages");
  bool has_end = false;
  while (!in.at_end()) {
    if (has_end) __builtin_trap();
    const std::uint32_t length = in.u32();
    if (length > kMaxArchiveMessage) __builtin_trap();
    const ArchiveMessage message = decode_archive_message(in.raw(length));
    has_end = std::holds_alternative<ArchiveEnd>(message) ||
              std::holds_alternative<ArchiveFault>(message);
  }
  if (!has_end) __builtin_trap();
  return 0;
}
