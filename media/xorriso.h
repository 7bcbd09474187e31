// Xorriso: the program that knows discs, as a child process: it lays out the file system of a disc
// or image, says what medium is in a drive, and burns.
//
// No shell, no file of settings (-no_rc), no terminal; its dialogue is read all the while. The
// content of a volume goes through a pipe and is nowhere staged: xorriso lays out an image for an
// empty (sparse) file of the volume's size, of which the beginning is taken: everything before the
// file's first byte. Behind it come the volume's bytes themselves. Argued in
// docs/decisions/media.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/progress.h"
#include "media/volume_bytes.h"
#include "media/xorriso_dialogue.h"

namespace courier {

class XorrisoChild;

// A disc that is being burnt. Whoever lets go of it before finish() spoils the disc.
class DiscBurner {
 public:
  DiscBurner(std::unique_ptr<XorrisoChild> child, std::string drive, ProgressEvent progress,
             const ProgressSink& sink);
  DiscBurner(DiscBurner&&) noexcept;
  ~DiscBurner();
  // The next bytes of the image. Errors: no_space, device, when the disc is spoilt.
  void write(ByteView block);
  // Waits until the disc is closed. Errors: likewise.
  void finish();

 private:
  [[noreturn]] void fail();

  std::unique_ptr<XorrisoChild> child_;
  std::string drive_;
  ProgressEvent progress_;
  ProgressSink sink_;
};

// An image with one file in it.
struct DiscImage {
  VolumeBytes bytes;
  std::uint64_t content = 0;  // where the file begins
};

class Xorriso {
 public:
  // program: searched in PATH unless it has a slash.
  explicit Xorriso(std::string program = "xorriso") : program_(std::move(program)) {}

  // An image with one file `name` that has these bytes: ISO 9660 level 3, Rock Ridge and Joliet,
  // volume label disc_label(name), read while it is read. Errors: device, when xorriso is not
  // installed or fails; no_space, when the volume is larger than any image (8 TiB).
  DiscImage image(const VolumeBytes& volume, const std::string& name) const;

  // What is in this drive ("/dev/sr0", or xorriso's pseudo-drive "stdio:FILE"). Errors: device.
  DiscState disc(const std::string& drive) const;

  // Begins to burn an image of this size onto a blank disc, which is then closed. Progress: as the
  // drive says it. Errors: device.
  DiscBurner burn(const std::string& drive, std::uint64_t size, ProgressEvent progress,
                  const ProgressSink& sink) const;

  // Drops what the drive and the kernel remember of the disc: out and in again where the drive can.
  void reload(const std::string& drive) const;

 private:
  std::string program_;
};

// "PUN_PSE_000012_V2" for PUN-PSE-000012.v2.pcl: what a disc of a volume with this file name is
// called.
std::string disc_label(const std::string& name);

}  // namespace courier
