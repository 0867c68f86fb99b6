// PTX ISA 9.0, section 9.7: the instructions that have no destination.
#include "passes/emulate/PtxOpcodes.h"

#include <algorithm>
#include <cstdlib>

using namespace keel::ptx;

unsigned keel::ptx::getNumDestinations(const Statement &statement) {
  std::vector<std::string_view> parts = splitOpcode(statement.opcode);
  std::string_view second = parts.size() > 1 ? parts[1] : "";
  auto isOneOf = [](std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (isOneOf(parts[0], {"st", "stmatrix", "red", "fence", "membar", "cp", "prefetch", "prefetchu", "exit", "trap", "ret", "bra",
                         "brkpt", "nanosleep", "griddepcontrol", "setmaxnreg", "applypriority", "discard", "pmevent",
                         "tensormap", "sust", "call"}))
    return 0;
  if (isOneOf(parts[0], {"bar", "barrier"}))
    return hasModifier(statement.opcode, "red");
  if (parts[0] == "wgmma")
    return second == "mma_async";
  if (parts[0] == "mbarrier") {
    if (isOneOf(second, {"init", "inval", "expect_tx", "complete_tx"}))
      return 0;
    // The state is not there for remote barriers: mbarrier.arrive…shared::cluster.b64 [addr].
    if (isOneOf(second, {"arrive", "arrive_drop"}))
      return !statement.operands.empty() && statement.operands[0].kind != Operand::Kind::Address;
    return 1;
  }
  if (parts[0] == "multimem")
    return second == "ld_reduce";
  if (parts[0] == "clusterlaunchcontrol")
    return second != "try_cancel";
  if (parts[0] == "tcgen05")
    return second == "ld";
  return 1;
}

bool keel::ptx::readsDestination(const Statement &statement) { return statement.opcode.starts_with("wgmma.mma_async"); }

ScalarType keel::ptx::parseType(std::string_view modifier) {
  if (modifier == "pred")
    return {'p', 1};
  for (std::string_view known : {"b8", "u8", "s8", "b16", "u16", "s16", "f16", "b32", "u32", "s32", "f32", "b64", "u64", "s64",
                                 "f64", "b128"})
    if (modifier == known)
      return {known[0], unsigned(std::atoi(known.data() + 1))};
  return {};
}
