#include "courier/new_file.h"

#include <filesystem>

#include "base/durable.h"
#include "base/error.h"

namespace courier {

void write_new_file(FileSystem& fs, const std::string& path, ByteView content) {
  const std::filesystem::path target(path);
  const std::string folder = target.parent_path().empty() ? "." : target.parent_path().string();
  const std::string name = target.filename().string();
  if (name.empty()) {
    throw Error(ErrorCode::usage, "file " + escaped(path), "is no name of a file");
  }
  const Fd dir = open_dir(fs, folder);
  if (fs.stat_at(dir, name)) {
    throw Error(ErrorCode::not_allowed, "file " + escaped(path), "is there already")
        .with_hint("choose another name, or remove it");
  }
  write_durably(fs, dir, name, content, Replace::never, 0644);
}

}  // namespace courier
