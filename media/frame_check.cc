#include "media/frame_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/frame.h"
#include "base/xxh3.h"

namespace courier {
namespace {

class FrameCheck {
 public:
  // is_to_end: what lies behind the volume's end is not looked at.
  explicit FrameCheck(std::string subject, bool is_to_end = false)
      : subject_(std::move(subject)), is_to_end_(is_to_end), state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
  }

  // Bytes that were read at `offset`. Those that do not follow what came before are not looked at.
  void see(std::uint64_t offset, ByteView bytes) {
    if (offset == 0) begin();
    if (offset != at_) return;
    while (!bytes.empty() && !has_ended_) {
      bytes = bytes.subspan(left_ > 0 ? take_payload(bytes) : take_header(bytes));
    }
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };

  void begin() {
    has_ended_ = false;
    at_ = left_ = 0;
    filled_ = 0;
  }

  std::size_t take_header(ByteView bytes) {
    const std::size_t n = std::min(header_.size() - filled_, bytes.size());
    std::copy_n(bytes.begin(), n, header_.begin() + static_cast<std::ptrdiff_t>(filled_));
    filled_ += n;
    at_ += n;
    if (filled_ < header_.size()) return n;
    filled_ = 0;
    const ParsedFrame parsed = parse_frame_header(header_);
    if (parsed.fault != FrameFault::none) {
      fail(fmt::format("is damaged at byte {}: no frame begins where one should",
                       at_ - header_.size()));
    }
    frame_ = parsed.header;
    left_ = frame_.payload_size;
    XXH3_64bits_reset(state_.get());
    if (left_ == 0) finish();
    return n;
  }

  std::size_t take_payload(ByteView bytes) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    XXH3_64bits_update(state_.get(), bytes.data(), n);
    left_ -= n;
    at_ += n;
    if (left_ == 0) finish();
    return n;
  }

  void finish() {
    if (XXH3_64bits_digest(state_.get()) == frame_.checksum) {
      has_ended_ = is_to_end_ && frame_.kind == static_cast<std::uint8_t>(FrameKind::end);
      return;
    }
    const std::uint64_t begin = at_ - frame_.payload_size;
    fail(frame_.kind == static_cast<std::uint8_t>(FrameKind::record)
             ? fmt::format("is damaged in record {}, in the {} bytes from byte {} of the volume",
                           frame_.number, frame_.payload_size, begin)
             : fmt::format("is damaged in the {} bytes from byte {} of the volume",
                           frame_.payload_size, begin));
  }

  [[noreturn]] void fail(std::string what) const {
    throw Error(ErrorCode::damaged, subject_, std::move(what))
        .with_loss("nothing of this volume was written")
        .with_hint("write from an intact copy of the parcel");
  }

  const std::string subject_;
  const bool is_to_end_;
  bool has_ended_ = false;
  std::unique_ptr<XXH3_state_t, Free> state_;
  std::array<std::uint8_t, kFrameHeaderSize> header_{};
  std::size_t filled_ = 0;  // of header_
  FrameHeader frame_;
  std::uint64_t left_ = 0;  // of its payload
  std::uint64_t at_ = 0;    // what was read in order ends here
};

}  // namespace

VolumeBytes with_checked_frames(VolumeBytes volume, std::string subject) {
  VolumeBytes checked;
  checked.size = volume.size;
  checked.read_at = [read_at = std::move(volume.read_at),
                     check = std::make_shared<FrameCheck>(std::move(subject))](
                        std::uint64_t offset, MutableByteView out) {
    const std::size_t n = read_at(offset, out);
    check->see(offset, out.first(n));
    return n;
  };
  return checked;
}

ByteSource with_noted_damage(ByteSource source, std::string subject,
                             std::shared_ptr<std::optional<Error>> damage) {
  const auto check = std::make_shared<FrameCheck>(std::move(subject), true);
  return [source = std::move(source), check, damage = std::move(damage),
          at = std::uint64_t{0}](MutableByteView out) mutable {
    const std::size_t n = source(out);
    if (!*damage) {
      try {
        check->see(at, out.first(n));
      } catch (const Error& error) {
        *damage = error;
      }
    }
    at += n;
    return n;
  };
}

}  // namespace courier
