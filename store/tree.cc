#include "store/tree.h"

#include "base/codec.h"
#include "base/error.h"
#include "base/safe_path.h"
#include "store/block.h"
#include "store/tree_encoding.h"

namespace courier {

namespace {

constexpr std::uint8_t kRootVersion = 1;
constexpr std::uint32_t kNanoseconds = 1'000'000'000;
constexpr std::size_t kSmallestEntry = 5;

void encode_xattrs(Encoder& out, const TreeEntry& entry) {
  out.varint(entry.xattrs.size());
  for (const auto& [name, value] : entry.xattrs) out.bytes(as_bytes(name)).bytes(value);
}

void decode_xattrs(Decoder& in, TreeEntry& entry) {
  const std::size_t count = in.count(kMaxXattrs, 2);
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = to_string(in.bytes(255));
    if (name.size() <= 5 || !name.starts_with("user.") || name.find('\0') != std::string::npos) {
      in.fail("an extended attribute with a bad name");
    }
    if (i > 0 && name <= entry.xattrs.back().first) in.fail("extended attributes out of order");
    Bytes value = to_bytes(in.bytes(kMaxXattrBytes));
    total += name.size() + value.size();
    if (total > kMaxXattrBytes) in.fail("extended attributes beyond the limit");
    entry.xattrs.emplace_back(std::move(name), std::move(value));
  }
}

TreeEntry decode_entry(Decoder& in, bool is_root) {
  TreeEntry entry;
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 4) in.fail("an entry of no known type");
  entry.type = static_cast<EntryType>(type);
  entry.name = to_string(in.bytes(255));
  if (is_root) {
    if (!entry.name.empty() || entry.type != EntryType::dir) in.fail("a root that is no folder");
  } else if (!SafeName::is_safe(entry.name)) {
    in.fail("an entry named " + escaped(entry.name));
  }
  if (entry.type == EntryType::hardlink) {
    const SafePath path = SafePath::parse(as_text(in.bytes(4096)));
    if (path.empty()) in.fail("a hard link to nothing");
    entry.target = path.str();
    return entry;
  }
  entry.mode = static_cast<std::uint16_t>(in.varint(07777));
  entry.mtime = in.zigzag();
  entry.mtime_ns = static_cast<std::uint32_t>(in.varint(kNanoseconds - 1));
  switch (entry.type) {
    case EntryType::file: {
      entry.size = in.varint(INT64_MAX);
      const std::uint8_t form = in.u8();
      if (form > 2 || (form == 0) != (entry.size == 0)) in.fail("a file of no known form");
      entry.form = static_cast<ContentForm>(form);
      if (form == 1 && entry.size > kMaxObjectSize) in.fail("a chunk beyond the limit");
      if (form != 0) entry.content = in.digest();
      break;
    }
    case EntryType::dir:
      entry.size = in.varint(INT64_MAX);
      if (entry.size != 0) entry.content = in.digest();
      break;
    default:
      entry.target = to_string(in.bytes(kMaxLinkTarget));
      if (entry.target.empty() || entry.target.find('\0') != std::string::npos) {
        in.fail("a symbolic link with a bad target");
      }
      if (entry.mode != 0777) in.fail("a symbolic link with a mode");
      return entry;
  }
  decode_xattrs(in, entry);
  return entry;
}

}  // namespace

void encode_entry(Encoder& out, const TreeEntry& entry) {
  out.u8(static_cast<std::uint8_t>(entry.type)).bytes(as_bytes(entry.name));
  if (entry.type == EntryType::hardlink) {
    out.bytes(as_bytes(entry.target));
    return;
  }
  out.varint(entry.mode).zigzag(entry.mtime).varint(entry.mtime_ns);
  switch (entry.type) {
    case EntryType::file:
      out.varint(entry.size).u8(static_cast<std::uint8_t>(entry.form));
      if (entry.form != ContentForm::none) out.digest(entry.content);
      break;
    case EntryType::dir:
      out.varint(entry.size);
      if (entry.size != 0) out.digest(entry.content);
      break;
    default:
      out.bytes(as_bytes(entry.target));
      return;
  }
  encode_xattrs(out, entry);
}

Bytes encode(const Node& node) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(node.kind)).u8(node.level);
  if (node.level > 0) {
    out.varint(node.children.size());
    for (const auto& child : node.children) out.digest(child.digest).varint(child.size);
  } else if (node.kind == Node::Kind::chunk_list) {
    out.varint(node.chunks.size());
    for (const auto& chunk : node.chunks) out.digest(chunk.digest).varint(chunk.size);
  } else {
    out.varint(node.entries.size());
    for (const auto& entry : node.entries) encode_entry(out, entry);
  }
  return out.take();
}

Node decode_node(ByteView encoded) {
  Decoder in(encoded, "node");
  Node node;
  const std::uint8_t kind = in.u8();
  if (kind != 1 && kind != 2) in.fail("a node of no known kind");
  node.kind = static_cast<Node::Kind>(kind);
  node.level = in.u8();
  if (node.level > kMaxNodeLevel) in.fail("a node above the highest level");
  const std::size_t smallest = node.level == 0 && kind == 2 ? kSmallestEntry : 33;
  const std::size_t count = in.count(kMaxNodeEntries, smallest);
  if (count == 0) in.fail("a node without entries");
  if (node.level > 0) {
    node.children.reserve(count);
  } else if (node.kind == Node::Kind::chunk_list) {
    node.chunks.reserve(count);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (node.level > 0) {
      NodeRef child{in.digest(), in.varint(INT64_MAX)};
      if (child.size == 0) in.fail("a node that leads to nothing");
      node.children.push_back(child);
    } else if (node.kind == Node::Kind::chunk_list) {
      ChunkRef chunk{in.digest(), static_cast<std::uint32_t>(in.varint(kMaxObjectSize))};
      if (chunk.size == 0) in.fail("a chunk of no bytes");
      node.chunks.push_back(chunk);
    } else {
      TreeEntry entry = decode_entry(in, false);
      if (i > 0 && entry.name <= node.entries.back().name) in.fail("entries out of order");
      node.entries.push_back(std::move(entry));
    }
  }
  in.expect_end();
  return node;
}

Bytes encode(const RootObject& root) {
  Encoder out;
  out.u8(kRootVersion);
  encode_entry(out, root.folder);
  const Totals& t = root.totals;
  out.varint(t.files).varint(t.dirs).varint(t.symlinks).varint(t.hardlinks).varint(t.bytes);
  return out.take();
}

RootObject decode_root(ByteView encoded) {
  Decoder in(encoded, "root");
  const std::uint8_t version = in.u8();
  if (version == 0) in.fail("a root of version 0");
  if (version > kRootVersion) {
    throw Error(ErrorCode::unsupported, "root",
                "written in version " + std::to_string(version) + " of the object model, and " +
                    std::to_string(kRootVersion) + " is the newest known here");
  }
  RootObject root;
  root.folder = decode_entry(in, true);
  Totals& t = root.totals;
  for (std::uint64_t* n : {&t.files, &t.dirs, &t.symlinks, &t.hardlinks, &t.bytes}) {
    *n = in.varint(INT64_MAX);
  }
  in.expect_end();
  return root;
}

}  // namespace courier
