#include "media/proved_write.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/frame.h"
#include "base/pipeline.h"
#include "media/aligned_buffer.h"

namespace courier {

namespace {

constexpr std::size_t kBlock = 4u << 20;
// Fills the block as far as the file goes. With O_DIRECT a read that is not aligned was the last.
std::size_t read_block(FileSystem& fs, const Fd& fd, MutableByteView block, std::uint64_t offset,
                       bool direct, const Quirks& quirks) {
  std::size_t filled = 0;
  while (filled < block.size()) {
    const std::size_t wanted = quirks.piece(block.size() - filled);
    const std::size_t n = fs.pread(fd, block.subspan(filled, wanted), offset + filled);
    filled += n;
    if (n == 0 || (direct && n % kAlignment != 0)) break;
  }
  return filled;
}

struct OpenedForProof {
  Fd fd;
  bool direct = false;
};

// Opened with O_DIRECT when the file system takes it, which shows at the first read.
OpenedForProof open_for_proof(FileSystem& fs, const Fd& dir, const std::string& name,
                              MutableByteView buffer) {
  try {
    OpenedForProof opened{fs.open_at(dir, name, O_RDONLY | O_DIRECT), true};
    fs.pread(opened.fd, buffer.first(kAlignment), 0);
    return opened;
  } catch (const Error&) {
    // Not supported here; if it was a true failure, the ordinary reads meet it again.
  }
  OpenedForProof opened{fs.open_at(dir, name, O_RDONLY), false};
  fs.drop_cache(opened.fd);
  return opened;
}

// The digest of a stream of blocks, in a thread of its own: it takes as long as reading them, and
// need not be waited for. Blocks come in turn from two buffers.
class DigestAside {
 public:
  // The buffer for the next block. That of the block before the last is free again.
  MutableByteView buffer() { return buffers_[count_ % 2].bytes(); }
  // Goes on to the next buffer. block: the part of this one that is digested.
  void update(ByteView block) {
    wait();
    stage_.push(block);
    ++count_;
    is_busy_ = true;
  }
  Digest finish() {
    wait();
    return hasher_.finish();
  }

 private:
  void wait() {
    if (is_busy_) stage_.pop();
    is_busy_ = false;
  }

  AlignedBuffer buffers_[2]{AlignedBuffer(kBlock), AlignedBuffer(kBlock)};
  Hasher hasher_{DigestKind::file};
  ThreadPool pool_{1};
  OrderedStage<ByteView, bool> stage_{pool_, 1, [this](ByteView block) {
                                        hasher_.update(block);
                                        return true;
                                      }};
  std::size_t count_ = 0;
  bool is_busy_ = false;
};

// What of a block that lies at `offset` is in the part.
ByteView within(DigestedPart part, std::uint64_t offset, ByteView block) {
  const std::uint64_t skipped = part.offset - std::min(part.offset, offset);
  block = block.subspan(std::min<std::uint64_t>(skipped, block.size()));
  offset += skipped;
  const std::uint64_t done = offset - std::min(offset, part.offset);
  return block.first(std::min<std::uint64_t>(block.size(), part.size - std::min(part.size, done)));
}

}  // namespace

Written copy_with_checksums(const VolumeBytes& from, const ByteSink& to, ProgressEvent progress,
                            const ProgressSink& sink) {
  AlignedBuffer buffer(kBlock);
  Written written;
  progress.total = from.size;
  for (;;) {
    report(sink, progress);
    const auto wanted = std::min<std::uint64_t>(kBlock, from.size - written.size);
    if (wanted == 0) break;
    const std::size_t n = from.read_at(written.size, buffer.bytes().first(wanted));
    if (n == 0) break;
    const ByteView block = buffer.bytes().first(n);
    written.block_checksums.push_back(frame_checksum(block));
    if (to) to(block);
    written.size += n;
    progress.done = written.size;
  }
  if (written.size != from.size) {
    throw Error(ErrorCode::device, progress.subject,
                fmt::format("changed while it was read: it had {} bytes, {} came", from.size,
                            written.size));
  }
  return written;
}

ReadBack compare_back(const VolumeBytes& back, const Written& expected, ProgressEvent progress,
                      const ProgressSink& sink, DigestedPart digested) {
  DigestAside digest;
  progress.total = expected.size;
  ReadBack result;
  std::uint64_t offset = 0;
  bool same = true;
  for (std::size_t i = 0; same && offset < expected.size; ++i) {
    progress.done = offset;
    report(sink, progress);
    // A whole block is asked for, as O_DIRECT wants; a disc may have more than was written to it.
    const MutableByteView buffer = digest.buffer();
    const auto n = static_cast<std::size_t>(
        std::min<std::uint64_t>(back.read_at(offset, buffer), expected.size - offset));
    const ByteView block = buffer.first(n);
    digest.update(within(digested, offset, block));
    result.came_back = frame_checksum(block);
    same = n > 0 && expected.block_checksums.at(i) == result.came_back;
    if (same) offset += n;
  }
  result.same = same && back.size == expected.size;
  if (result.same) result.digest = digest.finish();
  result.first_byte = offset;
  result.end_byte = std::min(offset + kBlock, expected.size);
  return result;
}

ReadBack read_back(FileSystem& fs, const Fd& dir, const std::string& name, const Written& expected,
                   ProgressEvent progress, const ProgressSink& sink, const Quirks& quirks,
                   DigestedPart digested) {
  AlignedBuffer buffer(kAlignment);
  const OpenedForProof opened = open_for_proof(fs, dir, name, buffer.bytes());
  const auto size = static_cast<std::uint64_t>(fs.stat(opened.fd).st_size);
  const VolumeBytes back{size, [&](std::uint64_t offset, MutableByteView out) {
                           return read_block(fs, opened.fd, out, offset, opened.direct, quirks);
                         }};
  ReadBack result = compare_back(back, expected, std::move(progress), sink, digested);
  result.direct = opened.direct;
  return result;
}

}  // namespace courier
