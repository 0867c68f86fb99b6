// Special registers. PTX ISA 10; most are read from the thread directly (Abi.h).
#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/Worker.h"

namespace keel::emulator {

namespace {
void read(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *out, const Site *site) {
  out[0] = t->registers[decoded<std::uint32_t>(site)];
}

/// Counts what the worker did: it goes up, and is the same in each run of a seed.
void clock(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *out, const Site *) {
  const Report &report = self(t).block->worker->report;
  out[0] = report.switches + report.accesses + report.collectives;
}

void copy(keel_emulated_thread *, const std::uint64_t *in, std::uint64_t *out, const Site *) { out[0] = in[0]; }
/// mov.b32 d, {a, b} and mov.b32 {d, e}, a: packing and unpacking.
void repack(keel_emulated_thread *, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  std::uint32_t bits = decoded<Type>(site).totalBits();
  if (bits == 128) {
    if (site->num_in == 2 && site->num_out == 2) {
      std::uint64_t low = in[0], high = in[1];
      out[0] = low, out[1] = high;
      return;
    }
  }
  if (site->num_in > 1 && site->num_out <= 2) {
    std::uint32_t part = bits / site->num_in;
    std::uint64_t value = 0;
    for (std::uint32_t i = 0; i < site->num_in; ++i)
      value |= (part == 64 ? in[i] : in[i] & ((1ull << part) - 1)) << (i * part);
    out[0] = value;
  } else if (site->num_out > 1) {
    std::uint32_t part = bits / site->num_out;
    std::uint64_t value = in[0];
    for (std::uint32_t i = 0; i < site->num_out; ++i)
      out[i] = value >> (i * part) & ((1ull << part) - 1);
  } else {
    out[0] = in[0];
  }
}

std::optional<Binding> decodeMove(const Name &name) {
  std::size_t at = name.text.find('%');
  if (at == std::string_view::npos) {
    auto type = parseType(name.last());
    if (!type)
      return std::nullopt;
    return type->kind == Type::Predicate ? Binding{copy} : bind(repack, *type);
  }
  std::string_view wanted = name.text.substr(at + 1);
  static constexpr std::pair<std::string_view, std::uint32_t> registers[] = {
      {"tid.x", KEEL_EMULATED_TID_X}, {"tid.y", KEEL_EMULATED_TID_Y}, {"tid.z", KEEL_EMULATED_TID_Z},
      {"ntid.x", KEEL_EMULATED_NTID_X}, {"ntid.y", KEEL_EMULATED_NTID_Y}, {"ntid.z", KEEL_EMULATED_NTID_Z},
      {"ctaid.x", KEEL_EMULATED_CTAID_X}, {"ctaid.y", KEEL_EMULATED_CTAID_Y}, {"ctaid.z", KEEL_EMULATED_CTAID_Z},
      {"nctaid.x", KEEL_EMULATED_NCTAID_X}, {"nctaid.y", KEEL_EMULATED_NCTAID_Y}, {"nctaid.z", KEEL_EMULATED_NCTAID_Z},
      {"laneid", KEEL_EMULATED_LANEID}, {"warpid", KEEL_EMULATED_WARPID}, {"nwarpid", KEEL_EMULATED_NWARPID},
      {"smid", KEEL_EMULATED_SMID}, {"nsmid", KEEL_EMULATED_NSMID}, {"gridid", KEEL_EMULATED_GRIDID},
      {"lanemask_eq", KEEL_EMULATED_LANEMASK_EQ}, {"lanemask_le", KEEL_EMULATED_LANEMASK_LE},
      {"lanemask_lt", KEEL_EMULATED_LANEMASK_LT}, {"lanemask_ge", KEEL_EMULATED_LANEMASK_GE},
      {"lanemask_gt", KEEL_EMULATED_LANEMASK_GT}, {"dynamic_smem_size", KEEL_EMULATED_DYNAMIC_SMEM_SIZE},
      {"total_smem_size", KEEL_EMULATED_TOTAL_SMEM_SIZE}, {"clusterid.x", KEEL_EMULATED_CLUSTERID_X},
      {"clusterid.y", KEEL_EMULATED_CLUSTERID_Y}, {"clusterid.z", KEEL_EMULATED_CLUSTERID_Z},
      {"nclusterid.x", KEEL_EMULATED_NCLUSTERID_X}, {"nclusterid.y", KEEL_EMULATED_NCLUSTERID_Y},
      {"nclusterid.z", KEEL_EMULATED_NCLUSTERID_Z}, {"cluster_ctaid.x", KEEL_EMULATED_CLUSTER_CTAID_X},
      {"cluster_ctaid.y", KEEL_EMULATED_CLUSTER_CTAID_Y}, {"cluster_ctaid.z", KEEL_EMULATED_CLUSTER_CTAID_Z},
      {"cluster_nctaid.x", KEEL_EMULATED_CLUSTER_NCTAID_X}, {"cluster_nctaid.y", KEEL_EMULATED_CLUSTER_NCTAID_Y},
      {"cluster_nctaid.z", KEEL_EMULATED_CLUSTER_NCTAID_Z}, {"cluster_ctarank", KEEL_EMULATED_CLUSTER_CTARANK},
      {"cluster_nctarank", KEEL_EMULATED_CLUSTER_NCTARANK}, {"is_explicit_cluster", KEEL_EMULATED_IS_EXPLICIT_CLUSTER}};
  for (auto [text, number] : registers)
    if (text == wanted)
      return bind(read, number);
  if (wanted.substr(0, 5) == "clock" || wanted.substr(0, 11) == "globaltimer")
    return Binding{clock};
  return std::nullopt;
}
} // namespace

std::span<const Opcode> registerInstructions() {
  static constexpr Opcode table[] = {{"mov", decodeMove}};
  return table;
}

} // namespace keel::emulator
