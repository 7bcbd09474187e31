// An image of a raw medium, for the contract of media.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "media/raw_medium.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/media/medium_bench.h"

namespace courier::test {

// The bytes of a test's content, which outlive the result.
inline VolumeBytes in_memory(const Bytes& content) {
  return {content.size(), [&content](std::uint64_t offset, MutableByteView out) {
            const auto at = std::min<std::size_t>(static_cast<std::size_t>(offset), content.size());
            const std::size_t n = std::min(out.size(), content.size() - at);
            std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
            return n;
          }};
}

inline RawChain chain_of(FileSystem& fs, const std::string& image) {
  return walk_raw(bytes_of_file(fs, fs.open(image, O_RDONLY)));
}

class RawBench final : public MediumBench {
 public:
  RawBench() { set_size(64u << 20); }
  Medium& medium() override { return medium_; }
  void put(const std::string& name, const Bytes& content) override {
    RawMedium(posix_, image_, "").write_proved(in_memory(content), name, {});
  }
  std::size_t files() override { return chain_of(posix_, image_).volumes.size(); }
  void set_full() override { set_size(2 * kRawUnit + 1000); }
  void set_read_only() override { fs_.pretend_space({1'000'000'000, 1'000'000'000, true}); }
  void fail_reads_from(std::uint64_t byte) override {
    fs_.fail_reads(image_, 2 * kRawUnit + byte, ENODEV);
  }
  void spoil_next_write() override {
    // Not before it is written: the place has to be blank.
    fs_.before_each([this, once = true](const std::string& call, const std::string&) mutable {
      if (call == "sync" && once) fs_.flip_on_read(image_, 2 * kRawUnit + 700);
      once = once && call != "sync";
    });
  }

 private:
  void set_size(std::uint64_t size) {
    FileSystem& fs = posix_;
    fs.truncate(fs.open(image_, O_RDWR | O_CREAT), size);
  }

  TempFolder folder_;
  const std::string image_ = folder_ / "drive.img";
  PosixFileSystem posix_;
  FaultyFileSystem fs_{posix_};
  RawMedium medium_{fs_, image_, ""};
};

}  // namespace courier::test
