// What the confined child that unpacks may tell, taken apart and acted upon: whatever it says stays
// within one folder.
#include <fcntl.h>

#include <algorithm>
#include <filesystem>

#include "base/codec.h"
#include "base/error.h"
#include "store/unpacked_tree.h"
#include "tests/support/temp_folder.h"

namespace {

void act(courier::UnpackedTree& tree, const courier::ArchiveMessage& message) {
  using namespace courier;
  if (const auto* entry = std::get_if<ArchiveEntry>(&message)) {
    tree.begin(*entry);
  } else if (tree.entries() == 0) {
    return;
  } else if (const auto* data = std::get_if<ArchiveData>(&message)) {
    tree.content(*data);
  } else if (const auto* broken = std::get_if<ArchiveBroken>(&message)) {
    tree.broken(broken->what);
  } else {
    tree.finish();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  static test::TempFolder temp(test::memory_folder());
  static PosixFileSystem fs;
  std::filesystem::create_directory(temp / "top");
  std::filesystem::create_directory(temp / "top/into");
  {
    const Fd into = fs.open(temp / "top/into", O_RDONLY | O_DIRECTORY, 0);
    UnpackedTree tree(fs, into, "fuzzed", {.skip_unreadable = true, .max_bytes = 1u << 20});
    Decoder in(ByteView(data, size), "messages");
    try {
      while (!in.at_end()) {
        const ByteView message = in.raw(std::min<std::size_t>(in.u16(), in.remaining()));
        const ArchiveMessage decoded = decode_archive_message(message);
        if (const Bytes again = encode(decoded); !std::ranges::equal(again, message))
          __builtin_trap();
        act(tree, decoded);
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::internal) __builtin_trap();
    }
  }
  std::size_t beside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(temp / "top")) {
    static_cast<void>(entry);
    ++beside;
  }
  if (beside != 1) __builtin_trap();
  std::filesystem::remove_all(temp / "top");
  return 0;
}
