#include "store/zstd_frame.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "base/error.h"

namespace courier {

namespace {

struct CompressorFree {
  void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};
struct DecompressorFree {
  void operator()(ZSTD_DCtx* d) const { ZSTD_freeDCtx(d); }
};

// One for each thread: a context holds tables of megabytes that are costly to make for every block.
ZSTD_CCtx* compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, CompressorFree> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, DecompressorFree> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

// A level's own window and tables are for the data alone: matches in a prefix need a window over
// both, and at the quick levels a table that does not forget the prefix before the data begins.
void refer_to(ZSTD_CCtx* context, ByteView prefix, std::size_t size, int level) {
  const int window = std::max(static_cast<int>(std::bit_width(prefix.size() + size)), 10);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
  if (level < 10) ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, std::max(window - 3, 6));
  ZSTD_CCtx_refPrefix(context, prefix.data(), prefix.size());
}

// Level 19 as it is spends a fifth to a quarter of its time on a thousandth of a block's bytes.
void search_less(ZSTD_CCtx* context) {
  ZSTD_CCtx_setParameter(context, ZSTD_c_strategy, ZSTD_btultra);
  ZSTD_CCtx_setParameter(context, ZSTD_c_searchLog, 5);
  ZSTD_CCtx_setParameter(context, ZSTD_c_targetLength, 128);
}

}  // namespace

std::optional<Bytes> compress_frame(ByteView data, int level, ByteView prefix) {
  Bytes out(data.size() - 1);
  ZSTD_CCtx* const context = compressor();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  if (!prefix.empty()) {
    refer_to(context, prefix, data.size(), level);
  } else if (level == 19) {
    search_less(context);
  }
  const std::size_t size =
      ZSTD_compress2(context, out.data(), out.size(), data.data(), data.size());
  if (ZSTD_isError(size)) return std::nullopt;
  out.resize(size);
  return out;
}

Bytes decompress_frame(ByteView frame, std::size_t raw_size, std::string_view subject,
                       ByteView prefix) {
  const auto fail = [&](std::string what) {
    return Error(ErrorCode::damaged, std::string(subject), std::move(what));
  };
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size() ||
      ZSTD_getFrameContentSize(frame.data(), frame.size()) != raw_size) {
    throw fail("its payload is no zstd frame of the stated size");
  }
  Bytes raw(raw_size);
  ZSTD_DCtx* const context = decompressor();
  // Also lets go of a prefix that a frame refused before any use has left behind.
  ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
  if (!prefix.empty()) ZSTD_DCtx_refPrefix(context, prefix.data(), prefix.size());
  const std::size_t size =
      ZSTD_decompressDCtx(context, raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(size)) {
    throw fail(std::string("its payload cannot be decompressed: ") + ZSTD_getErrorName(size));
  }
  if (size != raw_size) throw fail("its payload is shorter than stated");
  return raw;
}

}  // namespace courier
