// What the tests of parcel/ share: three sites with keys, parcels built in memory, and parcels
// taken apart into frames and put together again with right checksums, as an attacker would.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "parcel/parcel_reader.h"
#include "parcel/parcel_writer.h"
#include "signer/key_ring.h"
#include "tests/support/fake_clock.h"
#include "tests/support/parcel_surgery.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"

namespace courier {

using test::LooseFrame, test::put_together, test::take_apart, test::with_label,
    test::with_label_body;

// A record with the block it comes to; one that comes to none is its sender's fault.
struct ReadRecord {
  std::uint64_t number = 0;
  RecordStatus status = RecordStatus::damaged;
  Block block;
  bool ok() const { return status == RecordStatus::ok; }
};

// What reading a parcel came to.
struct Reading {
  std::optional<ErrorCode> refused;  // of the head
  std::string message;
  std::string hint;
  Label label;
  PackingList packing_list;
  std::vector<ReadRecord> records;
  ParcelTail tail;

  std::vector<RecordStatus> statuses() const {
    std::vector<RecordStatus> out;
    for (const auto& record : records) out.push_back(record.status);
    return out;
  }
  RecordRanges good() const {
    RecordRanges out;
    for (const auto& record : records) {
      if (record.ok()) out.add(record.number);
    }
    return out;
  }
  // Everything as it was written.
  bool is_whole(std::uint64_t count) const {
    return !refused && good().missing(count).empty() && records.size() == count &&
           tail.end == EndState::genuine && !tail.is_damaged();
  }
};

class ParcelTest : public ::testing::Test {
 protected:
  ParcelTest();

  KeyRing make_site(const std::string& code);
  // One item, for PSE alone unless other addressees are given.
  ParcelDraft draft(const std::vector<const KeyRing*>& to);
  static std::vector<Block> some_blocks(std::size_t count = 3, std::size_t size = 100);
  Bytes build(const ParcelDraft& draft, const std::vector<Block>& blocks, const KeyRing& from);
  Bytes build() { return build(draft({&pse_}), some_blocks(), pun_); }

  // Reads as `reader` would, which trusts this key.
  Reading read(ByteView parcel, const KeyRing& reader, const PublicKey& signer);
  // ... which trusts PUN's current key.
  Reading read(ByteView parcel, const KeyRing& reader) {
    return read(parcel, reader, pun_.public_keys().signing);
  }
  Reading read(ByteView parcel) { return read(parcel, pse_); }

  PosixFileSystem fs_;
  test::FakeClock clock_;
  test::SeededEntropy entropy_{7};
  test::TempFolder folder_;
  KeyRing pun_, pse_, tex_;
};

}  // namespace courier
