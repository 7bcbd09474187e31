#include "media/sysfs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "base/durable.h"
#include "base/error.h"

namespace courier::sysfs {

namespace {

namespace stdfs = std::filesystem;

// A drive in a mapping in a mapping ...: deeper is a loop that somebody made.
constexpr int kMaxDepth = 8;

// The answer of `call`, or nothing when what it asks about is not there.
template <typename Call>
auto if_there(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    return {};
  }
}

// The byte that `digits` stand for, or -1.
int byte_of(std::string_view digits, int base) {
  int value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, value, base);
  return fault == std::errc() && stop == end && value < 256 ? value : -1;
}

std::string numbers_of(dev_t device) { return fmt::format("{}:{}", major(device), minor(device)); }

class Search {
 public:
  Search(FileSystem& fs, const std::string& root) : fs_(fs), root_(root) {}

  void add_under(const Fd& on, int depth) {
    const struct stat status = fs_.stat(on);
    const bool is_node = S_ISBLK(status.st_mode) || S_ISCHR(status.st_mode);
    const dev_t device = is_node ? status.st_rdev : status.st_dev;
    const std::string kind = S_ISCHR(status.st_mode) ? "char" : "block";
    const std::string folder = target_of(fs_, root_ + "/sys/dev/" + kind, numbers_of(device));
    if (!folder.empty()) return add(folder, depth);
    if (!is_node) add_source_of(path_of(on), depth);
  }

  std::vector<std::string> found;

 private:
  void add(const std::string& folder, int depth) {
    if (depth > kMaxDepth || std::ranges::find(found, folder) != found.end()) return;
    found.push_back(folder);
    const std::string slaves = folder + "/slaves";
    for (const std::string& name : names_in(fs_, slaves)) {
      const std::string slave = target_of(fs_, slaves, name);
      if (!slave.empty()) add(slave, depth + 1);
    }
    const std::string image = text_of(fs_, folder + "/loop/backing_file");
    if (!image.empty()) add_path(image, depth + 1);
  }

  // btrfs numbers what it holds by itself: there the mount names the device.
  void add_source_of(const std::string& path, int depth) {
    std::string source;
    std::size_t nearest = 0;
    for (const Mount& mount : mounts(fs_, root_)) {
      const std::string prefix = mount.point.ends_with('/') ? mount.point : mount.point + '/';
      if ((path != mount.point && !path.starts_with(prefix)) || prefix.size() < nearest) continue;
      nearest = prefix.size();
      source = mount.source;
    }
    if (source.starts_with("/dev/")) add_path(root_ + source, depth + 1);
  }

  void add_path(const std::string& path, int depth) {
    if (depth > kMaxDepth) return;
    const Fd fd = if_there([&] { return fs_.open(path, O_PATH | O_CLOEXEC); });
    if (fd) add_under(fd, depth);
  }

  FileSystem& fs_;
  const std::string& root_;
};

}  // namespace

std::string text_of(FileSystem& fs, const std::string& path) {
  constexpr std::uint64_t kMax = 4u << 20;  // mountinfo of a machine with many containers
  std::string text = to_string(if_there([&] { return read_file(fs, path, kMax); }));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string target_of(FileSystem& fs, const std::string& folder, const std::string& name) {
  const std::string link = if_there([&] {
    const Fd dir = open_dir(fs, folder);
    return fs.stat_at(dir, name) ? fs.read_link_at(dir, name) : std::string();
  });
  return link.empty() ? link : (stdfs::path(folder) / link).lexically_normal().string();
}

std::vector<std::string> names_in(FileSystem& fs, const std::string& folder) {
  std::vector<std::string> names;
  for (const DirEntry& entry : if_there([&] { return fs.list(open_dir(fs, folder)); })) {
    names.push_back(entry.name);
  }
  return names;
}

std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    int value = -1;
    if (text.size() >= 4 && text[0] == '\\') {
      value = text[1] == 'x' ? byte_of(text.substr(2, 2), 16) : byte_of(text.substr(1, 3), 8);
    }
    out.push_back(value >= 0 ? static_cast<char>(value) : text[0]);
    text.remove_prefix(value >= 0 ? 4 : 1);
  }
  return out;
}

std::vector<Mount> mounts(FileSystem& fs, const std::string& root) {
  return mounts_in(text_of(fs, root + "/proc/self/mountinfo"));
}

std::vector<Mount> mounts_in(const std::string& text) {
  std::vector<Mount> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, inner, word;
    Mount mount;
    words >> id >> parent >> mount.device >> inner >> mount.point;
    while (words >> word && word != "-") {
    }
    words >> mount.file_system >> mount.source;
    mount.point = unescaped(mount.point);
    mount.source = unescaped(mount.source);
    all.push_back(std::move(mount));
  }
  return all;
}

std::vector<std::string> devices_under(FileSystem& fs, const Fd& on, const std::string& root) {
  Search search(fs, root);
  search.add_under(on, 0);
  return std::move(search.found);
}

std::string whole_drive(FileSystem& fs, const std::string& folder) {
  const bool is_partition = !text_of(fs, folder + "/partition").empty();
  return is_partition ? stdfs::path(folder).parent_path().string() : folder;
}

std::vector<std::string> system_drives(FileSystem& fs) {
  std::vector<std::string> drives;
  for (const char* part : {"/", "/boot", "/boot/efi", "/usr", "/var"}) {
    const Fd fd = if_there([&] { return fs.open(part, O_PATH | O_CLOEXEC); });
    if (!fd) continue;
    for (const std::string& device : devices_under(fs, fd)) {
      drives.push_back(whole_drive(fs, device));
    }
  }
  return drives;
}

std::string usb_device_above(FileSystem& fs, const std::string& folder) {
  for (stdfs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    if (at.filename() == "devices" || at.filename() == "sys") break;
    const Fd dir = if_there([&] { return open_dir(fs, at); });
    if (dir && fs.stat_at(dir, "idVendor")) return at;
  }
  return {};
}

}  // namespace courier::sysfs
