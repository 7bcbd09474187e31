#include "base/confined_input.h"

#include <unistd.h>

#include <cerrno>

namespace courier {

void read_input(const Fd& channel, MutableByteView out) {
  while (!out.empty()) {
    const ssize_t size = ::read(channel.get(), out.data(), out.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) throw NobodyAsks{};
    out = out.subspan(static_cast<std::size_t>(size));
  }
}

void write_answer(const Fd& channel, ByteView data) {
  while (!data.empty()) {
    const ssize_t size = ::write(channel.get(), data.data(), data.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) throw NobodyAsks{};
    data = data.subspan(static_cast<std::size_t>(size));
  }
}

}  // namespace courier
