// Groups of a block's threads that go their own ways: thread numbers, shared memory and barriers of their own.
#include "passes/gpu/DeviceKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

/// Eight rows of a swizzled tile, after which its pattern repeats.
static constexpr int64_t sharedAlignment = 1024;

void DeviceKernel::enterGroup(int64_t count, Value number, int64_t groups) {
  this->groups = groups;
  threads = count;
  inGroup = true;
  if (!number)
    return;
  groupNumber = number;
  threadNumber = bits(threadNumber, 0, llvm::Log2_64(count));
  groupStart = sharedTop = sharedSize = llvm::alignTo(sharedSize, sharedAlignment);
  mostShared = groupStart + llvm::alignDown((mostShared - groupStart) / groups, sharedAlignment);
  groupBytes = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0)); // known when all is written
  groupBase = at(sharedBase, builder.getI8Type(), multiply(number, groupBytes));
}

void DeviceKernel::renewThread() {
  Value inBlock = ptx("mov.u32 $0, %tid.x;", "=r", {}, builder.getI32Type()).front();
  inBlock = arith::ExtUIOp::create(builder, loc, builder.getI64Type(), inBlock);
  threadNumber = bits(inBlock, 0, llvm::Log2_64(threads));
  groupNumber = uniform(bits(inBlock, llvm::Log2_64(threads), llvm::Log2_64(groups)));
  groupBase = at(sharedBase, builder.getI8Type(), multiply(groupNumber, groupBytes));
}

void DeviceKernel::leaveGroups() {
  int64_t bytes = llvm::alignTo(sharedSize - groupStart, sharedAlignment);
  groupBytes.setValueAttr(builder.getI64IntegerAttr(bytes));
  sharedSize = groupStart + groups * bytes;
}

void DeviceKernel::barrier() {
  if (!inGroup)
    return blockBarrier();
  Value which = word(1); // 0 is the block's
  if (groupNumber)
    which = arith::AddIOp::create(builder, loc,
                                  arith::TruncIOp::create(builder, loc, builder.getI32Type(), groupNumber), which);
  NVVM::BarrierOp::create(builder, loc, TypeRange(), which, word(threads), NVVM::BarrierReductionAttr(), Value());
}

Value DeviceKernel::uniform(Value number) {
  Value low = arith::TruncIOp::create(builder, loc, builder.getI32Type(), number);
  Value first = NVVM::ShflOp::create(builder, loc, builder.getI32Type(), word(-1), low, word(0), word(31),
                                     NVVM::ShflKind::idx, UnitAttr());
  return arith::ExtUIOp::create(builder, loc, number.getType(), first);
}

void DeviceKernel::waitForCluster(Value barrier, Value parity) {
  ptx("{\n.reg .pred p;\nagain:\nmbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [$0], $1;\n@p bra done;\n"
      "bra again;\ndone:\n}",
      "r,r", {barrier, parity});
}

void DeviceKernel::arriveInCluster(Value barrier, int64_t blocks, bool releases) {
  // A lane for each block. Only reads must be over before, and they are: a release at the cluster's scope would wait
  // for all of memory (CUTLASS's ClusterBarrier::arrive does as this does).
  Value lane = bits(threadNumber, 0, 5);
  when(lessThan(lane, constant(blocks)), [&] {
    std::string scope = releases ? ".release.cluster" : "";
    ptx("{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, $0, $1;\nmbarrier.arrive" + scope +
            ".shared::cluster.b64 _, [there];\n}",
        "r,r", {barrier, arith::TruncIOp::create(builder, loc, builder.getI32Type(), lane)});
  });
}
