#include "parcel/packing_list.h"

#include <fmt/format.h>

#include "base/codec.h"
#include "base/error.h"
#include "parcel/fields.h"

namespace courier {

namespace {

constexpr std::uint8_t kFlagNoFiles = 1;
constexpr std::uint8_t kFlagWhole = 2;
constexpr std::size_t kMinBaseSize = 1 + 8 + 1 + 32;

bool wants_package(ItemKind kind) { return kind != ItemKind::trust && kind != ItemKind::verdicts; }

bool wants_version(ItemKind kind) {
  return kind == ItemKind::package || kind == ItemKind::announcement ||
         kind == ItemKind::redistribute;
}

Bytes encode_fields(const Item& item) {
  require_at_most(item.package_name.size(), kMaxNameSize, "bytes in a package name");
  require_at_most(item.share_name.size(), kMaxNameSize, "bytes in a share name");
  require_at_most(item.comment.size(), kMaxCommentSize, "bytes in an item's comment");
  require_at_most(item.bases.size(), kMaxBases, "bases of an item");
  require_at_most(item.dps.size(), kMaxDps, "distribution points of an item");
  Encoder out;
  put_package(out, item.package);
  out.varint(item.version).digest(item.root).varint(item.content_bytes).varint(item.files);
  out.text(item.package_name).text(item.share_name).text(item.comment);
  out.u8(static_cast<std::uint8_t>((item.no_files ? kFlagNoFiles : 0) |
                                   (item.whole ? kFlagWhole : 0)));
  out.varint(item.bases.size());
  for (const auto& base : item.bases) {
    put_package(out, base.package);
    out.varint(base.version).digest(base.root);
  }
  out.varint(item.dps.size());
  for (const auto& dp : item.dps) {
    require_at_most(dp.size(), kMaxDpNameSize, "bytes in a distribution point's name");
    out.text(dp);
  }
  out.bytes(item.body);
  put_extensions(out, item.extensions);
  return out.take();
}

void parse_fields(ByteView bytes, const std::string& subject, ItemKind kind, Item& item) {
  Decoder in(bytes, subject);
  item.package = get_package(in);
  item.version = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  item.root = in.digest();
  item.content_bytes = in.varint();
  item.files = in.varint();
  item.package_name = in.text(kMaxNameSize);
  item.share_name = in.text(kMaxNameSize);
  item.comment = in.text(kMaxCommentSize);
  const std::uint8_t flags = in.u8();
  if ((flags & ~(kFlagNoFiles | kFlagWhole)) != 0) in.fail("has a flag that is not defined");
  item.no_files = (flags & kFlagNoFiles) != 0;
  item.whole = (flags & kFlagWhole) != 0;
  item.bases.resize(in.count(kMaxBases, kMinBaseSize));
  for (auto& base : item.bases) {
    base.package = get_package(in);
    if (base.package.empty()) in.fail("has a base without a package id");
    base.version = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
    base.root = in.digest();
  }
  item.dps.resize(in.count(kMaxDps, 2));
  for (auto& dp : item.dps) {
    dp = in.text(kMaxDpNameSize);
    if (dp.empty()) in.fail("names a distribution point without a name");
  }
  item.body = to_bytes(in.bytes(kMaxPackingListSize));
  item.extensions = get_extensions(in);
  in.expect_end();
  if (wants_package(kind) && item.package.empty()) in.fail("has no package id");
  if (wants_version(kind) && item.version == 0) in.fail("has package version 0");
}

}  // namespace

std::optional<ItemKind> Item::kind() const {
  if (kind_code < static_cast<std::uint8_t>(ItemKind::package) ||
      kind_code > static_cast<std::uint8_t>(ItemKind::request)) {
    return std::nullopt;
  }
  return static_cast<ItemKind>(kind_code);
}

Bytes encode_packing_list(const PackingList& list, std::size_t addressees) {
  require_at_most(list.items.size(), kMaxItems, "items");
  Encoder out;
  out.varint(list.items.size());
  for (const auto& item : list.items) {
    if (item.jobs.size() != addressees) bug("an item has a job number for each addressee");
    out.u8(item.kind_code);
    for (const auto job : item.jobs) out.varint(job);
    out.bytes(item.kind() ? encode_fields(item) : item.raw);
  }
  put_extensions(out, list.extensions);
  require_at_most(out.size(), kMaxPackingListSize, "bytes in its packing list");
  return out.take();
}

PackingList parse_packing_list(ByteView bytes, std::size_t addressees, const std::string& subject) {
  Decoder in(bytes, subject);
  PackingList list;
  list.items.resize(in.count(kMaxItems, 2 + addressees));
  std::size_t number = 0;
  for (auto& item : list.items) {
    ++number;
    item.kind_code = in.u8();
    item.jobs.resize(addressees);
    for (auto& job : item.jobs) job = in.varint();
    const ByteView fields = in.bytes(kMaxPackingListSize);
    if (const auto kind = item.kind()) {
      parse_fields(fields, fmt::format("item {} of the {}", number, subject), *kind, item);
    } else {
      item.raw = to_bytes(fields);
    }
  }
  list.extensions = get_extensions(in);
  in.expect_end();
  return list;
}

Bytes encode_item(const Item& item, std::uint64_t job) {
  PackingList list;
  list.items.push_back(item);
  list.items.front().jobs = {job};
  return encode_packing_list(list, 1);
}

Item decode_item(ByteView encoded) {
  PackingList list = parse_packing_list(encoded, 1);
  if (list.items.size() != 1) {
    throw Error{ErrorCode::damaged, "item of an incoming parcel", "is not one item"};
  }
  return std::move(list.items.front());
}

std::string kind_word(std::uint8_t kind_code) {
  Item item;
  item.kind_code = kind_code;
  const auto kind = item.kind();
  return kind ? std::string(word(*kind)) : fmt::format("unknown kind {}", kind_code);
}

}  // namespace courier
