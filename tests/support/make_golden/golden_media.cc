#include "tests/support/make_golden/golden_media.h"

#include <fcntl.h>

#include <algorithm>
#include <memory>

#include "media/raw_medium.h"
#include "media/recovery_layout.h"
#include "media/simh_tape.h"
#include "media/tape_medium.h"
#include "media/volume_cut.h"
#include "media/volume_mark.h"
#include "tests/support/make_golden/parcel_maker.h"
#include "tests/support/parcel_surgery.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"

namespace courier::test {

namespace {

constexpr std::uint32_t kRecord = 4096;  // small, for small files
constexpr std::size_t kUnit = kRawUnit;

Bytes bytes_in(const std::string& path) { return to_bytes(as_bytes(read_text(path))); }

// A drive's image of so many units with these volumes, as the program writes them.
Bytes drive(std::size_t units, const std::vector<std::pair<std::string, Bytes>>& volumes) {
  const TempFolder folder;
  const std::string path = folder / "drive.img";
  PosixFileSystem posix;
  FileSystem& fs = posix;
  fs.truncate(fs.open(path, O_RDWR | O_CREAT), units * kUnit);
  for (const auto& [name, bytes] : volumes) {
    RawMedium(fs, path, "").write_proved(volume_of(bytes), name, {});
  }
  return bytes_in(path);
}

Bytes tape(const std::vector<std::pair<std::string, Bytes>>& volumes) {
  const TempFolder folder;
  const std::string path = folder / "tape.tap";
  PosixFileSystem fs;
  for (const auto& [name, bytes] : volumes) {
    TapeMedium(std::make_unique<SimhTape>(fs, path), kRecord)
        .write_proved(volume_of(bytes), name, {});
  }
  return bytes_in(path);
}

Bytes two_on_a_drive(const MediaContent& content) {
  return drive(6, {{"two.v1.pcl", content.first}, {"two.v2.pcl", content.second}});
}

Bytes two_on_a_tape(const MediaContent& content) {
  return tape({{"two.v1.pcl", content.first}, {"two.v2.pcl", content.second}});
}

Bytes second_mark(const MediaContent& content) {
  Bytes image = two_on_a_drive(content);
  std::fill_n(image.begin() + 100, 8, std::uint8_t{0xee});
  return image;
}

Bytes copied(const MediaContent& content) {
  Bytes image = content.whole;
  image.resize(kUnit);
  return image;
}

// Another kind in both marks of the second volume.
Bytes unfinished_on_a_drive(const MediaContent& content) {
  Bytes image = two_on_a_drive(content);
  const Bytes mark = encode_volume_mark(
      {VolumeMark::Kind::raw_unfinished, 3 * kUnit, content.second.size(), 0, "two.v2.pcl", {}});
  for (const std::size_t at : {3 * kUnit, 4 * kUnit}) {
    std::ranges::copy(mark, image.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return image;
}

// Where the nth filemark of a tape's file begins.
std::size_t filemark(const Bytes& tape_file, std::size_t n) {
  std::size_t at = 0;
  for (;;) {
    std::uint32_t length = 0;
    for (std::size_t i = 4; i > 0; --i) length = length << 8 | tape_file.at(at + i - 1);
    if (length == 0 && n-- == 0) return at;
    at += length == 0 ? 4 : 8 + (length + 1) / 2 * 2;
  }
}

Bytes behind_the_end(const MediaContent& content) {
  Bytes file = two_on_a_tape(content);
  const Bytes older = tape({{"older.pcl", content.whole}});
  file.insert(file.end(), older.begin(), older.end());
  return file;
}

Bytes unfinished_on_a_tape(const MediaContent& content) {
  Bytes file = two_on_a_tape(content);
  file.resize(filemark(file, 1));
  return file;
}

Bytes torn(const MediaContent& content) {
  Bytes file = two_on_a_tape(content);
  file.resize(filemark(file, 1) - 1000);
  return file;
}

Bytes damaged_on_a_tape(const MediaContent& content) {
  Bytes file = two_on_a_tape(content);
  file.at(filemark(file, 0) - 4 - kRecord + content.first.size() - 200) ^= 1;
  return file;
}

// A bit in a record, and one in the first copy of the checksums.
Bytes repaired(const MediaContent& content) {
  Bytes volume = protected_by(content.whole, 20);
  const RecoveryLayout layout(choose_recovery_set(content.whole.size(), 20));
  volume.at(content.whole.size() - 200) ^= 1;
  volume.at(layout.page_frame(0, 0) + 100) ^= 1;
  return volume;
}

Bytes without_beginning(const MediaContent& content) {
  Bytes volume = protected_by(content.whole, 20);
  std::fill_n(volume.begin(), 200, std::uint8_t{0});
  return volume;
}

Bytes with_header(const Bytes& volume, const std::function<void(VolumeHeader&)>& change) {
  auto frames = take_apart(volume);
  VolumeHeader header = parse_volume_header(frames[kVolumeAt].payload);
  change(header);
  frames[kVolumeAt].payload = encode_volume_header(header);
  return put_together(frames);
}

Bytes third_of_two(const MediaContent& content) {
  return with_header(content.first, [](VolumeHeader& header) { header.number = 3; });
}

Bytes other_range(const MediaContent& content) {
  return with_header(content.first, [](VolumeHeader& header) {
    header.first_record = 1;
    header.end_record = 2;
  });
}

// All but the first volume of a cut of whole's records one by one, and a spare one.
Bytes spare_on_a_tape(const MediaContent& content) {
  const VolumeCut cut(volume_of(content.whole), "one-package.pcl");
  const std::vector<RecordRun> runs = cut.plan(0, cut.least_size());
  const auto of = static_cast<std::uint32_t>(runs.size());
  const auto id = cut_id(cut.header().label_digest, cut.least_size(), 2);
  std::vector<CutVolume> volumes;
  for (const RecordRun& run : runs) volumes.push_back({of, run});
  std::vector<std::pair<std::string, Bytes>> on_tape = {
      {"one.s2.pcl", all_of(cut.spare(id, volumes, 2, 1))}};
  for (std::uint32_t number = 2; number <= of; ++number) {
    on_tape.emplace_back("one.v" + std::to_string(number) + ".pcl",
                         all_of(cut.volume(id, number, of, runs[number - 1], 2)));
  }
  return tape(on_tape);
}

Bytes foreign_tape(const MediaContent&) {
  const TempFolder folder;
  const std::string path = folder / "tape.tap";
  PosixFileSystem fs;
  SimhTape drive(fs, path);
  std::string label = "VOL1COURIE";
  label.resize(80, ' ');
  drive.write_record(as_bytes(label));
  drive.write_filemark();
  return bytes_in(path);
}

Bytes foreign_drive(const MediaContent&) {
  Bytes image(kUnit);
  std::ranges::copy(as_bytes("a boot sector"), image.begin());
  image[510] = 0x55;
  image[511] = 0xaa;
  return image;
}

}  // namespace

const std::vector<GoldenMedium>& golden_media() {
  using enum ErrorCode;
  static const std::vector<GoldenMedium> all = {
      {"drive-copied.img", "a parcel without marks, as dd copies it", {}, copied},
      {"drive-foreign.img", "something else than a parcel", not_found, foreign_drive},
      {"drive-second-mark.img", "the first copy of the first mark is damaged", {}, second_mark},
      {"drive-two-volumes.img", "two volumes with their marks", {}, two_on_a_drive},
      {"drive-unfinished.img", "the second volume is marked as not finished", incomplete,
       unfinished_on_a_drive},
      {"recovery-repaired.pcl",
       "damage in a record and in a copy of the checksums, repaired by the recovery data",
       {},
       repaired},
      {"recovery-without-beginning.pcl",
       "its first 200 bytes are gone; known by the recovery data at its end",
       {},
       without_beginning},
      {"tape-behind-the-end.tap",
       "older volumes behind the end mark, not to be read",
       {},
       behind_the_end},
      {"tape-damaged-record.tap", "one bit in the record of the first volume", damaged,
       damaged_on_a_tape},
      {"tape-foreign.tap", "begins with another program's label", not_found, foreign_tape},
      {"tape-spare-volume.tap",
       "all volumes of a cut but the first, and a spare one",
       {},
       spare_on_a_tape},
      {"tape-torn.tap", "ends within a record of the second volume", incomplete, torn},
      {"tape-two-volumes.tap", "two volumes in records of 4,096 bytes", {}, two_on_a_tape},
      {"tape-unfinished.tap", "the second volume has no filemark", incomplete,
       unfinished_on_a_tape},
      {"volume-other-range.pcl", "its header names a record that it does not carry", damaged,
       other_range},
      {"volume-third-of-two.pcl", "its header says that it is volume 3 of 2", damaged,
       third_of_two},
  };
  return all;
}

}  // namespace courier::test
