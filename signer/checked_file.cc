#include "signer/checked_file.h"

#include <fmt/format.h>

#include <cstring>

#include "base/codec.h"
#include "base/digest.h"
#include "base/error.h"

namespace courier {

namespace {

constexpr std::size_t kMagicSize = 8;
constexpr std::size_t kHeadSize = kMagicSize + 2 + 4;
constexpr std::size_t kDigestSize = 32;

Error damaged(const CheckedFileKind& kind, const std::string& subject, std::string what) {
  return Error(ErrorCode::damaged, subject, std::move(what))
      .with_loss("nothing was changed")
      .with_hint(fmt::format("get another copy of this {} and run the same command", kind.what));
}

}  // namespace

Secret encode_checked(const CheckedFileKind& kind, ByteView body) {
  const std::size_t size = kHeadSize + body.size() + kDigestSize;
  if (size > kind.max_size) bug(fmt::format("a {} of {} bytes is too large", kind.what, size));
  Encoder head;
  head.raw(as_bytes(kind.magic)).u16(kind.version).u32(static_cast<std::uint32_t>(body.size()));
  Secret file(size);
  std::uint8_t* out = file.bytes().data();
  std::memcpy(out, head.view().data(), kHeadSize);
  if (!body.empty()) std::memcpy(out + kHeadSize, body.data(), body.size());
  const Digest digest =
      digest_of(DigestKind::site_file, file.view().first(kHeadSize + body.size()));
  std::memcpy(out + kHeadSize + body.size(), digest.bytes.data(), kDigestSize);
  return file;
}

CheckedBody decode_checked(const CheckedFileKind& kind, ByteView file, const std::string& subject) {
  if (file.size() < kMagicSize || as_text(file.first(kMagicSize)) != kind.magic) {
    throw damaged(kind, subject, fmt::format("is no {}", kind.what));
  }
  if (file.size() > kind.max_size) {
    throw damaged(
        kind, subject,
        fmt::format("has {} bytes; a {} has at most {}", file.size(), kind.what, kind.max_size));
  }
  if (file.size() < kHeadSize + kDigestSize) {
    throw damaged(kind, subject, fmt::format("ends after {} bytes", file.size()));
  }
  Decoder head(file.subspan(kMagicSize), subject);
  const std::uint16_t version = head.u16();
  const std::uint64_t body_size = head.u32();
  const std::uint64_t wanted = kHeadSize + body_size + kDigestSize;
  if (file.size() != wanted) {
    throw damaged(kind, subject, fmt::format("has {} bytes instead of {}", file.size(), wanted));
  }
  const ByteView checked = file.first(file.size() - kDigestSize);
  if (Digest::from(file.last(kDigestSize)) != digest_of(DigestKind::site_file, checked)) {
    throw damaged(kind, subject, "has changed bytes: its checksum is wrong");
  }
  if (version > kind.version || version == 0) {
    throw Error(
        ErrorCode::unsupported, subject,
        fmt::format("has version {}; this courier reads up to version {}", version, kind.version))
        .with_loss("nothing was changed");
  }
  return {version, checked.subspan(kHeadSize)};
}

}  // namespace courier
