// A tape in a file, with small records, for the contract of media.
#pragma once

#include <memory>
#include <string>

#include "media/simh_tape.h"
#include "media/tape_medium.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/media/medium_bench.h"
#include "tests/unit/media/raw_bench.h"

namespace courier::test {

class TapeBench final : public MediumBench {
 public:
  Medium& medium() override { return *medium_; }
  void put(const std::string& name, const Bytes& content) override {
    TapeMedium(std::make_unique<SimhTape>(posix_, tape_), kRecord)
        .write_proved(in_memory(content), name, {});
  }
  std::size_t files() override {
    std::size_t marks = 0;
    SimhTape tape(posix_, tape_);
    Bytes buffer(1u << 20);
    while (tape.read_record(buffer).kind == TapeRead::Kind::record && tape.space_files(1)) ++marks;
    return marks > 0 ? marks - 1 : 0;  // the last one is the end
  }
  void set_full() override { fs_.pretend_space({1000, 1'000'000}); }
  void set_read_only() override { fs_.pretend_space({1'000'000'000, 1'000'000'000, true}); }
  void fail_reads_from(std::uint64_t byte) override { fs_.fail_reads(tape_, kData + byte, ENODEV); }
  void spoil_next_write() override { fs_.flip_on_read(tape_, kData + 700); }

 private:
  static constexpr std::uint32_t kRecord = 4096;
  static constexpr std::uint64_t kData = 4 + kVolumeMarkSize + 4 + 4;  // of the first record

  TempFolder folder_;
  const std::string tape_ = folder_ / "drive.tap";
  PosixFileSystem posix_;
  FaultyFileSystem fs_{posix_};
  const std::unique_ptr<TapeMedium> medium_ =
      std::make_unique<TapeMedium>(std::make_unique<SimhTape>(fs_, tape_), kRecord);
};

}  // namespace courier::test
