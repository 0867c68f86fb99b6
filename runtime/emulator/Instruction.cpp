// Names into functions.
#include "runtime/emulator/Instruction.h"

#include <algorithm>
#include <array>

namespace keel::emulator {

Name::Name(std::string_view text) : text(text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find('.', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

bool Name::has(std::string_view modifier) const {
  return std::find(parts.begin() + 1, parts.end(), modifier) != parts.end();
}

std::optional<Type> parseType(std::string_view modifier) {
  static constexpr std::pair<std::string_view, Type> types[] = {
      {"b8", {Type::Bits, 8, 1}},       {"b16", {Type::Bits, 16, 1}},     {"b32", {Type::Bits, 32, 1}},
      {"b64", {Type::Bits, 64, 1}},     {"b128", {Type::Bits, 128, 1}},   {"s8", {Type::Signed, 8, 1}},
      {"s16", {Type::Signed, 16, 1}},   {"s32", {Type::Signed, 32, 1}},   {"s64", {Type::Signed, 64, 1}},
      {"u8", {Type::Unsigned, 8, 1}},   {"u16", {Type::Unsigned, 16, 1}}, {"u32", {Type::Unsigned, 32, 1}},
      {"u64", {Type::Unsigned, 64, 1}}, {"f16", {Type::Float, 16, 1}},    {"f32", {Type::Float, 32, 1}},
      {"f64", {Type::Float, 64, 1}},    {"f16x2", {Type::Float, 16, 2}},  {"bf16", {Type::BFloat, 16, 1}},
      {"bf16x2", {Type::BFloat, 16, 2}}, {"tf32", {Type::TFloat, 32, 1}}, {"pred", {Type::Predicate, 1, 1}},
      {"u16x2", {Type::Unsigned, 16, 2}}, {"s16x2", {Type::Signed, 16, 2}}, {"f32x2", {Type::Float, 32, 2}},
  };
  for (const auto &[name, type] : types)
    if (name == modifier)
      return type;
  return std::nullopt;
}

std::uint32_t parseSpace(const Name &name) {
  for (std::string_view part : name.parts) {
    if (part == "global")
      return 1;
    if (part == "shared" || part == "shared::cta")
      return 3;
    if (part == "shared::cluster")
      return 7;
    if (part == "const")
      return 4;
    if (part == "local" || part.substr(0, 5) == "param")
      return 5;
  }
  return 0;
}

Scope parseScope(const Name &name, Scope otherwise) {
  return name.has("cta")       ? Scope::Cta
         : name.has("cluster") ? Scope::Cluster
         : name.has("gpu")     ? Scope::Gpu
         : name.has("sys")     ? Scope::Sys
                               : otherwise;
}

namespace {
void *accessImport(keel_emulated_thread *thread, std::uint64_t address, std::uint32_t what, const Site *site) {
  return access(self(thread), address, KEEL_EMULATED_BYTES(what), KEEL_EMULATED_ALIGNMENT(what), KEEL_EMULATED_SPACE(what),
                what & KEEL_EMULATED_STORE ? Access::Store : Access::Load, Scope::Weak, site);
}
} // namespace

std::shared_ptr<const void> resolve(keel_emulator_import *imports, std::uint32_t count) {
  const std::array tables = {registerInstructions(), barrierInstructions(),  warpInstructions(),    memoryInstructions(),
                             atomicInstructions(),   asyncCopyInstructions(), matrixInstructions(),  multiplyInstructions(),
                             integerInstructions(),  floatInstructions(),    convertInstructions(), controlInstructions(),
                             mbarrierInstructions(), clusterInstructions(), bulkCopyInstructions(), warpGroupInstructions(),
                             carryInstructions()};
  auto kept = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  std::string unknown;
  for (keel_emulator_import &import : std::span(imports, count)) {
    if (std::string_view(import.name) == "access") {
      import.function = reinterpret_cast<void (*)()>(&accessImport);
      continue;
    }
    Name name(import.name);
    std::optional<Binding> binding;
    for (auto table : tables)
      for (const Opcode &opcode : table)
        if (!binding && opcode.opcode == name.parts.front())
          binding = opcode.decode(name);
    if (!binding) {
      unknown += (unknown.empty() ? "" : ", ") + std::string(import.name);
      continue;
    }
    import.function = reinterpret_cast<void (*)()>(binding->function);
    import.decoded = binding->decoded.get();
    kept->push_back(std::move(binding->decoded));
  }
  if (!unknown.empty())
    runtime::fail(KEEL_INCOMPATIBLE, "the emulator does not know these instructions: ", unknown);
  return kept;
}

} // namespace keel::emulator
