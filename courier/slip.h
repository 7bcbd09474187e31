// Slip and label: what goes with a parcel on paper. The slip is a page for each volume: from whom
// to whom, which volume, when, by which carrier, the sender's fingerprint, a QR code that names the
// parcel, and lines for the hands it passes through. The label has the same, small, for the medium.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "courier/slip_words.h"

namespace courier {

struct SlipVolume {
  std::uint32_t number = 0, of = 0;  // 0: the whole parcel
  bool is_spare = false;             // and then numbered among the spare ones
  std::string medium;                // where it was written to; may be empty
  std::string code;                  // what its QR code says

  // "volume 2 of 3"; "whole parcel".
  std::string words(const SlipWords& words) const;
};

struct Slip {
  std::string parcel;                                   // "PUN-PSE-000001"
  std::string from;                                     // "PUN (Pune)"
  std::vector<std::pair<std::string, std::string>> to;  // {"PUN-PSE-000001", "PSE (Branch)"}
  std::string name, carrier, tracking;                  // not drawn when empty
  std::uint64_t content_bytes = 0, file_bytes = 0;
  std::optional<Time> expected;     // the return
  std::string fingerprint;          // the sender's words
  Time created;                     // of the parcel: the file says no other
  std::vector<SlipVolume> volumes;  // not empty
};

// PDF files: A4, a page for each volume; 100 by 60 mm, a label for each volume. Texts are valid
// UTF-8; what does not fit a line is cut. Errors: device, without the library that draws them.
Bytes slip_pdf(const Slip& slip, const SlipWords& words);
Bytes label_pdf(const Slip& slip, const SlipWords& words);

}  // namespace courier
