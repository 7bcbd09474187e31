#include "media/iso_medium.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

// Pulled out at any call: the image is there whole or not at all, and the same call again ends
// well.
TEST(IsoMediumTest, IsWholeOrAbsentAtEveryFailingCall) {
  const test::TempFolder folder(test::memory_folder());
  const std::string image = folder / "x.iso";
  const Bytes content = test::parcel_like(20'000);
  PosixFileSystem real;
  bool succeeded = false;
  for (std::uint64_t nth = 1; !succeeded; ++nth) {
    ASSERT_LT(nth, 200u);
    test::FaultyFileSystem faulty(real);
    faulty.fail_at(nth, ENODEV, true);
    try {
      IsoMedium(faulty, image).write_proved(test::volume_of(content), "a.pcl", {});
      succeeded = faulty.failed_call().empty();
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_status(), 11) << error.what();
    }
    const bool is_there = std::filesystem::exists(image);
    const ProvedCopy copy =
        IsoMedium(real, image).write_proved(test::volume_of(content), "a.pcl", {});
    EXPECT_EQ(copy.digest, digest_of(DigestKind::file, content)) << nth;
    EXPECT_EQ(copy.was_there, is_there) << nth;
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      files += entry.is_regular_file() ? 1 : 0;
    }
    EXPECT_EQ(files, 1u) << nth;
    std::filesystem::remove(image);
  }
}

}  // namespace
}  // namespace courier
