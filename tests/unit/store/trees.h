// Trees of files for the store's tests: made at random from a seed, and described line by line so
// that two can be compared.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace courier::test {

inline Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = random();
    std::memcpy(out.data() + i, &word, std::min<std::size_t>(8, size - i));
  }
  return out;
}

// Text that compresses, different for each seed.
inline Bytes prose(std::mt19937_64& random, std::size_t size) {
  static constexpr const char* kWords[] = {"parcel ", "site ", "chunk ", "block ", "the ", "of "};
  std::string out;
  while (out.size() < size) {
    out += kWords[random() % 6];
    if (random() % 8 == 0) out += std::to_string(random() % 100'000) + "\n";
  }
  out.resize(size);
  return to_bytes(as_bytes(out));
}

inline void write_file(const std::string& path, ByteView data) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
}
inline void write_file(const std::string& path, std::string_view text) {
  write_file(path, as_bytes(text));
}

inline Bytes read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  return to_bytes(as_bytes(text));
}

inline void set_times(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{0, UTIME_OMIT}, {seconds, nanoseconds}};
  ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

// One line for each entry: path, type, mode, time, size, digest or target, attributes, and for
// files with several names the first of them.
inline std::string describe(const std::string& top) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(top)) {
    paths.push_back(entry.path().string().substr(top.size() + 1));
  }
  paths.push_back("");
  std::sort(paths.begin(), paths.end());
  std::map<ino_t, std::string> first;
  std::string out;
  for (const auto& path : paths) {
    const std::string full = top + "/" + path;
    struct stat status {};
    if (::lstat(full.c_str(), &status) != 0) return "cannot stat " + full;
    out += escaped(path) + " " + std::to_string(status.st_mode) + " " +
           std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
    if (S_ISREG(status.st_mode)) {
      out += " " + std::to_string(status.st_size) + " " +
             digest_of(DigestKind::file, read_whole(full)).brief();
      if (status.st_nlink > 1) out += " = " + first.emplace(status.st_ino, path).first->second;
    }
    if (S_ISLNK(status.st_mode)) {
      out += " -> " + escaped(fs::read_symlink(full).string());
    } else {
      char names[4096];
      const ssize_t size = ::listxattr(full.c_str(), names, sizeof names);
      std::vector<std::string> sorted;
      for (ssize_t i = 0; i < size; i += static_cast<ssize_t>(std::strlen(names + i)) + 1) {
        if (std::string_view(names + i).starts_with("user.")) sorted.emplace_back(names + i);
      }
      std::sort(sorted.begin(), sorted.end());
      for (const auto& name : sorted) {
        char value[4096];
        const ssize_t length = ::getxattr(full.c_str(), name.c_str(), value, sizeof value);
        out += " " + name + "=" + escaped({value, static_cast<std::size_t>(length)});
      }
    }
    out += "\n";
  }
  return out;
}

// Folders, files of all sizes, links of both sorts, odd names, modes, times and attributes.
class RandomTree {
 public:
  explicit RandomTree(std::uint64_t seed) : random_(seed) {}

  void make(const std::string& top, int entries) {
    std::filesystem::create_directory(top);
    folders_ = {top};
    top_ = top;
    for (int i = 0; i < entries; ++i) add_entry(i);
    for (const auto& path : made_) finish(path);
    // Folders last, innermost first, since what is made in them changes their times.
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) finish(*folder);
  }

 private:
  std::string new_name(int i) {
    static const std::string kOdd[] = {
        "new\nline",   "sp ace", "\xff\xfe raw",       "-dash", "ütf",
        "back\\slash", "*",      std::string(240, 'n')};
    std::string name = random_() % 4 == 0 ? kOdd[random_() % std::size(kOdd)] : "entry";
    return name + std::to_string(i);
  }

  void add_entry(int i) {
    const std::string path = folders_[random_() % folders_.size()] + "/" + new_name(i);
    switch (random_() % 10) {
      case 0:
      case 1:
        std::filesystem::create_directory(path);
        folders_.push_back(path);
        return;
      case 2:
        ::symlink(random_() % 2 ? "../up/and/away" : "/etc/passwd", path.c_str());
        break;
      case 3:
        if (files_.empty()) return;
        ::link(files_[random_() % files_.size()].c_str(), path.c_str());
        return;
      default:
        write_file(path, content());
        files_.push_back(path);
    }
    made_.push_back(path);
  }

  Bytes content() {
    switch (random_() % 12) {
      case 0:
        return {};
      case 1:
        return random_bytes(random_, 300'000 + random_() % 400'000);
      case 2:
        return prose(random_, 100'000 + random_() % 1'000'000);
      case 3: {
        Bytes zeros(700'000 + random_() % 300'000);
        zeros.back() = static_cast<std::uint8_t>(random_());
        return zeros;
      }
      default:
        return prose(random_, random_() % 20'000);
    }
  }

  void finish(const std::string& path) {
    const bool is_link = std::filesystem::is_symlink(path);
    if (!is_link) {
      if (random_() % 4 == 0) {
        const std::string value(random_() % 20, 'v');
        ::setxattr(path.c_str(), "user.courier.test", value.data(), value.size(), 0);
        ::setxattr(path.c_str(), "user.a", "\0\1", 2, 0);
      }
      static constexpr mode_t kModes[] = {0644, 0600, 0755, 0640, 0400, 0777, 01755};
      ::chmod(path.c_str(), kModes[random_() % std::size(kModes)] | 0500);
    }
    set_times(path, static_cast<std::int64_t>(random_() % 4'000'000'000) - 100'000'000,
              static_cast<long>(random_() % 1'000'000'000));
  }

  std::mt19937_64 random_;
  std::string top_;
  std::vector<std::string> folders_, files_, made_;
};

}  // namespace courier::test
