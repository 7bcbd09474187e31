#include "media/medium_errors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/bytes.h"

namespace courier {

std::string in_numbers(std::uint64_t bytes) {
  return bytes < 1000 ? human_size(bytes) : fmt::format("{} ({} bytes)", human_size(bytes), bytes);
}

void require_may_write(const Fd& dir) {
  if (::faccessat(dir.get(), ".", W_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES) return;
  throw Error(ErrorCode::not_allowed, "folder " + path_of(dir), "this user may make no file in it")
      .with_hint("check its owner and mode, or run courier as the user it belongs to");
}

Error taken_error(const std::string& path) {
  return Error(ErrorCode::not_allowed, escaped(path), "exists already with other content")
      .with_hint("nothing is ever overwritten: move it away or take another medium");
}

Error read_only_error(const std::string& subject) {
  return Error(ErrorCode::device, subject, "is read-only: nothing can be written to it")
      .with_hint("switch its write protection off, or name another folder to write to");
}

Error no_room_error(const std::string& subject, std::uint64_t needed, std::uint64_t free) {
  return Error(ErrorCode::no_space, subject,
               fmt::format("{} needed, {} free", in_numbers(needed), in_numbers(free)))
      .with_hint("make room on it or take a larger one, then run the same command");
}

Error gone_error(const std::string& subject, const std::string& name) {
  return Error(ErrorCode::device, subject,
               fmt::format("was pulled out while {} was written to it", name))
      .with_loss("nothing was lost: what was written of it is no copy")
      .with_hint("put it in again and run the same command");
}

Error spoilt_error(const std::string& subject, const std::string& name, const ReadBack& proof,
                   std::uint64_t size) {
  return Error(ErrorCode::device, subject,
               fmt::format("gave back something else than was written to {}, between bytes {} and "
                           "{} of {}",
                           name, proof.first_byte, proof.end_byte, size))
      .with_loss("nothing was lost: the bad copy was removed")
      .with_hint("do not use this medium again: it is failing, or smaller than it says");
}

}  // namespace courier
