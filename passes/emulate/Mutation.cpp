// Barriers, fences, commits and waits are dropped; acquire and release become relaxed.
#include "passes/emulate/Mutation.h"

#include "passes/emulate/PtxParser.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace keel;

std::optional<emulation::Weakened> keel::emulation::weaken(StringRef name) {
  std::vector<std::string_view> parts = ptx::splitOpcode(name);
  StringRef root(parts[0]);
  auto has = [&](std::initializer_list<StringRef> names) { return llvm::any_of(names, [&](StringRef part) { return ptx::hasModifier(name, part); }); };
  // A barrier that reduces makes a value, too: nothing can take its place.
  if (is_contained({"bar", "barrier", "fence", "membar", "griddepcontrol"}, root) && !has({"red"}))
    return Weakened{};
  if (root == "mbarrier" && !has({"init", "inval"}))
    return Weakened{"", has({"test_wait", "try_wait"}) ? 1u : 0u};
  if ((root == "cp" || root == "wgmma") && has({"commit_group", "wait_group", "wait_all", "arrive", "fence"}))
    return Weakened{};
  if (!is_contained({"ld", "st", "atom", "red"}, root))
    return std::nullopt;
  for (std::string_view &part : parts)
    if (part == "acquire" || part == "release" || part == "acq_rel") {
      part = "relaxed";
      Weakened result;
      for (std::string_view each : parts)
        result.name += (result.name.empty() ? "" : ".") + std::string(each);
      return result;
    }
  return std::nullopt;
}
