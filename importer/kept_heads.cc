#include "importer/kept_heads.h"

#include <fcntl.h>

#include "base/durable.h"
#include "base/frame.h"

namespace courier {
namespace {

Fd folder_of(const ImporterParts& parts) { return make_dirs(parts.fs, parts.home + "/incoming"); }
std::string name_of(const Digest& label) { return label.hex() + ".head"; }

void write_frame(DurableFile& file, FrameKind kind, ByteView payload) {
  file.write(encode_frame_header(kind, 0, payload));
  file.write(payload);
}

}  // namespace

void keep_head(const ImporterParts& parts, const VerifiedHead& verified) {
  const Fd folder = folder_of(parts);
  const std::string name = name_of(verified.label_digest());
  if (parts.fs.stat_at(folder, name)) return;
  sweep_temporary(parts.fs, folder);
  const ParcelHead& head = verified.head();
  VolumeHeader volume;
  volume.end_record = 0;  // none of the records
  volume.label_digest = head.label_digest;
  Bytes label = head.label_body;
  label.insert(label.end(), head.signature.begin(), head.signature.end());
  DurableFile file{parts.fs, folder, name};
  write_frame(file, FrameKind::volume_header, encode_volume_header(volume));
  write_frame(file, FrameKind::label, label);
  write_frame(file, FrameKind::key_slots, head.key_slots);
  write_frame(file, FrameKind::packing_list, head.sealed_packing_list);
  file.commit(Replace::never);
}

std::optional<OfferedVolume> open_kept_head(const ImporterParts& parts, const Digest& label) {
  const Fd folder = folder_of(parts);
  const std::string name = name_of(label);
  const auto status = parts.fs.stat_at(folder, name);
  if (!status) return std::nullopt;
  const auto fd = std::make_shared<const Fd>(parts.fs.open_at(folder, name, O_RDONLY));
  OfferedVolume volume;
  volume.path = path_of(folder, name);
  volume.size = static_cast<std::uint64_t>(status->st_size);
  volume.source = [&fs = parts.fs, fd](MutableByteView out) { return fs.read(*fd, out); };
  volume.bytes = bytes_of_file(parts.fs, fd);
  return volume;
}

void drop_head(const ImporterParts& parts, const Digest& label) {
  const Fd folder = folder_of(parts);
  if (!parts.fs.stat_at(folder, name_of(label))) return;
  parts.fs.unlink_at(folder, name_of(label));
  parts.fs.sync(folder);
}

}  // namespace courier
