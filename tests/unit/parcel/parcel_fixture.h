// What the tests of parcel/ share: three sites with keys, parcels built in memory, and parcels
// taken apart into frames and put together again with right checksums, as an attacker would.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/frame.h"
#include "parcel/parcel_reader.h"
#include "parcel/parcel_writer.h"
#include "signer/key_ring.h"

namespace courier {

// Bytes that differ from run to run of the counter and never from run to run of the test.
class CountingEntropy final : public Entropy {
 public:
  explicit CountingEntropy(std::uint8_t seed) : next_(seed) {}
  void fill(MutableByteView out) override {
    for (auto& byte : out) {
      next_ = next_ * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<std::uint8_t>(next_ >> 56);
    }
  }

 private:
  std::uint64_t next_;
};

class FixedClock final : public Clock {
 public:
  Time now() const override { return from_seconds(1'800'000'000); }
  std::chrono::nanoseconds monotonic() const override { return {}; }
};

// A frame taken out of a parcel.
struct LooseFrame {
  std::uint8_t kind = 0;
  std::uint64_t number = 0;
  Bytes payload;
  FrameKind frame_kind() const { return static_cast<FrameKind>(kind); }
};

std::vector<LooseFrame> take_apart(ByteView parcel);
Bytes put_together(const std::vector<LooseFrame>& frames);

// What reading a parcel came to.
struct Reading {
  std::optional<ErrorCode> refused;  // of the head
  std::string message;
  std::string hint;
  Label label;
  PackingList packing_list;
  std::vector<OpenedRecord> records;
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
  ~ParcelTest() override { std::filesystem::remove_all(folder_); }

  KeyRing make_site(const std::string& code);
  // One item, for PSE alone unless other addressees are given.
  ParcelDraft draft(const std::vector<const KeyRing*>& to);
  static std::vector<Block> some_blocks(std::size_t count = 3, std::size_t size = 700);
  Bytes build(const ParcelDraft& draft, const std::vector<Block>& blocks, const KeyRing& from);
  Bytes build() { return build(draft({&pse_}), some_blocks(), pun_); }

  // Reads as `reader` would, which trusts PUN's current key.
  Reading read(ByteView parcel, const KeyRing& reader);
  Reading read(ByteView parcel) { return read(parcel, pse_); }

  // The same parcel with another label, signed by `signer`: what a trusted site can do.
  Bytes relabelled(ByteView parcel, const std::function<void(Bytes& body)>& change,
                   const KeyRing& signer);

  PosixFileSystem fs_;
  FixedClock clock_;
  CountingEntropy entropy_{7};
  std::string folder_;
  KeyRing pun_, pse_, tex_;
};

}  // namespace courier
