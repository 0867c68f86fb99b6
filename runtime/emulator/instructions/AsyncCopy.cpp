// Copies from global to shared memory that go on by themselves. PTX ISA 9.7.9.25.3.1 cp.async, .2 commit_group, .3
// wait_group and wait_all. A copy lands when its thread waits for its group and no earlier; others see it after they have
// synchronised with that thread.
#include "runtime/emulator/Instruction.h"

#include <algorithm>

namespace keel::emulator {

using runtime::text;

namespace {
struct Copy {
  bool bypassesL1; // .cg: 16 bytes only
  bool policy;     // the last operand is a cache policy
};

void start(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  const auto &copy = decoded<Copy>(site);
  auto bytes = static_cast<std::uint32_t>(in[2]);
  if (bytes != 16 && (copy.bypassesL1 || (bytes != 4 && bytes != 8)))
    fault(thread, site, Fault::Invalid, text("a copy of ", bytes, " bytes: must be ", copy.bypassesL1 ? "16" : "4, 8 or 16"));
  std::uint32_t sourceBytes = site->num_in - copy.policy > 3 ? static_cast<std::uint32_t>(in[3]) : bytes;
  if (sourceBytes > bytes)
    fault(thread, site, Fault::Invalid, text("takes ", sourceBytes, " bytes from the source for a copy of ", bytes));
  const char *from = reinterpret_cast<const char *>(in[1]);
  if (sourceBytes)
    from = access(thread, in[1], sourceBytes, bytes, 1, Access::Load, Scope::Weak, site);
  char *to = access(thread, in[0], bytes, bytes, 3, Access::Store, Scope::Weak, site);
  startCopy(thread, {to, from, bytes, sourceBytes, thread.copyGroup, site});
}

void commit(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) { ++self(t).copyGroup; }

void waitGroups(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *) {
  Thread &thread = self(t);
  std::uint64_t may = std::min<std::uint64_t>(static_cast<std::uint32_t>(in[0]), thread.copyGroup);
  landCopies(thread, thread.copyGroup - may);
}

void waitAll(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) {
  Thread &thread = self(t);
  ++thread.copyGroup;
  landCopies(thread, thread.copyGroup);
}

std::optional<Binding> decodeCopy(const Name &name) {
  if (!name.has("async") || name.has("bulk") || name.has("mbarrier"))
    return std::nullopt;
  if (name.has("commit_group"))
    return Binding{commit};
  if (name.has("wait_group"))
    return Binding{waitGroups};
  if (name.has("wait_all"))
    return Binding{waitAll};
  if (name.has("ca") || name.has("cg"))
    return bind(start, Copy{name.has("cg"), name.has("L2::cache_hint")});
  return std::nullopt;
}
} // namespace

std::span<const Opcode> asyncCopyInstructions() {
  static constexpr Opcode table[] = {{"cp", decodeCopy}};
  return table;
}

} // namespace keel::emulator
