// What must be known of an opcode before it can be called: how many of its operands it writes, and its type.
#pragma once

#include "passes/emulate/PtxParser.h"

namespace keel::ptx {
/// How many of the instruction's leading operands are destinations: 0 or 1.
unsigned getNumDestinations(const Statement &statement);

/// wgmma's and other accumulators: the destination is read, too.
bool readsDestination(const Statement &statement);

/// The type that an opcode ends in: .s32 is {'s', 32}; .pred is {'p', 1}; none is {0, 0}.
struct ScalarType {
  char kind = 0; ///< b, u, s, f or p
  unsigned bits = 0;
};
ScalarType parseType(std::string_view modifier);
} // namespace keel::ptx
