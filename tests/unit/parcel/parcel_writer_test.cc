#include "parcel/parcel_writer.h"

#include "base/pipeline.h"
#include "parcel/aead.h"
#include "tests/support/error_of.h"
#include "tests/unit/parcel/parcel_fixture.h"

namespace courier {

namespace {

using ::testing::HasSubstr;

class ParcelWriterTest : public ParcelTest {};

TEST_F(ParcelWriterTest, UsesNewKeysForEachBuildOfTheSameDraft) {
  const auto one = take_apart(build());
  const auto two = take_apart(build());
  for (std::size_t f = 0; f < one.size(); ++f) EXPECT_NE(one[f].payload, two[f].payload);
}

TEST_F(ParcelWriterTest, WritesTheSameWhenRecordsAreSealedInAPool) {
  const auto blocks = some_blocks(40);
  const auto write = [&](bool pooled) {
    test::SeededEntropy same(3);
    Bytes out;
    ParcelWriter writer([&](ByteView data) { out.insert(out.end(), data.begin(), data.end()); });
    writer.begin(draft({&pse_}), pun_, same);
    const std::size_t head = out.size();
    if (pooled) {
      ThreadPool pool(4);
      OrderedStage<std::size_t, Bytes> stage(
          pool, 64, [&](std::size_t i) { return writer.sealer().seal(i, blocks[i]); });
      for (std::size_t i = 0; i < blocks.size(); ++i) stage.push(i);
      stage.close();
      while (auto frame = stage.pop()) writer.add_sealed(*frame);
    } else {
      for (const auto& block : blocks) writer.add(block);
    }
    writer.finish();
    EXPECT_TRUE(read(out).is_whole(40));
    return Bytes(out.begin() + static_cast<std::ptrdiff_t>(head), out.end());
  };
  // Sealed boxes are made with a key of their own, so the labels differ, and so the signatures.
  const auto one = take_apart(write(true)), two = take_apart(write(false));
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i + 1 < one.size(); ++i) {
    const auto sealed = one[i].payload.size() - kSignatureSize;
    EXPECT_TRUE(std::equal(one[i].payload.begin(),
                           one[i].payload.begin() + static_cast<std::ptrdiff_t>(sealed),
                           two[i].payload.begin()));
  }
}

TEST_F(ParcelWriterTest, SealsBlocksAsLeanRecordsBesideOthers) {
  const auto blocks = some_blocks(3);
  ParcelDraft lean = draft({&pse_});
  lean.critical_features = kFeatureLean;
  Bytes out;
  ParcelWriter writer([&](ByteView data) { out.insert(out.end(), data.begin(), data.end()); });
  writer.begin(lean, pun_, entropy_);
  writer.add(blocks[0]);
  writer.add_sealed(writer.sealer().seal(1, blocks[1], RecordKind::lean_block));
  writer.add(blocks[2]);
  writer.finish();
  const Reading reading = read(out);
  ASSERT_TRUE(reading.is_whole(3)) << reading.message;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(reading.records[i].block, blocks[i]);
}

TEST_F(ParcelWriterTest, SignsRecordsTogetherThatAreReadAsAnyOther) {
  const auto blocks = some_blocks(11);
  ParcelDraft lean = draft({&pse_});
  lean.critical_features = kFeatureLean;
  Bytes out;
  ParcelWriter writer([&](ByteView data) { out.insert(out.end(), data.begin(), data.end()); });
  writer.begin(lean, pun_, entropy_);
  std::vector<UnsignedRecord> open;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const RecordKind kind = i % 2 == 0 ? RecordKind::block : RecordKind::lean_block;
    open.push_back(writer.sealer().seal_unsigned(i, blocks[i], kind));
  }
  for (const Bytes& frame : writer.sealer().sign(std::move(open))) writer.add_sealed(frame);
  writer.finish();
  const Reading reading = read(out);
  ASSERT_TRUE(reading.is_whole(blocks.size())) << reading.message;
  for (std::size_t i = 0; i < blocks.size(); ++i) EXPECT_EQ(reading.records[i].block, blocks[i]);
}

TEST_F(ParcelWriterTest, SealsNoNumberTwice) {
  ParcelWriter writer([](ByteView) {});
  writer.begin(draft({&pse_}), pun_, entropy_);
  for (const std::uint64_t number : {2u, 0u, 1u}) writer.sealer().seal(number, some_blocks()[0]);
  const Error error = test::error_of([&] { writer.sealer().seal(1, some_blocks()[1]); });
  EXPECT_EQ(error.code(), ErrorCode::internal);
}

TEST_F(ParcelWriterTest, RefusesADraftThatNamesASiteTwice) {
  try {
    build(draft({&pse_, &pse_}), {}, pun_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_STREQ(error.what(), "parcel: is addressed to PSE twice");
  }
}

TEST_F(ParcelWriterTest, RefusesADraftForNobody) {
  ParcelDraft nobody = draft({});
  EXPECT_THROW(build(nobody, {}, pun_), Error);
}

TEST_F(ParcelWriterTest, RefusesTextsBeyondTheirLimits) {
  ParcelDraft wordy = draft({&pse_});
  wordy.name.assign(kMaxNameSize + 1, 'x');
  try {
    build(wordy, {}, pun_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_THAT(error.what(), HasSubstr("has 257 bytes in its name, at most 256 are allowed"));
  }
}

TEST_F(ParcelWriterTest, CarriesTheRotationCertificatesOfTheSite) {
  pun_.rotate();
  const Bytes parcel = build();
  const Reading reading = read(parcel);
  ASSERT_FALSE(reading.refused) << reading.message;
  EXPECT_EQ(reading.label.certificates, pun_.rotation_certificates());
  EXPECT_EQ(reading.label.certificates.size(), 1u);
  EXPECT_EQ(reading.label.sender.key_generation, 2u);
}

TEST_F(ParcelWriterTest, NeedsUnlockedKeys) {
  Secret passphrase = Secret::copy_of(as_bytes("correct horse"));
  pun_.set_passphrase(&passphrase, {1, 8u << 20});
  const KeyRing locked = KeyRing::open(fs_, folder_ / "PUN", entropy_, clock_);
  std::size_t written = 0;
  ParcelWriter writer([&](ByteView data) { written += data.size(); });
  try {
    writer.begin(draft({&pse_}), locked, entropy_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::keys_locked);
  }
  EXPECT_EQ(written, 0u);
}

TEST_F(ParcelWriterTest, PassesOnWhatTheSinkThrows) {
  ParcelWriter writer([](ByteView) { throw Error(ErrorCode::no_space, "outbox", "is full"); });
  try {
    writer.begin(draft({&pse_}), pun_, entropy_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::no_space);
  }
}

}  // namespace

}  // namespace courier
