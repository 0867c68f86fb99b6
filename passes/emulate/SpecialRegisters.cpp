// %tid.x and the others that a thread holds, by name.
#include "passes/emulate/Rewrite.h"

using namespace llvm;

std::optional<keel_emulated_register> keel::emulation::findSpecialRegister(StringRef name) {
  static const char *const names[] = {
      "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y",
      "%nctaid.z", "%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%gridid", "%lanemask_eq", "%lanemask_le", "%lanemask_lt",
      "%lanemask_ge", "%lanemask_gt", "WARP_SZ", "%dynamic_smem_size", "%total_smem_size", "%clusterid.x", "%clusterid.y",
      "%clusterid.z", "%nclusterid.x", "%nclusterid.y", "%nclusterid.z", "%cluster_ctaid.x", "%cluster_ctaid.y",
      "%cluster_ctaid.z", "%cluster_nctaid.x", "%cluster_nctaid.y", "%cluster_nctaid.z", "%cluster_ctarank",
      "%cluster_nctarank", "%is_explicit_cluster"};
  static_assert(std::size(names) == KEEL_EMULATED_IS_EXPLICIT_CLUSTER + 1, "in the order of keel_emulated_register");
  auto *found = llvm::find_if(names, [&](const char *known) { return name == known; });
  if (found == std::end(names))
    return std::nullopt;
  return keel_emulated_register(found - names);
}
