#include "store/chunk_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "store/object_tiers.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

Digest digest(std::uint64_t number) {
  return digest_of(DigestKind::chunk, as_bytes(std::to_string(number)));
}

class ObjectTiersTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kFull = 50;
  ObjectTiersTest() {
    db_.run("CREATE TABLE block (id INTEGER PRIMARY KEY, pack INTEGER)");
    db_.run(ObjectTiers::object_schema());
    db_.run(ObjectTiers::schema());
  }
  std::uint64_t count(const char* table) {
    Statement rows(db_, (std::string("SELECT count(*) FROM ") + table).c_str());
    rows.step();
    return rows.number(0);
  }
  std::uint64_t noted(const char* column) {
    Statement rows(db_, (std::string("SELECT ") + column + " FROM tier").c_str());
    rows.step();
    return rows.number(0);
  }

  test::TempFolder folder_{test::memory_folder()};
  Database db_{folder_ / "tiers.sqlite"};
};

// The definition beside it: for each object the blocks that hold it.
TEST_F(ObjectTiersTest, FindTheOldestBlockWhateverTierItIsIn) {
  std::mt19937_64 random(3);
  auto tiers = std::make_unique<ObjectTiers>(db_, kFull);
  std::map<std::uint64_t, std::set<std::uint64_t>> blocks_of;
  std::map<std::uint64_t, std::uint64_t> pack_of;
  std::uint64_t block = 0;
  for (std::uint64_t pack = 1; pack <= 400; ++pack) {
    IndexTransaction transaction(db_);
    std::vector<ObjectTiers::Entry> entries;
    for (int b = 0; b < 3; ++b) {
      pack_of[++block] = pack;
      Statement(db_, "INSERT INTO block VALUES (?, ?)").start().bind(block).bind(pack).run();
      for (int i = 0; i < 7; ++i) {
        const std::uint64_t object = random() % 5'000;
        entries.push_back({digest(object), block});
        blocks_of[object].insert(block);
      }
    }
    tiers->add(pack, entries);
    if (pack % 60 == 0) {
      const std::uint64_t gone = 1 + random() % block;
      tiers->remove_block(gone);
      for (auto& [object, blocks] : blocks_of) blocks.erase(gone);
    }
    if (pack % 90 == 0) {
      const std::uint64_t gone = 1 + random() % pack;
      db_.run(
          "CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY); DELETE FROM doomed");
      Statement(db_, "INSERT INTO temp.doomed VALUES (?)").start().bind(gone).run();
      tiers->remove_doomed();
      for (auto& [object, blocks] : blocks_of)
        std::erase_if(blocks, [&](std::uint64_t one) { return pack_of[one] == gone; });
    }
    transaction.commit();
    if (pack % 70 == 0) tiers = std::make_unique<ObjectTiers>(db_, kFull);  // opened again
    tiers->refresh();
    for (int i = 0; i < 40; ++i) {
      const std::uint64_t object = random() % 5'200;
      const auto known = blocks_of.find(object);
      std::optional<std::uint64_t> oldest;
      if (known != blocks_of.end() && !known->second.empty()) oldest = *known->second.begin();
      ASSERT_EQ(tiers->block_of(digest(object)), oldest) << "pack " << pack;
      ASSERT_EQ(tiers->has(digest(object)), oldest.has_value());
    }
  }
  EXPECT_GT(count("object"), 4'000u);  // all three were used
  EXPECT_GT(count("recent"), 0u);
  EXPECT_EQ(count("object"), noted("object"));
  EXPECT_EQ(count("recent"), noted("recent"));
}

TEST_F(ObjectTiersTest, FindADigestByItsBeginningUnlessTwoBeginSo) {
  ObjectTiers tiers(db_, kFull);
  const auto enter = [&](std::uint64_t pack, const std::vector<Digest>& objects) {
    IndexTransaction transaction(db_);
    std::vector<ObjectTiers::Entry> entries;
    for (const Digest& object : objects) entries.push_back({object, pack});
    tiers.add(pack, entries);
    transaction.commit();
    tiers.refresh();
  };
  const auto alike = [](Digest digest, std::uint8_t last) {
    digest.bytes[31] = last;
    return digest;
  };
  const auto beginning = [](Digest digest) {
    std::fill(digest.bytes.begin() + 16, digest.bytes.end(), 0);
    return digest;
  };
  for (std::uint64_t pack = 1; pack <= 400; ++pack) enter(pack, {digest(pack), digest(pack)});
  ASSERT_GT(count("object"), 0u);
  ASSERT_GT(count("recent"), 0u);
  for (std::uint64_t pack = 1; pack <= 400; ++pack) {
    EXPECT_EQ(tiers.find_name(beginning(digest(pack)), 16), digest(pack)) << pack;
  }
  EXPECT_EQ(tiers.find_name(beginning(digest(401)), 16), std::nullopt);
  // In another tier than the one that it is like, and beside it.
  enter(401, {alike(digest(1), 1)});
  EXPECT_EQ(tiers.find_name(beginning(digest(1)), 16), std::nullopt);
  EXPECT_EQ(tiers.find_name(digest(1), 32), digest(1));
  enter(402, {alike(digest(500), 1), alike(digest(500), 2)});
  EXPECT_EQ(tiers.find_name(beginning(digest(500)), 16), std::nullopt);
  // The same object again is no other one.
  enter(403, {digest(2)});
  EXPECT_EQ(tiers.find_name(beginning(digest(2)), 16), digest(2));
}

TEST_F(ObjectTiersTest, SeeWhatAnotherProcessEnters) {
  Database other(folder_ / "tiers.sqlite");
  ObjectTiers here(db_, kFull), there(other, kFull);
  here.refresh();
  EXPECT_FALSE(here.has(digest(1)));
  for (std::uint64_t pack = 1; pack <= 100; ++pack) {
    IndexTransaction transaction(other);
    there.add(pack, {{digest(pack), pack}});
    transaction.commit();
    here.refresh();
    EXPECT_TRUE(here.has(digest(pack)));
    EXPECT_TRUE(here.has(digest(1)));
  }
}

TEST_F(ObjectTiersTest, ForgetWhatWasTakenBack) {
  ObjectTiers tiers(db_, kFull);
  {
    IndexTransaction transaction(db_);
    tiers.add(1, {{digest(1), 1}});
  }
  tiers.forget_memory();
  tiers.refresh();
  EXPECT_FALSE(tiers.has(digest(1)));
}

PackIndex one_block(std::uint64_t first, std::uint32_t objects) {
  PackIndex index;
  PackedBlock& block = index.blocks.emplace_back();
  block.offset = kPackHeadSize;
  block.size = 100;
  block.digest = digest(first + 1'000'000);
  block.raw_size = objects;
  for (std::uint32_t i = 0; i < objects; ++i)
    block.objects.push_back({DigestKind::chunk, digest(first + i), 1});
  return index;
}

TEST(ChunkIndex, OfVersion2GoesOnAsItIs) {
  test::TempFolder folder(test::memory_folder());
  const std::string path = folder / "index.sqlite";
  {
    ChunkIndex index(path);
    index.add_pack(digest(77), 1'000, one_block(0, 10));
  }
  {
    // As version 2 had it: one table.
    Database db(path);
    db.run("DELETE FROM fresh; INSERT INTO object SELECT digest, 1 FROM block");
    Statement add(db, "INSERT INTO object VALUES (?, 1)");
    for (std::uint64_t i = 0; i < 10; ++i) add.start().bind(digest(i)).run();
    db.run(
        "DROP TABLE fresh; DROP TABLE recent; DROP TABLE tier; DROP TABLE whole; PRAGMA "
        "user_version = 2");
  }
  ChunkIndex index(path);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const auto place = index.locate(digest(i));
    ASSERT_TRUE(place);
    EXPECT_EQ(place->ref.pack, digest(77));
  }
  EXPECT_FALSE(index.has(digest(10)));
  index.add_pack(digest(78), 1'000, one_block(10, 10));
  EXPECT_TRUE(index.has(digest(10)));
  index.remove_packs({digest(77)});
  EXPECT_FALSE(index.has(digest(3)));
  EXPECT_TRUE(index.has(digest(13)));
}

TEST(ChunkIndex, NotesWhatIsWholeUntilSomethingGoes) {
  test::TempFolder folder(test::memory_folder());
  const std::string path = folder / "index.sqlite";
  ChunkIndex index(path), other(path);
  index.add_pack(digest(77), 1'000, one_block(0, 10));
  index.add_pack(digest(78), 1'000, one_block(20, 10));
  index.note_whole(digest(5), index.version());
  EXPECT_TRUE(index.is_noted_whole(digest(5)));
  EXPECT_TRUE(other.is_noted_whole(digest(5)));
  EXPECT_FALSE(index.is_noted_whole(digest(6)));
  other.add_pack(digest(79), 1'000, one_block(40, 10));
  EXPECT_TRUE(index.is_noted_whole(digest(5)));
  other.remove_packs({digest(78)});
  EXPECT_FALSE(index.is_noted_whole(digest(5)));

  // Something went while it was looked whether all is here.
  const std::uint64_t before = index.version();
  other.remove_packs({digest(79)});
  index.note_whole(digest(5), before);
  EXPECT_FALSE(index.is_noted_whole(digest(5)));
  index.note_whole(digest(5), index.version());
  EXPECT_TRUE(index.is_noted_whole(digest(5)));
  index.drop_block({digest(77), 0});
  EXPECT_FALSE(index.is_noted_whole(digest(5)));
}

}  // namespace
}  // namespace courier
