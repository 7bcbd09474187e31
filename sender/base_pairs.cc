#include "sender/base_pairs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "sender/base_folder.h"
#include "store/store.h"

namespace courier {
namespace {

constexpr std::size_t kMaxLoose = 65'536;      // entries of one folder without their like
constexpr std::size_t kMaxUnpaired = 262'144;  // files of a tree: about 64 MiB
constexpr std::size_t kMaxLikely = 1024;       // old files of one name that are compared

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::uint64_t far_apart(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

bool is_of_like_size(std::uint64_t a, std::uint64_t b) {
  return std::min(a, b) >= std::max(a, b) / 4;
}

TreeEntry essence(const TreeEntry& entry) {
  TreeEntry out;
  out.type = entry.type;
  out.size = entry.size;
  out.form = entry.form;
  out.content = entry.content;
  return out;
}

// "so" of "libx.so"; empty without one.
std::string_view ending(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot);
}

}  // namespace

std::string without_numbers(const std::string& name) {
  constexpr std::string_view kJoints = ".-_+~";
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    if (!is_digit(name[i])) {
      out += name[i++];
      continue;
    }
    out += '#';
    while (i < name.size()) {
      if (is_digit(name[i])) {
        ++i;
      } else if (i + 1 < name.size() && is_digit(name[i + 1]) &&
                 kJoints.find(name[i]) != std::string_view::npos) {
        i += 2;
      } else {
        break;
      }
    }
  }
  return out;
}

BasePairs::BasePairs(Store& store, const ObjectSet& needed, std::unordered_set<Digest> lacking,
                     BaseMap& out)
    : store_(store),
      needed_(needed),
      lacking_(std::move(lacking)),
      out_(out),
      files_(store, needed, lacking_, out) {}

void BasePairs::pair(const Digest& root, const std::vector<Digest>& old_roots) {
  if (old_roots.empty() || !needed_.contains(root)) return;
  const Digest& first = old_roots.front();
  if (lacking_.contains(first)) return;
  const Bytes old_bytes = store_.read(first, DigestKind::root);
  const RootObject fresh = store_.read_root(root), old = decode_root(old_bytes);
  const auto size = static_cast<std::uint64_t>(old_bytes.size());
  out_.add(root, {BaseForm::object, first, 0, size, 0, size, 0});
  open_.push_back({fresh.folder.content, old.folder.content, ""});
  while (!open_.empty()) {
    const Folders next = std::move(open_.back());
    open_.pop_back();
    pair_folders(next);
  }
  for (const Digest& old_root : old_roots) {
    if (unpaired_.empty()) break;
    pair_moved(old_root);
  }
  unpaired_.clear();
}

void BasePairs::pair_folders(const Folders& folders) {
  if (folders.fresh.is_zero() || folders.fresh == folders.old) return;
  if (!needed_.contains(folders.fresh)) return;
  FolderNodes old, fresh;
  fresh.read(store_, folders.fresh, [&](const Digest& node) { return needed_.contains(node); });
  if (!folders.old.is_zero()) {
    old.read(store_, folders.old, [&](const Digest& node) {
      return !lacking_.contains(node) && !fresh.passed_over.contains(node);
    });
  }
  fresh.pair(old, out_);

  std::vector<Loose> left, gone;
  const auto loose = [&](const TreeEntry& entry) {
    return Loose{without_numbers(entry.name), folders.name, essence(entry)};
  };
  const auto keep = [&](std::vector<Loose>& where, const TreeEntry& entry) {
    if (where.size() < kMaxLoose) where.push_back(loose(entry));
  };
  FolderCursor new_entries(store_, std::move(fresh)), old_entries(store_, std::move(old));
  while (const TreeEntry* entry = new_entries.at()) {
    while (old_entries.at() && old_entries.at()->name < entry->name) {
      keep(gone, *old_entries.at());
      old_entries.next();
    }
    const TreeEntry* same = old_entries.at();
    if (same && same->name == entry->name) {
      if (same->type == entry->type) {
        pair_entries(loose(*entry), *same);
      } else {
        keep(left, *entry);
      }
      old_entries.next();
    } else {
      keep(left, *entry);
    }
    new_entries.next();
  }
  for (; old_entries.at(); old_entries.next()) keep(gone, *old_entries.at());
  pair_left_over(left, gone);
}

void BasePairs::pair_entries(const Loose& fresh, const TreeEntry& old) {
  if (fresh.entry.content == old.content) return;
  if (fresh.entry.type == EntryType::dir) {
    open_.push_back({fresh.entry.content, old.content, fresh.name});
  } else if (fresh.entry.type == EntryType::file) {
    files_.pair(fresh.entry, old);
  }
}

// By names without numbers; then the only ones of a sort: folders, or files of one ending.
void BasePairs::pair_left_over(std::vector<Loose>& left, std::vector<Loose>& gone) {
  const auto key_by_name = [](const Loose& loose) {
    return (loose.entry.type == EntryType::dir ? "d" : "f") + loose.name;
  };
  const auto key_by_sort = [](const Loose& loose) {
    return loose.entry.type == EntryType::dir ? std::string("d")
                                              : "f" + std::string(ending(loose.name));
  };
  const auto round = [&](const auto& key_of, bool only_ones) {
    std::unordered_map<std::string, std::vector<std::size_t>> old_ones;
    std::unordered_map<std::string, std::size_t> fresh_ones;
    for (std::size_t i = 0; i < gone.size(); ++i) old_ones[key_of(gone[i])].push_back(i);
    for (const Loose& fresh : left) ++fresh_ones[key_of(fresh)];
    std::vector<Loose> still;
    for (Loose& fresh : left) {
      const std::string key = key_of(fresh);
      const auto found = old_ones.find(key);
      if (found == old_ones.end() || found->second.empty() ||
          (only_ones && (found->second.size() > 1 || fresh_ones[key] > 1))) {
        still.push_back(std::move(fresh));
        continue;
      }
      std::vector<std::size_t>& candidates = found->second;
      const auto best = std::min_element(
          candidates.begin(), candidates.begin() + std::min(candidates.size(), kMaxLikely),
          [&](std::size_t a, std::size_t b) {
            return far_apart(gone[a].entry.size, fresh.entry.size) <
                   far_apart(gone[b].entry.size, fresh.entry.size);
          });
      const TreeEntry& old = gone[*best].entry;
      const bool is_dir = fresh.entry.type == EntryType::dir;
      if (!is_dir && !is_of_like_size(old.size, fresh.entry.size)) {
        still.push_back(std::move(fresh));
        continue;
      }
      pair_entries(fresh, old);
      if (candidates.size() > 1) candidates.erase(best);  // the last one serves again
    }
    left = std::move(still);
  };
  round(key_by_name, false);
  round(key_by_sort, true);
  for (Loose& fresh : left) set_aside(std::move(fresh));
}

void BasePairs::set_aside(Loose loose) {
  const TreeEntry& entry = loose.entry;
  if (entry.type == EntryType::dir) {
    open_.push_back({entry.content, {}, loose.name});
  } else if (entry.type == EntryType::file && entry.form != ContentForm::none &&
             unpaired_.size() < kMaxUnpaired && needed_.contains(entry.content)) {
    unpaired_.push_back(std::move(loose));
  }
}

// Files that are nowhere near where they were.
void BasePairs::pair_moved(const Digest& old_root) {
  if (lacking_.contains(old_root)) return;
  std::unordered_map<std::string, std::vector<Loose>> likely;
  for (const Loose& loose : unpaired_) likely[loose.name];
  std::size_t kept = 0;
  store_.walk(old_root, [&](const SafePath& path, const TreeEntry& entry) {
    if (entry.type != EntryType::file || entry.form == ContentForm::none) return;
    const auto found = likely.find(without_numbers(entry.name));
    if (found == likely.end() || kept == kMaxUnpaired || found->second.size() == kMaxLikely) return;
    ++kept;
    const auto names = path.components();
    const std::string folder =
        names.size() < 2 ? "" : without_numbers(std::string(names[names.size() - 2]));
    found->second.push_back({"", folder, essence(entry)});
  });
  std::vector<Loose> still;
  for (Loose& fresh : unpaired_) {
    const Loose* best = nullptr;
    const auto rank = [&](const Loose& old) {
      return std::pair{old.folder != fresh.folder, far_apart(old.entry.size, fresh.entry.size)};
    };
    for (const Loose& old : likely[fresh.name]) {
      if (!is_of_like_size(old.entry.size, fresh.entry.size)) continue;
      if (!best || rank(old) < rank(*best)) best = &old;
    }
    if (best) {
      pair_entries(fresh, best->entry);
    } else {
      still.push_back(std::move(fresh));
    }
  }
  unpaired_ = std::move(still);
}

}  // namespace courier
