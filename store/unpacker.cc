#include "store/unpacker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

#include "base/codec.h"
#include "base/confinement.h"
#include "base/error.h"
#include "store/unpack_worker.h"

namespace courier {

namespace {

// More time as the work goes on: a child that computes without a result is stopped. It is waited
// for longer than it computes, as it reads the archive itself, from wherever that is. A result is
// what costs it something: content, which has a limit, and entries, which have one.
constexpr std::uint64_t kGrantBytes = 8u << 20;
constexpr std::uint64_t kEntryCost = 4u << 10;
constexpr std::uint32_t kGrantSeconds = 20, kGrantWaiting = 300;

class Unpacking {
 public:
  Unpacking(const Fd& archive, std::string name, UnpackedTree& tree, const ProgressSink& progress)
      : subject_("archive " + escaped(name)),
        tree_(tree),
        progress_(progress),
        child_(ConfinedChild::start(unpack_worker().name, {}, {&archive})) {}

  void run() {
    while (!is_done_) std::visit(*this, next());
    // Not waited for: it has said all, and one that was taken over need not end.
    tree_.finish();
  }

  void operator()(const ArchiveEntry& entry) {
    work_ += kEntryCost;
    tree_.begin(entry);
  }
  void operator()(const ArchiveData& data) {
    if (tree_.entries() == 0) throw failed("told of content before an entry");
    tree_.content(data);
    report(progress_, {"unpacking", "", tree_.bytes(), 0});
  }
  void operator()(const ArchiveBroken& broken) {
    if (tree_.entries() == 0) throw failed("told of a fault before an entry");
    tree_.broken(broken.what);
  }
  void operator()(const ArchiveEnd&) { is_done_ = true; }
  [[noreturn]] void operator()(const ArchiveFault& fault) {
    switch (fault.kind) {
      case ArchiveFault::Kind::no_archive:
        throw Error(ErrorCode::unsupported, subject_, escaped(fault.what))
            .with_loss("nothing was lost: no package version was made")
            .with_hint(
                "zip, tar (gzip, bzip2, xz, zstd, lz4), 7z, iso and cab are unpacked;"
                " without --unpack it is added as a file");
      case ArchiveFault::Kind::encrypted:
        throw Error(ErrorCode::unsupported, subject_, escaped(fault.what))
            .with_loss("nothing was lost: no package version was made")
            .with_hint(
                "unpack it yourself and add the folder, or add it as a file without"
                " --unpack");
      case ArchiveFault::Kind::damaged:
        break;
    }
    throw tree_.error(ErrorCode::damaged, "cannot be read to its end: " + escaped(fault.what));
  }

 private:
  ArchiveMessage next() {
    std::array<std::uint8_t, 4> head{};
    if (!child_.receive(head)) throw failed(child_.failure(subject_));
    const std::uint32_t size = Decoder(ByteView(head), "archive message").u32();
    if (size > kMaxArchiveMessage) throw failed(fmt::format("told {} bytes at once", size));
    message_.resize(size);
    if (!child_.receive(message_)) throw failed(child_.failure(subject_));
    work_ += size;
    if (work_ >= kGrantBytes) {
      child_.grant_cpu(kGrantSeconds, kGrantWaiting);
      work_ = 0;
    }
    try {
      return decode_archive_message(message_);
    } catch (const Error& error) {
      throw failed("told nonsense: " + error.happened());
    }
  }

  Error failed(const std::string& how) { return failed(confined_failure(subject_, how)); }
  static Error failed(Error error) {
    return error.with_loss(
        "nothing was lost: it could reach no file and no network, and no package version was made");
  }

  const std::string subject_;
  UnpackedTree& tree_;
  const ProgressSink& progress_;
  ConfinedChild child_;
  Bytes message_;
  std::uint64_t work_ = 0;
  bool is_done_ = false;
};

}  // namespace

std::uint64_t default_unpack_limit(std::uint64_t archive_bytes) {
  constexpr std::uint64_t kSmall = 1u << 30, kRatio = 100;
  return kSmall + kRatio * std::min<std::uint64_t>(archive_bytes, UINT64_MAX / (2 * kRatio));
}

void unpack(FileSystem& fs, const Fd& archive, const std::string& name, UnpackedTree& tree,
            const ProgressSink& progress) {
  const struct stat before = fs.stat(archive);
  if (!S_ISREG(before.st_mode)) {
    throw Error(ErrorCode::usage, escaped(name), "is no file that could be unpacked")
        .with_hint("a folder is added without --unpack");
  }
  Unpacking(archive, name, tree, progress).run();
  if (!same_state(before, fs.stat(archive))) {
    throw Error(ErrorCode::not_allowed, "archive " + escaped(name), "changed while it was read")
        .with_loss("nothing was lost: no package version was made")
        .with_hint("run the same command again when nothing writes to it");
  }
}

}  // namespace courier
