#include "parcel/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace courier {

void put_site(Encoder& out, const SiteCode& code) {
  if (code.empty()) bug("a site code is missing where the format wants one");
  out.raw(as_bytes(code.str()));
}

SiteCode get_site(Decoder& in) {
  const auto code = SiteCode::try_parse(as_text(in.raw(3)));
  if (!code) in.fail("has a site code that is not three characters A-Z 0-9");
  return *code;
}

void put_package(Encoder& out, const PackageId& id) { out.text(id.str()); }

PackageId get_package(Decoder& in) {
  const std::string text = in.text(8);
  if (text.empty()) return {};
  const auto id = PackageId::try_parse(text);
  if (!id || id->str() != text) in.fail("has a package id that is none");
  return *id;
}

void put_incarnation(Encoder& out, const Incarnation& incarnation) {
  out.u32(incarnation.ordinal).raw(incarnation.random);
}

Incarnation get_incarnation(Decoder& in) {
  Incarnation incarnation;
  incarnation.ordinal = in.u32();
  std::ranges::copy(in.raw(incarnation.random.size()), incarnation.random.begin());
  return incarnation;
}

void put_time(Encoder& out, Time time) { out.zigzag(time.time_since_epoch().count()); }

Time get_time(Decoder& in) { return Time(std::chrono::nanoseconds(in.zigzag())); }

std::string free_text(std::string_view text, std::size_t max_size) {
  std::string safe(text);
  if (safe.find('\0') != std::string::npos || !is_valid_utf8(safe)) safe = escaped(safe);
  if (safe.size() > max_size) {
    std::size_t end = max_size;
    while (end > 0 && (static_cast<unsigned char>(safe[end]) & 0xC0) == 0x80) --end;
    safe.resize(end);
  }
  return safe;
}

void put_extensions(Encoder& out, const Extensions& extensions) {
  require_at_most(extensions.size(), kMaxExtensions, "extensions");
  out.varint(extensions.size());
  const std::uint64_t* previous = nullptr;
  for (const auto& [tag, value] : extensions) {
    if (previous != nullptr && tag <= *previous) {
      throw Error(ErrorCode::usage, "extension", fmt::format("{} does not ascend", tag));
    }
    previous = &tag;
    require_at_most(value.size(), kMaxExtensionSize, "bytes of an extension");
    out.varint(tag).bytes(value);
  }
}

Extensions get_extensions(Decoder& in) {
  Extensions extensions(in.count(kMaxExtensions, 2));
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    auto& [tag, value] = extensions[i];
    tag = in.varint();
    if (i > 0 && tag <= extensions[i - 1].first) in.fail("has extensions that do not ascend");
    value = to_bytes(in.bytes(kMaxExtensionSize));
  }
  return extensions;
}

void require_at_most(std::size_t value, std::size_t limit, std::string_view what) {
  if (value > limit) {
    throw Error(ErrorCode::usage, "parcel",
                fmt::format("has {} {}, at most {} are allowed", value, what, limit));
  }
}

}  // namespace courier
