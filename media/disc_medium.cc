#include "media/disc_medium.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/cdrom.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/safe_path.h"
#include "media/iso_volumes.h"
#include "media/medium_errors.h"
#include "media/volume_offer.h"

namespace courier {

namespace {

// What an image has besides its volume, and what xorriso and the drive round up to.
constexpr std::uint64_t kAround = 1u << 20;

// Where the last session begins, in bytes: its folders are the disc's. 0, too, where the drive says
// nothing of sessions (and for the image file of a test).
std::uint64_t last_session_of(const Fd& drive) {
  cdrom_multisession session{};
  session.addr_format = CDROM_LBA;
  if (::ioctl(drive.get(), CDROMMULTISESSION, &session) != 0 || session.xa_flag == 0) return 0;
  return session.addr.lba < 0 ? 0 : static_cast<std::uint64_t>(session.addr.lba) * kIsoSector;
}

}  // namespace

VolumeBytes DiscMedium::open_disc() {
  std::optional<Fd> fd;
  try {
    fd = fs_.open(device_, O_RDONLY | O_NONBLOCK);
    fs_.drop_cache(*fd);
    const std::uint64_t size = size_of_device(fs_, *fd);
    session_ = last_session_of(*fd);
    return bytes_of_device(fs_, std::move(*fd), size);
  } catch (Error& error) {
    throw error.with_hint("check that the drive is there and a disc is in it");
  }
}

MediumIdentity DiscMedium::identity() {
  MediumIdentity identity;
  identity.kind = "disc";
  identity.file_system = "iso9660";
  identity.mount_point = device_;
  try {
    const VolumeBytes disc = open_disc();
    identity.label = iso_label(disc, session_);
  } catch (const Error&) {
    // A blank disc, or one that cannot be read, has no label.
  }
  return identity;
}

ScanResult DiscMedium::scan(const std::function<void(OfferedVolume&&)>& each) {
  const VolumeBytes disc = open_disc();
  return offer_iso_volumes(disc, escaped(device_), each, session_);
}

std::uint64_t DiscMedium::room() {
  const DiscState state = xorriso_.disc(drive_);
  if (!state.is_blank) {
    throw Error(ErrorCode::not_allowed, "disc in " + escaped(device_),
                state.medium.empty() ? "there is none" : "is not blank: it is a " + state.medium)
        .with_hint("a disc is written once: insert a blank one and run the same command");
  }
  return state.writable_bytes - std::min(state.writable_bytes, kAround);
}

bool DiscMedium::has_volume(const VolumeBytes& from, const std::string& name, ProvedCopy& copy,
                            const ProgressSink& progress) {
  std::optional<VolumeBytes> there;
  try {
    const VolumeBytes disc = open_disc();
    there = iso_file_named(disc, escaped(device_), name, session_);
  } catch (const Error&) {
    return false;  // a blank disc cannot be read
  }
  if (!there || there->size != from.size) return false;
  const Written written = copy_with_checksums(from, {}, {"writing", name, 0, 0, 0, 2}, progress);
  const ReadBack proof = compare_back(*there, written, {"verifying", name, 0, 0, 1, 2}, progress);
  copy.digest = proof.digest;
  return proof.same;
}

// A drive that has put its disc out may not be able to take it in again.
VolumeBytes DiscMedium::open_burnt(const std::string& subject) {
  try {
    return open_disc();
  } catch (const Error& error) {
    throw Error(ErrorCode::device, subject,
                std::string("is written and closed, but cannot be read back: ") + error.what())
        .with_loss("nothing was lost")
        .with_hint(
            "put the same disc in again, and run the same command: it is read back, and none is "
            "written");
  }
}

ProvedCopy DiscMedium::write_proved(const VolumeBytes& from, const std::string& name,
                                    const ProgressSink& progress) {
  const std::string subject = "disc in " + escaped(device_);
  ProvedCopy copy;
  copy.path = escaped(device_) + "/" + SafeName::parse(name).str();
  copy.size = from.size;
  copy.was_there = has_volume(from, name, copy, progress);
  if (copy.was_there) {
    copy.medium = identity();
    return copy;
  }
  const std::uint64_t free = room();
  if (from.size > free) throw no_room_error(subject, from.size, free);

  const auto [image, content] = xorriso_.image(from, name);
  DiscBurner burner = xorriso_.burn(drive_, image.size, {"writing", name, 0, 0, 0, 2}, progress);
  const Written written =
      copy_with_checksums(image, [&burner](ByteView block) { burner.write(block); }, {}, {});
  report(progress, {"flushing", name, image.size, image.size, 0, 2});
  burner.finish();
  xorriso_.reload(drive_);
  VolumeBytes back = open_burnt(subject);
  back.size = std::min(back.size, image.size);
  const ReadBack proof =
      compare_back(with_place(back, device_), written, {"verifying", name, 0, 0, 1, 2}, progress,
                   {content, from.size});
  if (!proof.same) {
    throw spoilt_error(subject, name, proof, image.size)
        .with_loss("the disc is spoilt; nothing else was lost")
        .with_hint("take a new disc and run the same command");
  }
  copy.digest = proof.digest;
  copy.medium = identity();
  return copy;
}

}  // namespace courier
