// The statements of PTX that inline assembly holds: registers, scopes, guards, labels, instructions (PTX ISA 9.0,
// section 4). Nothing of LLVM: text in, statements or one error out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace keel::ptx {
/// Where in the text, counted from 1.
struct Position {
  unsigned line = 1, column = 1;
};

/// A register that the text declares.
struct Register {
  std::string name;
  char kind = 'b'; ///< p (predicate), b, u, s or f, as in .b32
  unsigned bits = 32;
};

struct Operand;

struct Address;

/// `{ .reg … }`, `$0`, `%laneid`: what an instruction reads or writes.
struct Operand {
  enum class Kind {
    Placeholder, ///< $3: `number` is 3
    Register,    ///< `number` is the register's index in Program::registers
    Special,     ///< %laneid: `name`
    Immediate,   ///< `bits`, of `immediate`'s type
    Vector,      ///< {a, b}: `elements`
    Address,     ///< [a+8, {x, y}]: `elements` are the base and what follows it; `bits` is added to the base
    Pair,        ///< p|q: `elements`
    Label,       ///< of a branch: `number` is the label's index
    Discard,     ///< _
  };
  enum class Immediate { Integer, Float32, Float64 };
  Kind kind = Kind::Discard;
  Immediate immediate = Immediate::Integer;
  bool negated = false; ///< !p
  unsigned number = 0;
  uint64_t bits = 0;
  std::string name;
  std::vector<Operand> elements;
};

struct Statement {
  enum class Kind { Instruction, Label };
  Kind kind = Kind::Instruction;
  Position position;
  std::string opcode; ///< with every modifier: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
  std::string text;   ///< as written, without the semicolon
  std::optional<Operand> guard;
  std::vector<Operand> operands;
  unsigned label = 0;
};

struct Program {
  std::vector<Register> registers;
  std::vector<Statement> statements;
  unsigned numLabels = 0;
};

struct Error {
  Position position;
  std::string message;
};

/// The statements of an inline assembly string as LLVM holds it: $0 and ${0:x} stand for operands, $$ for a dollar.
std::variant<Program, Error> parse(std::string_view text);

/// Whether a dot-separated modifier, or the instruction's name itself, is part of an opcode.
bool hasModifier(std::string_view opcode, std::string_view modifier);

/// The opcode's parts: {"ld", "relaxed", "gpu", "global", "b64"}.
std::vector<std::string_view> splitOpcode(std::string_view opcode);
} // namespace keel::ptx
