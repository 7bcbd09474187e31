#include "media/xorriso.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "media/iso_listing.h"
#include "media/xorriso_child.h"

namespace courier {

namespace {

constexpr std::size_t kMostHead = 1u << 20;  // of an image with one file: about 70 KiB
constexpr std::size_t kMostTail = 1u << 20;

// A file of this size without content, for xorriso to lay out an image with.
class SparseFile {
 public:
  explicit SparseFile(std::uint64_t size) {
    path_ = std::filesystem::temp_directory_path() / "courier-size-XXXXXX";
    const Fd fd{::mkostemp(path_.data(), O_CLOEXEC)};
    if (!fd) throw system_error(errno, escaped(path_), "cannot make it");
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
      const int fault = errno;
      ::unlink(path_.c_str());
      throw system_error(fault, escaped(path_),
                         fmt::format("cannot be {} bytes long, even without content", size))
          .with_hint("let TMPDIR name a folder on another file system");
    }
  }
  ~SparseFile() { ::unlink(path_.c_str()); }
  SparseFile(const SparseFile&) = delete;
  SparseFile& operator=(const SparseFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Bytes read_beginning(const Fd& fd, std::size_t most) {
  Bytes bytes(most);
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    filled += static_cast<std::size_t>(n);
  }
  bytes.resize(filled);
  return bytes;
}

VolumeBytes bytes_in_memory(const Bytes& bytes) {
  return {UINT64_MAX, [&bytes](std::uint64_t offset, MutableByteView out) -> std::size_t {
            if (offset >= bytes.size()) return 0;
            const std::size_t n = std::min<std::size_t>(out.size(), bytes.size() - offset);
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
            return n;
          }};
}

// Where the one file begins and the image ends, if the image is what was asked for.
struct Layout {
  std::uint64_t content = 0, end = 0;
};
Layout layout_of(const Bytes& beginning, const std::string& name, std::uint64_t size) {
  const std::string subject = "the image that xorriso laid out";
  const auto require = [&](bool as_asked) {
    if (!as_asked) throw Error(ErrorCode::device, subject, "is not the one it was asked for");
  };
  const IsoListing listing = list_iso(bytes_in_memory(beginning), subject);
  require(listing.files.size() == 1 && listing.unreadable.empty());
  const IsoFile& file = listing.files.front();
  require(file.path == name && file.size == size && listing.label == disc_label(name));
  Layout layout{file.extents.front().offset, 0};
  std::uint64_t end = layout.content;
  for (const IsoExtent& extent : file.extents) {
    require(extent.offset == end);
    end += extent.size;
  }
  layout.end = listing.size;
  require(layout.content <= beginning.size() && layout.end >= end && layout.end - end <= kMostTail);
  return layout;
}

}  // namespace

DiscImage Xorriso::image(const VolumeBytes& volume, const std::string& name) const {
  const SparseFile placeholder(volume.size);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error(errno, "pipe", "cannot make it");
  const Fd here{ends[0]};
  Fd there{ends[1]};
  XorrisoChild child(
      program_,
      {"-outdev", "stdio:/dev/fd/3", "-volid", disc_label(name), "-joliet", "on", "-rockridge",
       "on", "-compliance", "iso_9660_level=3", "-padding", "0", "-cut_out", placeholder.path(),
       "0", std::to_string(volume.size), "/" + name, "-commit"},
      &there);
  there.close();
  Bytes head = read_beginning(here, kMostHead);
  // It may fail at once, and otherwise would go on with the content that is not there.
  if (head.size() < kMostHead && !child.finish()) throw child.failure("laying out an ISO image");
  const Layout layout = layout_of(head, name, volume.size);
  head.resize(layout.content);
  DiscImage image{{}, layout.content};
  image.bytes.size = layout.end;
  image.bytes.read_at = [head = std::move(head), volume, end = layout.end](std::uint64_t offset,
                                                                           MutableByteView out) {
    out = out.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), end - std::min(end, offset))));
    std::size_t filled = 0;
    while (filled < out.size()) {
      const MutableByteView rest = out.subspan(filled);
      const std::uint64_t at = offset + filled;
      if (at < head.size()) {
        const std::size_t n = std::min<std::size_t>(rest.size(), head.size() - at);
        std::copy_n(head.begin() + static_cast<std::ptrdiff_t>(at), n, rest.begin());
        filled += n;
      } else if (at - head.size() < volume.size) {
        const std::uint64_t from = at - head.size();
        const auto wanted = std::min<std::uint64_t>(rest.size(), volume.size - from);
        const std::size_t n = volume.read_at(from, rest.first(static_cast<std::size_t>(wanted)));
        filled += n;
        if (n < wanted) break;
      } else {
        std::fill(rest.begin(), rest.end(), std::uint8_t{0});
        filled = out.size();
      }
    }
    return filled;
  };
  return image;
}

DiscState Xorriso::disc(const std::string& drive) const {
  XorrisoChild child(program_, {"-outdev", drive, "-toc"});
  if (!child.finish()) {
    throw child.failure("drive " + escaped(drive))
        .with_hint(
            "check that the drive is there, that a disc is in it and not mounted, and that "
            "you may use the drive");
  }
  return child.dialogue().disc();
}

DiscBurner Xorriso::burn(const std::string& drive, std::uint64_t size, ProgressEvent progress,
                         const ProgressSink& sink) const {
  progress.total = size;
  // 64 MiB between us and the drive, which must not run dry.
  return {std::make_unique<XorrisoChild>(
              program_,
              std::vector<std::string>{"-as", "cdrecord", "-v", "dev=" + drive, "-data", "-nopad",
                                       "fs=64m", fmt::format("tsize={}s", size / kIsoSector), "-"}),
          drive, std::move(progress), sink};
}

DiscBurner::DiscBurner(std::unique_ptr<XorrisoChild> child, std::string drive,
                       ProgressEvent progress, const ProgressSink& sink)
    : child_(std::move(child)),
      drive_(std::move(drive)),
      progress_(std::move(progress)),
      sink_(sink) {}

DiscBurner::DiscBurner(DiscBurner&&) noexcept = default;
DiscBurner::~DiscBurner() = default;

void DiscBurner::write(ByteView block) {
  const bool is_reading = child_->feed(block);
  progress_.done = std::min(child_->dialogue().bytes_written(), progress_.total);
  report(sink_, progress_);
  if (!is_reading) fail();
}

void DiscBurner::finish() {
  if (!child_->finish()) fail();
}

void DiscBurner::fail() {
  child_->finish();
  throw child_->failure("drive " + escaped(drive_))
      .with_loss("the disc in it is spoilt; nothing else was lost")
      .with_hint("take a new disc and run the same command");
}

void Xorriso::reload(const std::string& drive) const {
  XorrisoChild out(program_, {"-outdev", drive, "-eject", "all"});
  out.finish();
  XorrisoChild in(program_, {"-indev", drive});
  in.finish();
}

std::string disc_label(const std::string& name) {
  std::string label = name.ends_with(".pcl") ? name.substr(0, name.size() - 4) : name;
  for (char& c : label) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!is_letter && !(c >= '0' && c <= '9')) c = '_';
  }
  return label.substr(0, 32);
}

}  // namespace courier
