#include "media/medium_errors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/bytes.h"
#include "media/volume_mark.h"

namespace courier {

namespace {

constexpr std::string_view kIsoMark = "CD001";  // of the first volume descriptor
constexpr std::uint64_t kIsoMarkAt = 16 * 2048 + 1;
constexpr std::uint64_t kSimhHeader = 4;

// The prefix of a target that is read as such an image; empty: it is none.
std::string_view image_prefix(const VolumeBytes& bytes) {
  const auto at = [&](std::uint64_t offset, std::size_t size) {
    Bytes block(size);
    block.resize(bytes.read_at(offset, block));
    return block;
  };
  if (as_text(at(kIsoMarkAt, kIsoMark.size())) == kIsoMark) return "iso:";
  if (parse_volume_mark(at(0, kVolumeMarkSize))) return "raw:";
  if (parse_volume_mark(at(kSimhHeader, kVolumeMarkSize))) return "tape:";
  return {};
}

}  // namespace

std::string image_hint(const std::string& path, const VolumeBytes& bytes) {
  const std::string_view prefix = image_prefix(bytes);
  if (prefix.empty()) return "";
  return fmt::format("it is the image of a medium: `courier identify {}{}` looks into it", prefix,
                     escaped(path));
}

Error no_parcel_error(const std::string& path, const VolumeBytes& bytes) {
  const std::string image = image_hint(path, bytes);
  return Error(ErrorCode::damaged, "file " + escaped(path), "is no parcel")
      .with_loss("nothing was changed")
      .with_hint(image.empty() ? "check the name; a parcel's file usually ends in .pcl" : image);
}

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
