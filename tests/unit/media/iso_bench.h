// An ISO image for the contract of media, made by xorriso from the files that a test puts there.
#pragma once

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/durable.h"
#include "media/iso_listing.h"
#include "media/iso_medium.h"
#include "media/volume_offer.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/media/medium_bench.h"

namespace courier::test {

// Makes an image of all that is in a folder.
inline void make_iso(const std::string& folder, const std::string& image) {
  const std::string command =
      "xorriso -report_about WARNING -as mkisofs -quiet -R -J -iso-level 3 "
      "-V TEST -o '" +
      image + "' '" + folder + "' 2>/dev/null";
  std::filesystem::remove(image);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("xorriso failed");
}

inline IsoListing listing_of(FileSystem& fs, const std::string& image) {
  return list_iso(bytes_of_file(fs, fs.open(image, O_RDONLY)), image);
}

class IsoBench final : public MediumBench {
 public:
  Medium& medium() override { return medium_; }
  void put(const std::string& name, const Bytes& content) override {
    write_text(source_ / name, as_text(content));
    make_iso(source_.path(), image_);
  }
  std::size_t files() override { return fs_.list(open_dir(fs_, folder_.path())).size(); }
  void set_full() override { fs_.pretend_space({1000, 1'000'000}); }
  void set_read_only() override { fs_.pretend_space({1'000'000'000, 1'000'000'000, true}); }
  void fail_reads_from(std::uint64_t byte) override {
    const IsoListing listing = listing_of(posix_, image_);
    fs_.fail_reads(image_, listing.files.at(0).extents.at(0).offset + byte, ENODEV);
  }
  void spoil_next_write() override { fs_.flip_on_read(folder_ / ".tmp-", 700); }

 private:
  TempFolder folder_, source_;
  const std::string image_ = folder_ / "out.iso";
  PosixFileSystem posix_;
  FaultyFileSystem fs_{posix_};
  IsoMedium medium_{fs_, image_};
};

}  // namespace courier::test
