#include "parcel/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signer/signature.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;
using ::testing::HasSubstr;

template <typename Call>
ErrorCode code_of(Call&& call) {
  return error_of(call).code();
}

const Bytes kSeed(32, 7);

Signature sign(ByteView message) { return SigningKey(kSeed).sign_receipt(message); }

Receipt receipt_of(std::uint32_t items = 3) {
  Receipt receipt;
  receipt.parcel = ParcelId::parse("PUN-PSE-000012");
  receipt.label.bytes.fill(9);
  receipt.incarnation = {2, {1}};
  receipt.returns = 5;
  receipt.items = items;
  return receipt;
}

TEST(Receipt, IsReadAsItWasWritten) {
  Receipt receipt = receipt_of();
  receipt.add(VerdictKind::installed, "");
  receipt.add(VerdictKind::installed, "");
  receipt.add(VerdictKind::damaged, "2 records are damaged");
  const SignedReceipt read = parse_receipt(encode_receipt(receipt, sign));
  EXPECT_EQ(read.receipt, receipt);
  EXPECT_EQ(receipt.runs.size(), 2u);
  EXPECT_EQ(receipt.told(), 3u);
  EXPECT_TRUE(verify_receipt(SigningKey(kSeed).public_key(), read.signed_part, read.signature));
}

TEST(Receipt, IsShortAndOfCharactersThatAQrCodePacks) {
  Receipt receipt = receipt_of(65536);
  for (int i = 0; i < 65536; ++i) receipt.add(VerdictKind::stored, "");
  const std::string text = encode_receipt(receipt, sign);
  EXPECT_LT(text.size(), 250u);
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:"), std::string::npos);
  EXPECT_EQ(parse_receipt(text).receipt.told(), 65536u);
}

TEST(Receipt, LeavesOutWhatDoesNotFitAndKnowsHowMuchItTells) {
  Receipt receipt = receipt_of(1000);
  for (int i = 0; i < 1000; ++i) {
    receipt.add(VerdictKind::refused, "reason number " + std::to_string(i) + std::string(90, '.'));
  }
  const std::string text = encode_receipt(receipt, sign);
  EXPECT_LE(text.size(), 1448u);
  EXPECT_GT(receipt.told(), 5u);
  EXPECT_LT(receipt.told(), 1000u);
  EXPECT_EQ(parse_receipt(text).receipt, receipt);

  Receipt many = receipt_of(1000);
  for (int i = 0; i < 1000; ++i) {
    many.add(i % 2 == 0 ? VerdictKind::stored : VerdictKind::installed, "");
  }
  EXPECT_LE(encode_receipt(many, sign).size(), 1448u);
  EXPECT_GE(many.told(), 250u);
}

TEST(Receipt, CutsReasonsAtACharacterAndEscapesWhatIsNoText) {
  Receipt receipt = receipt_of(2);
  receipt.add(VerdictKind::refused, std::string(59, 'a') + "\xc3\xa5");
  receipt.add(VerdictKind::refused, "name \xff");
  const Receipt read = parse_receipt(encode_receipt(receipt, sign)).receipt;
  EXPECT_EQ(read.runs[0].reason, std::string(59, 'a'));
  EXPECT_EQ(read.runs[1].reason, "name \\xff");
}

TEST(Receipt, IsTakenInSmallLettersWithBlanksAndLineEnds) {
  Receipt receipt = receipt_of();
  receipt.add(VerdictKind::stored, "");
  const std::string text = encode_receipt(receipt, sign);
  std::string typed;
  for (std::size_t i = 0; i < text.size(); ++i) {
    typed += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    if (i % 8 == 7) typed += i % 16 == 7 ? " - " : "\r\n";
  }
  EXPECT_TRUE(looks_like_receipt_code("\n" + typed));
  EXPECT_EQ(parse_receipt("\n" + typed).receipt, receipt);
}

TEST(Receipt, WithAnyCharacterChangedMissingOrTwiceIsDamaged) {
  Receipt receipt = receipt_of();
  receipt.add(VerdictKind::stored, "");
  const std::string text = encode_receipt(receipt, sign);
  for (std::size_t i = 8; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(code_of([&] { parse_receipt(changed); }), ErrorCode::damaged) << i;
    std::string shorter = text;
    shorter.erase(i, 1);
    // Of equal neighbours it does not matter which is missing; that one is, does.
    EXPECT_EQ(code_of([&] { parse_receipt(shorter); }), ErrorCode::damaged) << i;
    EXPECT_EQ(code_of([&] { parse_receipt(text.substr(0, i)); }), ErrorCode::damaged) << i;
  }
  EXPECT_EQ(code_of([&] { parse_receipt(text + text); }), ErrorCode::damaged);
  EXPECT_EQ(code_of([&] { parse_receipt(text + "A"); }), ErrorCode::damaged);
  EXPECT_EQ(code_of([&] { parse_receipt(text + "1"); }), ErrorCode::damaged);
  EXPECT_EQ(code_of([&] { parse_receipt("COURIER:" + std::string(1'000'000, 'A')); }),
            ErrorCode::damaged);
  EXPECT_EQ(code_of([&] { parse_receipt("hello"); }), ErrorCode::usage);
}

TEST(Receipt, OfTheFormThatNoWriterMakesIsDamagedThoughSigned) {
  const auto refusal = [](const Receipt& changed) {
    Receipt copy = changed;
    return code_of([&] { parse_receipt(encode_receipt(copy, sign)); });
  };
  Receipt too_many = receipt_of(1);
  too_many.runs = {{2, VerdictKind::stored, ""}};
  EXPECT_EQ(refusal(too_many), ErrorCode::damaged);
  Receipt none = receipt_of(1);
  none.runs = {{0, VerdictKind::stored, ""}};
  EXPECT_EQ(refusal(none), ErrorCode::damaged);
  Receipt twice = receipt_of(2);
  twice.runs = {{1, VerdictKind::stored, ""}, {1, VerdictKind::stored, ""}};
  EXPECT_EQ(refusal(twice), ErrorCode::damaged);
  Receipt unknown = receipt_of(1);
  unknown.runs = {{1, static_cast<VerdictKind>(10), ""}};
  EXPECT_EQ(refusal(unknown), ErrorCode::damaged);
  Receipt unnumbered = receipt_of(1);
  unnumbered.parcel.number = 0;
  EXPECT_EQ(refusal(unnumbered), ErrorCode::damaged);
}

TEST(ReceiptStatement, IsAsTheDocumentHasIt) {
  const Receipt receipt = receipt_of();
  const Bytes said = receipt_statement(receipt.parcel, receipt.label, receipt.incarnation);
  EXPECT_EQ(to_hex(said), "0100" + to_hex(as_bytes("PUNPSE")) + "0c" + receipt.label.hex() +
                              "02000000" + "01" + std::string(30, '0'));
}

}  // namespace
}  // namespace courier
