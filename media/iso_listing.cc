#include "media/iso_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/codec.h"

namespace courier {

namespace {

constexpr std::uint64_t kFirstDescriptor = 16 * kIsoSector;
constexpr int kMostDescriptors = 64;
constexpr int kDepth = 4;  // as FolderMedium
constexpr std::uint64_t kMaxFolderBytes = 16u << 20;
constexpr std::uint64_t kMaxAllFolderBytes = 64u << 20;
constexpr std::size_t kMaxFiles = 100'000, kMaxExtents = 100'000;

constexpr std::uint8_t kIsFolder = 0x02, kIsContinued = 0x80;

// A directory record.
struct Record {
  std::string name;
  bool is_self_or_parent = false;
  std::uint8_t flags = 0;
  IsoExtent extent;
};

// The number of which ECMA-119 keeps a copy in the other byte order, which is not looked at.
std::uint32_t both_orders(Decoder& in) {
  const std::uint32_t value = in.u32();
  in.raw(4);
  return value;
}

// What Rock Ridge calls the file; empty when it says nothing. A name that goes on elsewhere (CE) is
// taken as far as it is here.
std::string rock_ridge_name(ByteView system_use, const std::string& subject) {
  std::string name;
  Decoder in(system_use, subject);
  while (in.remaining() >= 4) {
    const std::string_view signature = as_text(in.raw(2));
    const std::size_t size = in.u8();
    in.u8();  // version
    if (size < 4 || size - 4 > in.remaining()) break;
    const ByteView payload = in.raw(size - 4);
    if (signature == "NM" && payload.size() > 1) name += as_text(payload.subspan(1));
    if (signature == "ST") break;
  }
  return name;
}

// "PUN_PSE_000012.PCL;1" without the version.
std::string plain_name(std::string_view identifier) {
  identifier = identifier.substr(0, identifier.find(';'));
  if (identifier.ends_with('.')) identifier.remove_suffix(1);
  return std::string(identifier);
}

// in: the record behind its first byte, its length.
Record parse_record(ByteView bytes, const std::string& subject) {
  Decoder in(bytes, subject);
  Record record;
  const std::uint64_t attribute_sectors = in.u8();
  record.extent.offset = (both_orders(in) + attribute_sectors) * kIsoSector;
  record.extent.size = both_orders(in);
  in.raw(7);  // time
  record.flags = in.u8();
  const bool is_interleaved = in.u8() != 0;
  in.raw(1 + 4);  // gap size, volume sequence number
  const std::size_t name_size = in.u8();
  const ByteView identifier = in.raw(name_size);
  record.is_self_or_parent = name_size == 1 && identifier[0] <= 1;
  if (name_size % 2 == 0 && in.remaining() > 0) in.raw(1);
  record.name = rock_ridge_name(in.raw(in.remaining()), subject);
  if (record.name.empty()) record.name = plain_name(as_text(identifier));
  if (is_interleaved) in.fail("has an interleaved file, which no disc of files has,");
  return record;
}

class IsoWalk {
 public:
  IsoWalk(const VolumeBytes& image, IsoListing& listing, std::string subject)
      : image_(image), listing_(listing), subject_(std::move(subject)) {}

  // Errors: damaged, device.
  void folder(const IsoExtent& extent, const std::string& path, int depth) {
    // A loop, or one folder by two names.
    if (!seen_.insert(extent.offset).second) return;
    const Bytes bytes = folder_bytes(extent, path);
    std::optional<IsoFile> open;  // its extents are not all here yet
    for (std::size_t sector = 0; sector < bytes.size(); sector += kIsoSector) {
      ByteView rest = ByteView(bytes).subspan(sector);
      rest = rest.first(std::min<std::size_t>(rest.size(), kIsoSector));
      while (!rest.empty() && rest[0] != 0) {
        const std::size_t size = rest[0];
        if (size > rest.size()) fail(path, "has a record that leaves its sector");
        const Record record = parse_record(rest.subspan(1, size - 1), folder_name(path));
        rest = rest.subspan(size);
        if (record.is_self_or_parent) continue;
        entry(record, path, depth, open);
      }
    }
    if (open) close(open, path);
  }

 private:
  std::string folder_name(const std::string& path) const {
    return path.empty() ? subject_ : subject_ + "/" + escaped(path);
  }
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw Error(ErrorCode::damaged, folder_name(path), what);
  }

  Bytes folder_bytes(const IsoExtent& extent, const std::string& path) {
    if (extent.size > kMaxFolderBytes || extent.size > kMaxAllFolderBytes - folder_bytes_) {
      fail(path, fmt::format("has {} bytes of file names, which is too much", extent.size));
    }
    if (extent.offset > image_.size || extent.size > image_.size - extent.offset) {
      fail(path, fmt::format("lies at bytes {} to {}, and the image ends at {}", extent.offset,
                             extent.offset + extent.size, image_.size));
    }
    folder_bytes_ += extent.size;
    Bytes bytes(extent.size);
    if (image_.read_at(extent.offset, bytes) != bytes.size()) fail(path, "ends early");
    return bytes;
  }

  void entry(const Record& record, const std::string& path, int depth,
             std::optional<IsoFile>& open) {
    if (record.name.empty() || record.name.starts_with('.')) return;
    std::string at = path.empty() ? record.name : path + "/" + record.name;
    if (record.flags & kIsFolder) {
      if (depth < kDepth) subfolder(record.extent, at, depth + 1);
      return;
    }
    if (open && open->path != at) close(open, path);  // its last piece is not there
    if (!open) open = IsoFile{std::move(at), 0, {}};
    if (++extents_ > kMaxExtents) fail(path, "has too many pieces of files");
    open->size += record.extent.size;
    open->extents.push_back(record.extent);
    if (!(record.flags & kIsContinued)) close(open, path);
  }

  void close(std::optional<IsoFile>& open, const std::string& path) {
    if (listing_.files.size() == kMaxFiles) fail(path, "has too many files");
    listing_.files.push_back(std::move(*open));
    open.reset();
  }

  void subfolder(const IsoExtent& extent, const std::string& path, int depth) {
    try {
      folder(extent, path, depth);
    } catch (const Error& error) {
      listing_.unreadable.push_back(error);
    }
  }

  const VolumeBytes& image_;
  IsoListing& listing_;
  const std::string subject_;
  std::set<std::uint64_t> seen_;
  std::uint64_t folder_bytes_ = 0;
  std::size_t extents_ = 0;
};

struct Descriptor {
  std::string label;
  std::uint64_t size = 0;
  IsoExtent root;
};

Descriptor parse_primary(ByteView sector, const std::string& subject) {
  Decoder in(sector, subject);
  in.raw(40);
  Descriptor found;
  found.label = std::string(as_text(in.raw(32)));
  found.label.erase(found.label.find_last_not_of(' ') + 1);
  in.raw(8);
  found.size = both_orders(in) * kIsoSector;
  in.raw(128 - 88);
  if (in.u16() != kIsoSector) in.fail("does not have blocks of 2048 bytes");
  in.raw(156 - 130);
  const std::size_t root_size = in.u8();
  if (root_size < 34) in.fail("has no root folder");
  found.root = parse_record(in.raw(33), subject).extent;
  return found;
}

// Errors: not_found, when none of the descriptors is a primary one.
Descriptor find_primary(const VolumeBytes& image, const std::string& subject,
                        std::uint64_t session) {
  Bytes sector(kIsoSector);
  for (int i = 0; i < kMostDescriptors; ++i) {
    const std::uint64_t at =
        session + kFirstDescriptor + static_cast<std::uint64_t>(i) * kIsoSector;
    if (image.read_at(at, sector) != sector.size()) break;
    if (as_text(sector).substr(1, 5) != "CD001" || sector[0] == 255) break;
    if (sector[0] == 1) return parse_primary(sector, subject);
  }
  throw Error(ErrorCode::not_found, subject, "has no ISO 9660 file system")
      .with_hint("check that it is the right one: a disc or image of Courier's has one");
}

}  // namespace

IsoListing list_iso(const VolumeBytes& image, const std::string& subject, std::uint64_t session) {
  const Descriptor primary = find_primary(image, subject, session);
  IsoListing listing;
  listing.label = primary.label;
  listing.size = primary.size;
  IsoWalk(image, listing, subject).folder(primary.root, "", 0);
  std::stable_sort(listing.files.begin(), listing.files.end(),
                   [](const IsoFile& a, const IsoFile& b) { return a.path < b.path; });
  return listing;
}

VolumeBytes iso_file_bytes(const VolumeBytes& image, const IsoFile& file) {
  VolumeBytes bytes;
  bytes.size = file.size;
  bytes.read_at = [image, extents = file.extents](std::uint64_t offset, MutableByteView out) {
    std::size_t filled = 0;
    for (const IsoExtent& extent : extents) {
      if (filled == out.size()) break;
      if (offset >= extent.size) {
        offset -= extent.size;
        continue;
      }
      const auto wanted = static_cast<std::size_t>(
          std::min<std::uint64_t>(out.size() - filled, extent.size - offset));
      const std::size_t n = image.read_at(extent.offset + offset, out.subspan(filled, wanted));
      filled += n;
      if (n < wanted) break;
      offset = 0;
    }
    return filled;
  };
  return bytes;
}

}  // namespace courier
