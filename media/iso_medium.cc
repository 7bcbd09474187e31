#include "media/iso_medium.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/durable.h"
#include "base/safe_path.h"
#include "media/iso_volumes.h"
#include "media/medium_errors.h"
#include "media/proved_file.h"
#include "media/volume_offer.h"

namespace courier {

namespace {

// What an image has besides its volume: descriptors and folders, the last sector, and a little for
// the file system that it lies on.
constexpr std::uint64_t kAround = 256u << 10;

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

std::string name_of(const std::string& path) {
  return SafeName::parse(std::filesystem::path(path).filename().string()).str();
}

}  // namespace

VolumeBytes IsoMedium::open_image() {
  Fd fd = fs_.open(path_, O_RDONLY | O_NONBLOCK);
  const struct stat status = fs_.stat(fd);
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::usage, escaped(where()), "is no file")
        .with_hint("name an image file, or the drive itself: /dev/sr0");
  }
  // What was read before may be in the cache, and is not what is to be looked at.
  fs_.drop_cache(fd);
  return bytes_of_device(fs_, std::move(fd), static_cast<std::uint64_t>(status.st_size));
}

MediumIdentity IsoMedium::identity() {
  const Fd dir = open_dir(fs_, folder_of(path_));
  MediumIdentity identity = identity_of(fs_, dir);
  identity.kind = "image";
  identity.file_system = "iso9660";
  identity.mount_point = where();
  identity.uuid.clear();
  identity.label.clear();
  try {
    if (fs_.stat_at(dir, name_of(path_))) identity.label = iso_label(open_image());
  } catch (const Error&) {
    // One that cannot be read has no label.
  }
  return identity;
}

ScanResult IsoMedium::scan(const std::function<void(OfferedVolume&&)>& each) {
  return offer_iso_volumes(open_image(), escaped(where()), each);
}

std::uint64_t IsoMedium::room() {
  const std::uint64_t free = free_bytes();
  return free - std::min(free, kAround);
}

std::uint64_t IsoMedium::free_bytes() {
  const Fd dir = open_dir(fs_, folder_of(path_));
  const SpaceInfo space = fs_.space(dir);
  if (space.read_only) throw read_only_error("medium " + path_of(dir));
  const std::uint64_t largest = identity_of(fs_, dir).max_file_size();
  return space.total_bytes == 0 ? largest : std::min(largest, space.free_bytes);
}

ProvedCopy IsoMedium::write_proved(const VolumeBytes& from, const std::string& name,
                                   const ProgressSink& progress) {
  const Fd dir = open_dir(fs_, folder_of(path_));
  const std::string image_name = name_of(path_);
  ProvedCopy copy;
  copy.path = escaped(where()) + "/" + SafeName::parse(name).str();
  copy.size = from.size;
  if (fs_.stat_at(dir, image_name)) {
    const auto there = iso_file_named(open_image(), escaped(where()), name);
    if (!there || there->size != from.size) throw taken_error(where());
    const Written written = copy_with_checksums(from, {}, {"writing", name, 0, 0, 0, 2}, progress);
    const ReadBack proof = compare_back(*there, written, {"verifying", name, 0, 0, 1, 2}, progress);
    if (!proof.same) throw taken_error(where());
    copy.digest = proof.digest;
    copy.was_there = true;
    copy.medium = identity();
    return copy;
  }
  if (from.size > room()) throw no_room_error("medium " + path_of(dir), from.size, free_bytes());
  const auto [image, content] = xorriso_.image(from, name);
  const ProvedFile file = write_proved_file(fs_, dir, image, image_name, progress,
                                            quirks_for_writing(fs_, dir), {content, from.size});
  copy.direct = file.direct;
  copy.digest = file.digest;
  copy.medium = identity();
  return copy;
}

}  // namespace courier
