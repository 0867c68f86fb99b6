// Inline PTX to statements, and what is no PTX.
#include "passes/emulate/PtxOpcodes.h"

#include <gmock/gmock.h>

using namespace keel::ptx;
using Kind = Operand::Kind;

static Program good(std::string_view text) {
  auto result = parse(text);
  if (auto *error = std::get_if<Error>(&result)) {
    ADD_FAILURE() << text << "\n" << error->position.line << ":" << error->position.column << ": " << error->message;
    return {};
  }
  return std::get<Program>(result);
}

static std::string bad(std::string_view text) {
  auto result = parse(text);
  auto *error = std::get_if<Error>(&result);
  return error ? std::to_string(error->position.line) + ":" + std::to_string(error->position.column) + ": " + error->message : "";
}

TEST(PtxParser, OpcodesKeepTheirModifiers) {
  Program program = good("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {$0,$1,$2,$3}, {$4,$5,$6,$7}, {$8,$9}, {$0,$1,$2,$3};\n"
                         "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.b32 [$0], $1, [$2];");
  ASSERT_EQ(program.statements.size(), 2u);
  EXPECT_EQ(program.statements[0].opcode, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32");
  ASSERT_EQ(program.statements[0].operands.size(), 4u);
  EXPECT_EQ(program.statements[0].operands[1].kind, Kind::Vector);
  EXPECT_EQ(program.statements[0].operands[1].elements[3].number, 7u);
  EXPECT_EQ(program.statements[1].opcode, "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.b32");
  EXPECT_EQ(program.statements[1].operands[2].kind, Kind::Address);
}

TEST(PtxParser, Numbers) {
  auto number = [](std::string_view text) { return good("mov.b64 $0, " + std::string(text) + ";").statements[0].operands[1]; };
  EXPECT_EQ(number("12").bits, 12u);
  EXPECT_EQ(number("-12").bits, uint64_t(-12));
  EXPECT_EQ(number("0xfFU").bits, 255u);
  EXPECT_EQ(number("0b101").bits, 5u);
  EXPECT_EQ(number("017").bits, 15u);
  EXPECT_EQ(number("18446744073709551615").bits, ~uint64_t(0));
  EXPECT_EQ(number("0f3F800000").bits, 0x3f800000u);
  EXPECT_EQ(number("0f3F800000").immediate, Operand::Immediate::Float32);
  EXPECT_EQ(number("-0f3F800000").bits, 0xbf800000u);
  EXPECT_EQ(number("0d3FF0000000000000").bits, 0x3ff0000000000000u);
  EXPECT_EQ(number("1.5").bits, 0x3ff8000000000000u);
  EXPECT_EQ(number("1e2").bits, 0x4059000000000000u);
  EXPECT_EQ(number("WARP_SZ").bits, 32u);
  EXPECT_EQ(bad("mov.b32 $0, 0f3F8;"), "1:13: 0f wants 8 hexadecimal digits");
  EXPECT_EQ(bad("mov.b32 $0, 12ab;"), "1:13: letters after a number");
}

TEST(PtxParser, Addresses) {
  auto address = [](std::string_view text) { return good("ld.b32 $0, " + std::string(text) + ";").statements[0].operands[1]; };
  EXPECT_EQ(address("[$1]").bits, 0u);
  EXPECT_EQ(address("[$1 + 16]").bits, 16u);
  EXPECT_EQ(address("[$1-8]").bits, uint64_t(-8));
  EXPECT_EQ(address("[$1+-8]").bits, uint64_t(-8));
  Operand tensor = address("[$1, {$2, $3}]");
  ASSERT_EQ(tensor.elements.size(), 2u);
  EXPECT_EQ(tensor.elements[1].elements.size(), 2u);
  EXPECT_EQ(bad("ld.b32 $0, [$1+$2];"), "1:16: expected a number of bytes, found '$2'");
  EXPECT_EQ(bad("ld.b32 $0, [];"), "1:13: expected an operand before ']'");
}

TEST(PtxParser, RegistersBelongToTheirScope) {
  Program program = good("{ .reg .pred p, q; .reg .b32 %r<3>; { .reg .f64 p; mov.f64 p, 0d0000000000000000; } @!p mov.b32 %r2, %laneid; }");
  ASSERT_EQ(program.registers.size(), 6u);
  EXPECT_EQ(program.registers[0].bits, 1u);
  EXPECT_EQ(program.registers[4].name, "%r2");
  EXPECT_EQ(program.registers[5].bits, 64u);
  EXPECT_EQ(program.statements[0].operands[0].number, 5u);
  ASSERT_TRUE(program.statements[1].guard);
  EXPECT_TRUE(program.statements[1].guard->negated);
  EXPECT_EQ(program.statements[1].guard->number, 0u);
  EXPECT_EQ(program.statements[1].operands[0].number, 4u);
  EXPECT_EQ(program.statements[1].operands[1].kind, Kind::Special);
  EXPECT_EQ(bad("{ .reg .pred p; } @p exit;"), "1:20: no register p is declared");
  EXPECT_EQ(bad(".reg .b7 p;"), "1:6: expected a register type such as .b32 or .pred, found '.b7'");
}

TEST(PtxParser, LabelsBelongToTheirScope) {
  Program program = good("{ L: bra M; { L: bra L; bra M; } M: } { L: bra.uni L; }");
  EXPECT_EQ(program.numLabels, 4u);
  std::vector<unsigned> targets;
  for (const Statement &statement : program.statements)
    if (statement.kind == Statement::Kind::Instruction)
      targets.push_back(statement.operands[0].number);
  EXPECT_THAT(targets, testing::ElementsAre(2, 1, 2, 3));
  EXPECT_EQ(bad("bra L;"), "1:5: no label L to branch to");
  EXPECT_EQ(bad("L: L: exit;"), "1:4: label L is there twice");
  EXPECT_EQ(program.statements.front().position.column, 3u);
}

TEST(PtxParser, DollarsAreLetters) {
  Program program = good("$$L_${:uid}: bra $$L_${:uid}; mov.b32 ${0:x}, $1;");
  EXPECT_EQ(program.numLabels, 1u);
  EXPECT_EQ(program.statements[2].operands[0].number, 0u);
  EXPECT_EQ(bad("mov.b32 $x, 1;"), "1:9: expected an operand's number after $");
}

TEST(PtxParser, CommentsAndDirectivesMeanNothing) {
  Program program = good("// a comment\n/* and\n another */ exit; ; .pragma \"nounroll\"; .loc 1 2 3;");
  ASSERT_EQ(program.statements.size(), 1u);
  EXPECT_EQ(program.statements[0].position.line, 3u);
  EXPECT_EQ(bad("exit; /* no end"), "1:7: a comment without its */");
  EXPECT_EQ(bad(".shared .b32 x;"), "1:1: directive '.shared' is not supported in inline assembly, only .reg and .pragma");
}

TEST(PtxParser, Pairs) {
  Operand pair = good("{ .reg .pred p; shfl.sync.idx.b32 $0|p, $1, $2, 31, -1; }").statements[0].operands[0];
  EXPECT_EQ(pair.kind, Kind::Pair);
  EXPECT_EQ(pair.elements[1].kind, Kind::Register);
}

TEST(PtxParser, SyntaxErrors) {
  EXPECT_EQ(bad("exit"), "1:5: expected ';' after exit, found the end");
  EXPECT_EQ(bad("{ exit; "), "1:9: a { without its }");
  EXPECT_EQ(bad("exit; }"), "1:7: a } without its {");
  EXPECT_EQ(bad("add.u32 $0, $1 $2;"), "1:16: expected ',' or ';' after an operand of add.u32, found '$2'");
  EXPECT_EQ(bad("add.u32 $0, $1, ;"), "1:17: expected an operand of add.u32, found ';'");
  EXPECT_EQ(bad("12;"), "1:1: expected an instruction, found '12'");
  EXPECT_EQ(bad("@$0 L: exit;"), "1:6: a guard before a label");
  EXPECT_EQ(bad("exit; #"), "1:7: unexpected character '#'");
}

TEST(PtxOpcodes, Destinations) {
  auto count = [](std::string_view text) { return getNumDestinations(good(text).statements[0]); };
  EXPECT_EQ(count("st.global.b32 [$0], $1;"), 0u);
  EXPECT_EQ(count("atom.global.add.f32 $0, [$1], $2;"), 1u);
  EXPECT_EQ(count("red.global.add.f32 [$0], $1;"), 0u);
  EXPECT_EQ(count("bar.sync 0;"), 0u);
  EXPECT_EQ(count("barrier.cta.red.popc.aligned.u32 $0, 0, $1;"), 1u);
  EXPECT_EQ(count("mbarrier.arrive.shared.b64 $0, [$1];"), 1u);
  EXPECT_EQ(count("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [$0];"), 1u);
  EXPECT_EQ(count("mbarrier.arrive.shared::cluster.b64 [$0];"), 0u);
  EXPECT_EQ(count("mbarrier.init.shared.b64 [$0], 1;"), 0u);
  EXPECT_EQ(count("wgmma.commit_group.sync.aligned;"), 0u);
  EXPECT_EQ(count("cp.async.bulk.commit_group;"), 0u);
  EXPECT_TRUE(readsDestination(good("wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0}, $1, $2, 1, 1, 1, 0, 0;").statements[0]));
}
