#include "store/archive_message.h"

#include <algorithm>

#include "base/codec.h"
#include "store/tree.h"

namespace courier {

namespace {

enum class Kind : std::uint8_t { entry = 1, data = 2, broken = 3, fault = 4, end = 5 };

constexpr std::uint32_t kNanoseconds = 1'000'000'000;

ByteView cut(std::string_view text, std::size_t limit) {
  return as_bytes(text.substr(0, std::min(text.size(), limit)));
}

struct Writer {
  Encoder out;

  Encoder& begin(Kind kind) { return out.u8(static_cast<std::uint8_t>(kind)); }

  void operator()(const ArchiveEntry& entry) {
    begin(Kind::entry).u8(static_cast<std::uint8_t>(entry.type));
    out.bytes(cut(entry.name, kMaxArchiveName)).bytes(cut(entry.target, kMaxArchiveName));
    out.varint(entry.mode & 07777u).boolean(entry.mtime.has_value());
    if (entry.mtime) out.zigzag(entry.mtime->seconds).varint(entry.mtime->nanoseconds);
    out.boolean(entry.size.has_value());
    if (entry.size) out.varint(*entry.size);
    out.varint(entry.xattrs.size());
    for (const auto& [name, value] : entry.xattrs) out.bytes(as_bytes(name)).bytes(value);
    out.bytes(cut(entry.remark, kMaxArchiveText));
  }
  void operator()(const ArchiveData& data) {
    begin(Kind::data).varint(data.offset).bytes(data.bytes);
  }
  void operator()(const ArchiveBroken& broken) {
    begin(Kind::broken).bytes(cut(broken.what, kMaxArchiveText));
  }
  void operator()(const ArchiveFault& fault) {
    begin(Kind::fault).u8(static_cast<std::uint8_t>(fault.kind));
    out.bytes(cut(fault.what, kMaxArchiveText));
  }
  void operator()(const ArchiveEnd&) { begin(Kind::end); }
};

std::string read_text(Decoder& in, std::size_t limit) { return to_string(in.bytes(limit)); }

ArchiveEntry read_entry(Decoder& in) {
  ArchiveEntry entry;
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 5) in.fail("an entry of no known type");
  entry.type = static_cast<ArchiveEntry::Type>(type);
  entry.name = read_text(in, kMaxArchiveName);
  entry.target = read_text(in, kMaxArchiveName);
  entry.mode = static_cast<std::uint16_t>(in.varint(07777));
  if (in.boolean()) {
    entry.mtime.emplace();
    entry.mtime->seconds = in.zigzag();
    entry.mtime->nanoseconds = static_cast<std::uint32_t>(in.varint(kNanoseconds - 1));
  }
  if (in.boolean()) entry.size = in.varint(INT64_MAX);
  const std::size_t count = in.count(kMaxXattrs + 1, 2);
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = read_text(in, 255);
    if (name.size() <= 5 || !name.starts_with("user.") || name.find('\0') != std::string::npos) {
      in.fail("an extended attribute with a bad name");
    }
    entry.xattrs.emplace_back(std::move(name), to_bytes(in.bytes(kMaxXattrBytes)));
  }
  entry.remark = read_text(in, kMaxArchiveText);
  return entry;
}

ArchiveMessage read_message(Decoder& in) {
  switch (static_cast<Kind>(in.u8())) {
    case Kind::entry:
      return read_entry(in);
    case Kind::data: {
      const std::uint64_t offset = in.varint(INT64_MAX);
      return ArchiveData{offset, in.bytes(kMaxArchiveData)};
    }
    case Kind::broken:
      return ArchiveBroken{read_text(in, kMaxArchiveText)};
    case Kind::fault: {
      const std::uint8_t kind = in.u8();
      if (kind < 1 || kind > 3) in.fail("a fault of no known kind");
      return ArchiveFault{static_cast<ArchiveFault::Kind>(kind), read_text(in, kMaxArchiveText)};
    }
    case Kind::end:
      return ArchiveEnd{};
  }
  in.fail("a message of no known kind");
}

}  // namespace

Bytes encode(const ArchiveMessage& message) {
  Writer writer;
  std::visit(writer, message);
  return writer.out.take();
}

ArchiveMessage decode_archive_message(ByteView message) {
  Decoder in(message, "archive message");
  ArchiveMessage out = read_message(in);
  in.expect_end();
  return out;
}

}  // namespace courier
