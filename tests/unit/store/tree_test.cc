#include "store/tree.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "store/tree_encoding.h"
#include "tests/support/error_of.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;

TreeEntry file_named(std::string name) {
  TreeEntry entry;
  entry.name = std::move(name);
  entry.mode = 04755;
  entry.mtime = -5;
  entry.mtime_ns = 999'999'999;
  entry.size = 1'000;
  entry.form = ContentForm::chunk;
  entry.content = digest_of(DigestKind::chunk, as_bytes("x"));
  entry.xattrs = {{"user.a", {1, 0, 2}}, {"user.b", {}}};
  return entry;
}

TreeEntry other(EntryType type, std::string name) {
  TreeEntry entry;
  entry.type = type;
  entry.name = std::move(name);
  if (type == EntryType::hardlink) entry.target = "a/first";
  if (type == EntryType::symlink) entry.target = "/etc/../x\n\xff";
  if (type == EntryType::symlink) entry.mode = 0777;
  if (type == EntryType::dir) {
    entry.mode = 0755;
    entry.size = 3;
    entry.content = digest_of(DigestKind::node, as_bytes("d"));
  }
  return entry;
}

Node directory() {
  Node node;
  node.entries = {file_named("a"), other(EntryType::dir, "b"), other(EntryType::hardlink, "c\nd"),
                  other(EntryType::symlink, "\xff\xfe")};
  return node;
}

ErrorCode code_of(const Node& node) {
  return error_of([&] { decode_node(encode(node)); }).code();
}

TEST(Node, ComesBackAsItWas) {
  Node list;
  list.kind = Node::Kind::chunk_list;
  list.chunks = {{digest_of(DigestKind::chunk, {}), 1}, {Digest{}, 1u << 20}};
  Node above;
  above.level = 2;
  above.children = {{Digest{}, 1}, {digest_of(DigestKind::node, {}), 1ull << 62}};
  for (const Node& node : {directory(), list, above}) {
    EXPECT_EQ(decode_node(encode(node)), node);
    EXPECT_EQ(encode(decode_node(encode(node))), encode(node));
  }
}

TEST(Node, HoldsFilesAboutTwoAndFourGibibytes) {
  for (const std::uint64_t edge : {std::uint64_t{1} << 31, std::uint64_t{1} << 32}) {
    for (const std::uint64_t size : {edge - 1, edge, edge + 1}) {
      Node node = directory();
      node.entries[0].size = size;
      node.entries[0].form = ContentForm::list;
      EXPECT_EQ(decode_node(encode(node)).entries[0].size, size);
    }
  }
}

TEST(Node, RefusesEveryTruncationAndAnythingLeftOver) {
  Bytes encoded = encode(directory());
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const auto cut = ByteView(encoded).first(size);
    EXPECT_EQ(error_of([&] { decode_node(cut); }).code(), ErrorCode::damaged) << size;
  }
  encoded.push_back(0);
  EXPECT_EQ(error_of([&] { decode_node(encoded); }).code(), ErrorCode::damaged);
}

TEST(Node, AFlippedBitIsRefusedOrAnotherNode) {
  const Node node = directory();
  const Bytes encoded = encode(node);
  for (std::size_t i = 0; i < encoded.size() * 8; ++i) {
    Bytes flipped = encoded;
    flipped[i / 8] = static_cast<std::uint8_t>(flipped[i / 8] ^ (1 << (i % 8)));
    try {
      EXPECT_FALSE(decode_node(flipped) == node) << i;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::damaged);
    }
  }
}

TEST(Node, RefusesNamesThatLeaveTheirFolder) {
  const std::string bad[] = {
      "", ".", "..", "a/b", "/a", std::string("a\0b", 3), std::string(256, 'a')};
  for (const std::string& name : bad) {
    Node node;
    node.entries = {file_named(name)};
    EXPECT_EQ(code_of(node), ErrorCode::damaged) << escaped(name);
  }
}

TEST(Node, RefusesNamesOutOfOrderOrTwice) {
  Node node;
  node.entries = {file_named("b"), file_named("a")};
  EXPECT_EQ(code_of(node), ErrorCode::damaged);
  node.entries = {file_named("a"), file_named("a")};
  EXPECT_EQ(code_of(node), ErrorCode::damaged);
}

TEST(Node, RefusesWhatNoWriterWrites) {
  const auto refused = [](const auto& spoil) {
    Node node = directory();
    spoil(node);
    return code_of(node) == ErrorCode::damaged;
  };
  EXPECT_TRUE(refused([](Node& n) { n.entries.clear(); }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].mode = 010000; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].mtime_ns = 1'000'000'000; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].size = 0; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].form = ContentForm::none; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].size = (1u << 20) + 1; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].xattrs[0].first = "trusted.x"; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].xattrs[1].first = "user.a"; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[0].xattrs[1].second.resize(70'000); }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[2].target = "../../etc/passwd"; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[2].target = "/etc/passwd"; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[2].target = ""; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[3].target = ""; }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[3].target = std::string("a\0b", 3); }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[3].target = std::string(5'000, 'a'); }));
  EXPECT_TRUE(refused([](Node& n) { n.entries[3].mode = 0644; }));
  EXPECT_TRUE(refused([](Node& n) { n.level = 9; }));
}

TEST(Node, RefusesCountsBeyondTheLimits) {
  for (const std::uint64_t count : {1025ull, 1ull << 31, 1ull << 32, ~0ull}) {
    Encoder out;
    out.u8(1).u8(0).varint(count);
    for (int i = 0; i < 1100; ++i) out.digest(Digest{}).varint(1);
    const Bytes encoded = out.take();
    EXPECT_EQ(error_of([&] { decode_node(encoded); }).code(), ErrorCode::damaged);
  }
}

TEST(Root, ComesBackAsItWas) {
  RootObject root;
  root.folder = other(EntryType::dir, "");
  root.totals = {1, 2, 3, 4, 1ull << 40};
  EXPECT_EQ(decode_root(encode(root)), root);
}

TEST(Root, RefusesOneThatIsNoFolderAndNewerVersions) {
  RootObject root;
  root.folder = file_named("");
  EXPECT_EQ(error_of([&] { decode_root(encode(root)); }).code(), ErrorCode::damaged);
  root.folder = other(EntryType::dir, "named");
  EXPECT_EQ(error_of([&] { decode_root(encode(root)); }).code(), ErrorCode::damaged);
  root.folder = other(EntryType::dir, "");
  Bytes encoded = encode(root);
  encoded[0] = 2;
  EXPECT_EQ(error_of([&] { decode_root(encoded); }).code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace courier
