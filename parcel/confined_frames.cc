#include "parcel/confined_frames.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/codec.h"
#include "base/confined_input.h"
#include "base/volume_header.h"
#include "parcel/frame_stream.h"
#include "parcel/frame_window.h"
#include "parcel/label.h"

namespace courier {
namespace {

constexpr std::string_view kWorkerName = "frames";
// Processor time for each part of the stream: a thousandth of the speed of a slow machine.
constexpr std::uint64_t kGrantedPart = 64u << 20;
constexpr std::uint32_t kGrantedSeconds = 60;

class ConfinedFrames final : public FrameSource {
 public:
  ConfinedFrames(ByteSource source, std::string subject)
      : window_(std::move(source), subject), subject_(std::move(subject)) {}

  std::optional<Frame> next() override;
  std::uint64_t trailing_bytes() const override { return trailing_bytes_; }
  ByteView peek(std::size_t size) override { return window_.peek(size); }
  std::uint64_t bytes_read() const override { return window_.bytes_read(); }

 private:
  FrameMessage ask();
  void answer();

  FrameWindow window_;
  std::string subject_;
  std::optional<ConfinedChild> child_;
  std::optional<FrameMessage> want_;  // not answered: the medium failed
  std::uint64_t granted_ = kGrantedPart, trailing_bytes_ = 0;
  bool has_ended_ = false;
};

FrameMessage ConfinedFrames::ask() {
  std::array<std::uint8_t, kFrameMessageSize> bytes;
  if (!child_->receive(bytes)) throw child_->failure(subject_);
  return parse_frame_message(bytes, subject_);
}

void ConfinedFrames::answer() {
  const ByteView bytes = window_.give(*want_);
  want_.reset();
  Encoder size;
  size.u32(static_cast<std::uint32_t>(bytes.size()));
  if (!child_->send(size.view()) || !child_->send(bytes)) throw child_->failure(subject_);
  if (window_.bytes_read() > granted_) {
    granted_ += kGrantedPart;
    child_->grant_cpu(kGrantedSeconds);
  }
}

std::optional<Frame> ConfinedFrames::next() {
  if (!child_) child_.emplace(ConfinedChild::start(kWorkerName, {}));
  while (!has_ended_) {
    if (want_) answer();
    const FrameMessage message = ask();
    switch (message.what) {
      case FrameMessageKind::want:
        want_ = message;
        break;
      case FrameMessageKind::frame:
        return window_.take(message);
      case FrameMessageKind::end:
        trailing_bytes_ = window_.end(message);
        has_ended_ = true;
    }
  }
  return std::nullopt;
}

// The child's side from here on.

// What it says is of no interest here: it is said where the frame goes.
void take_apart_once(const Frame& frame) {
  if (!frame.intact) return;
  try {
    if (frame.kind == static_cast<std::uint8_t>(FrameKind::volume_header)) {
      parse_volume_header(frame.payload);
    } else if (frame.kind == static_cast<std::uint8_t>(FrameKind::label) &&
               frame.payload.size() > kSignatureSize) {
      parse_label(ByteView(frame.payload).first(frame.payload.size() - kSignatureSize));
    }
  } catch (const Error&) {
  }
}

int read_frames(const Fd& channel, std::vector<Fd>) {
  const FrameStream* stream = nullptr;
  FrameStream frames([&](MutableByteView out) -> std::size_t {
    FrameMessage want;
    want.what = FrameMessageKind::want;
    want.size = static_cast<std::uint32_t>(std::min<std::size_t>(out.size(), kMaxGiven));
    want.place = stream->position();
    write_answer(channel, encode(want));
    std::array<std::uint8_t, 4> header;
    read_input(channel, header);
    Decoder in(header, "answer");
    const std::size_t size = in.u32();
    if (size > out.size()) throw NobodyAsks{};
    read_input(channel, out.first(size));
    return size;
  });
  stream = &frames;
  try {
    while (const auto frame = frames.next()) {
      take_apart_once(*frame);
      FrameMessage found;
      found.what = FrameMessageKind::frame;
      found.kind = frame->kind;
      found.intact = frame->intact;
      found.oversized = frame->oversized;
      found.size = frame->stated_size;
      found.number = frame->number;
      found.place = frame->offset;
      found.skipped_bytes = frame->skipped_bytes;
      write_answer(channel, encode(found));
    }
    FrameMessage end;
    end.skipped_bytes = frames.trailing_bytes();
    write_answer(channel, encode(end));
  } catch (const NobodyAsks&) {
  }
  return 0;
}

}  // namespace

std::unique_ptr<FrameSource> confined_frames(ByteSource source, std::string subject) {
  return std::make_unique<ConfinedFrames>(std::move(source), std::move(subject));
}

ConfinedWorker frame_worker() { return {kWorkerName, nullptr, read_frames}; }

}  // namespace courier
