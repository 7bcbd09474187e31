#include "signer/checked_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/codec.h"
#include "base/digest.h"
#include "tests/unit/signer/site_home.h"

namespace courier::test {
namespace {

constexpr CheckedFileKind kNote{"PCLNOTE\n", 2, 200, "note"};

Bytes note(std::string_view text) { return to_bytes(encode_checked(kNote, as_bytes(text)).view()); }

// A whole file of another version.
Bytes note_of_version(std::uint16_t version) {
  Encoder out;
  out.raw(as_bytes(kNote.magic)).u16(version).u32(2).raw(as_bytes("hi"));
  out.digest(digest_of(DigestKind::site_file, out.view()));
  return out.take();
}

TEST(CheckedFile, IsReadAsWritten) {
  const Bytes file = note("remember");
  const CheckedBody body = decode_checked(kNote, file, "note");
  EXPECT_EQ(as_text(body.body), "remember");
  EXPECT_EQ(body.version, 2);
  EXPECT_TRUE(decode_checked(kNote, note(""), "note").body.empty());
}

TEST(CheckedFile, IsDamagedWithAnyBitChanged) {
  const Bytes file = note("remember");
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes changed = file;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_EQ(error_of([&] { decode_checked(kNote, changed, "note"); }).code(), ErrorCode::damaged)
        << "bit " << bit;
  }
}

TEST(CheckedFile, IsDamagedWhenCutAnywhereOrLonger) {
  Bytes file = note("remember");
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(error_of([&] { decode_checked(kNote, ByteView(file).first(size), "note"); }).code(),
              ErrorCode::damaged)
        << size << " bytes";
  }
  file.push_back(0);
  EXPECT_EQ(error_of([&] { decode_checked(kNote, file, "note"); }).happened(),
            "has 55 bytes instead of 54");
}

TEST(CheckedFile, OfAnOlderVersionIsReadAndOfANewerOneUnsupported) {
  EXPECT_EQ(decode_checked(kNote, note_of_version(1), "note").version, 1);
  const Error e = error_of([&] { decode_checked(kNote, note_of_version(3), "note x"); });
  EXPECT_EQ(e.code(), ErrorCode::unsupported);
  EXPECT_EQ(std::string(e.what()), "note x: has version 3; this courier reads up to version 2");
  EXPECT_EQ(error_of([&] { decode_checked(kNote, note_of_version(0), "note"); }).code(),
            ErrorCode::unsupported);
}

TEST(CheckedFile, BeyondItsLimitIsNeitherWrittenNorRead) {
  EXPECT_EQ(error_of([&] { note(std::string(200, 'x')); }).code(), ErrorCode::internal);
  Bytes large = note("x");
  large.resize(201);
  EXPECT_EQ(error_of([&] { decode_checked(kNote, large, "note"); }).happened(),
            "has 201 bytes; a note has at most 200");
}

TEST(CheckedFile, OfAnotherKindIsNamed) {
  const Error e = error_of([&] { decode_checked(kNote, as_bytes("#!/bin/sh\nexit 1"), "file x"); });
  EXPECT_EQ(std::string(e.what()), "file x: is no note");
  EXPECT_EQ(e.loss(), "nothing was changed");
}

}  // namespace
}  // namespace courier::test
