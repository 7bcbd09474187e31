#include "media/recovery.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/damaged_bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

class RecoveryTest : public testing::Test {
 protected:
  PosixFileSystem fs_;
  test::TempFolder folder_;
  const Bytes volume_ = test::random_bytes(3'000'000);
};

TEST_F(RecoveryTest, IsTheSameWhetherItIsMadeBeforeOrWhileTheVolumeIsRead) {
  const VolumeBytes meanwhile =
      with_recovery_meanwhile(fs_, test::volume_of(volume_), 10, folder_.path());
  EXPECT_EQ(meanwhile.size, volume_.size() + recovery_size(volume_.size(), 10));
  EXPECT_EQ(test::all_of(meanwhile),
            test::all_of(with_recovery(fs_, test::volume_of(volume_), 10, folder_.path(), {})));
}

TEST_F(RecoveryTest, WhatFailsMeanwhileIsSaidBehindTheVolumeEachTimeItIsAskedFor) {
  test::FaultyFileSystem full(fs_);
  full.fill_after(100'000);
  const VolumeBytes whole =
      with_recovery_meanwhile(full, test::volume_of(volume_), 10, folder_.path());
  Bytes out(volume_.size());
  EXPECT_EQ(whole.read_at(0, out), out.size());
  EXPECT_EQ(out, volume_);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(test::error_of([&] { whole.read_at(volume_.size(), out); }).code(),
              ErrorCode::no_space);
  }
}

TEST_F(RecoveryTest, MayBeLetGoOfBeforeItIsMade) {
  for (int i = 0; i < 20; ++i) {
    const VolumeBytes whole =
        with_recovery_meanwhile(fs_, test::volume_of(volume_), 10, folder_.path());
    Bytes out(100);
    EXPECT_EQ(whole.read_at(0, out), out.size());
  }
}

}  // namespace
}  // namespace courier
