#include "tests/support/fake_medium.h"

#include <algorithm>
#include <cerrno>

#include "base/volume_header.h"

namespace courier::test {

namespace {

std::uint64_t used_by(const std::map<std::string, Bytes>& files) {
  std::uint64_t sum = 0;
  for (const auto& [name, content] : files) sum += content.size();
  return sum;
}

Error fault(const std::string& what) {
  return Error(ErrorCode::device, "medium fake", what).with_hint("take another medium");
}

}  // namespace

MediumIdentity FakeMedium::identity() {
  MediumIdentity identity;
  identity.kind = "fake";
  identity.mount_point = "/fake";
  identity.usb = "0951:1666:FAKE0001";
  return identity;
}

ScanResult FakeMedium::scan(const std::function<void(OfferedVolume&&)>& each) {
  ScanResult result;
  for (const auto& [name, content] : files_) {
    const ByteView beginning =
        ByteView(content).first(std::min<std::size_t>(content.size(), kParcelProbeSize));
    if (!looks_like_parcel(beginning)) continue;
    if (fail_from_ && *fail_from_ < beginning.size()) {
      result.unreadable.push_back(system_error(EIO, "fake:" + name, "cannot read it"));
      continue;
    }
    ++result.found;
    OfferedVolume volume{"fake:" + name, content.size(), {}, {}};
    volume.bytes.size = content.size();
    volume.bytes.read_at = [this, bytes = content, file = name](std::uint64_t offset,
                                                                MutableByteView out) {
      const auto at = std::min<std::size_t>(offset, bytes.size());
      const std::size_t n = std::min(out.size(), bytes.size() - at);
      if (fail_from_ && at + n > *fail_from_) {
        throw system_error(EIO, "fake:" + file, "cannot read it")
            .in("reading at byte " + std::to_string(std::max<std::uint64_t>(at, *fail_from_)));
      }
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
      return n;
    };
    volume.source = [this, bytes = content, at = std::size_t{0},
                     file = name](MutableByteView out) mutable {
      const std::size_t n = std::min<std::size_t>(out.size(), bytes.size() - at);
      if (fail_from_ && at + n > *fail_from_) {
        throw system_error(ENODEV, "fake:" + file, "cannot read it")
            .in("reading at byte " + std::to_string(at));
      }
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
      at += n;
      return n;
    };
    each(std::move(volume));
  }
  return result;
}

std::uint64_t FakeMedium::room() {
  if (read_only_) throw fault("is read-only: nothing can be written to it");
  return std::min(largest_, capacity_ - std::min(capacity_, used_by(files_)));
}

ProvedCopy FakeMedium::write_proved(const VolumeBytes& from, const std::string& name,
                                    const ProgressSink& progress) {
  Bytes content(static_cast<std::size_t>(from.size));
  if (from.read_at(0, content) != content.size()) {
    throw fault("the source changed while it was read");
  }
  ProvedCopy copy{"fake:" + name,        content.size(), digest_of(DigestKind::file, content),
                  files_.contains(name), false,          identity()};
  if (copy.was_there && files_.at(name) != content) {
    throw Error(ErrorCode::not_allowed, copy.path, "exists already with other content");
  }
  if (!copy.was_there) {
    if (read_only_) throw fault("is read-only: nothing can be written to it");
    if (const std::uint64_t used = used_by(files_); used + content.size() > capacity_) {
      throw Error(ErrorCode::no_space, "medium fake",
                  std::to_string(content.size()) + " bytes needed, " +
                      std::to_string(capacity_ - used) + " free");
    }
    report(progress, {"writing", name, content.size(), content.size(), 0, 2});
    if (std::exchange(spoil_, false)) throw fault("gave back something else than was written");
    files_[name] = std::move(content);
  }
  report(progress, {"verifying", name, copy.size, copy.size, 1, 2});
  return copy;
}

}  // namespace courier::test
