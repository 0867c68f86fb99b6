// One arena for a call: every buffer that is not the caller's gets a fixed place in it, shared by buffers whose lifetimes
// do not meet. Buffers of one worker (inside a parallel loop) get a place in that worker's scratch memory.
#include "passes/host/Passes.h"

#include "dialect/keel/Keel.h"
#include "passes/host/Host.h"
#include "passes/host/IndexBounds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace keel {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/host/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

// Of every buffer, as KEEL_ARTIFACT_ALIGNMENT says.
static constexpr int64_t alignment = 64;

namespace {
// A buffer to place: its size, and the first and last op of the block that use it.
struct Buffer {
  memref::AllocOp alloc;
  int64_t bytes = 0;
  unsigned first = 0, last = 0;
  int64_t offset = 0;
};
} // namespace

// Greedy by size: the largest buffer first, each at the lowest offset free during its lifetime. Returns the total.
static int64_t place(MutableArrayRef<Buffer> buffers, int64_t base) {
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](Buffer *a, Buffer *b) { return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; });
  int64_t total = base;
  SmallVector<Buffer *> placed; // by offset
  for (Buffer *buffer : order) {
    int64_t offset = base;
    for (Buffer *other : placed) {
      if (other->last < buffer->first || buffer->last < other->first)
        continue;
      if (offset + buffer->bytes <= other->offset)
        break;
      offset = std::max(offset, int64_t(llvm::alignTo(other->offset + other->bytes, alignment)));
    }
    buffer->offset = offset;
    placed.insert(llvm::upper_bound(placed, buffer, [](Buffer *a, Buffer *b) { return a->offset < b->offset; }), buffer);
    total = std::max(total, int64_t(llvm::alignTo(offset + buffer->bytes, alignment)));
  }
  return total;
}

// Positions of a block's ops, for lifetimes. An op nested in one of them counts as that one.
static DenseMap<Operation *, unsigned> number(Block &block) {
  DenseMap<Operation *, unsigned> positions;
  for (auto [index, op] : llvm::enumerate(block))
    positions[&op] = index;
  return positions;
}

// From the first op that touches the buffer, or a view of it, to the last.
static void computeLifetime(Buffer &buffer, Block &block, const DenseMap<Operation *, unsigned> &positions,
                            const BufferViewFlowAnalysis &aliases) {
  unsigned first = ~0u, last = 0;
  for (Value alias : aliases.resolve(buffer.alloc)) {
    for (Operation *user : alias.getUsers()) {
      Operation *ancestor = block.findAncestorOpInBlock(*user);
      if (!ancestor)
        continue;
      unsigned position = positions.lookup(ancestor);
      last = std::max(last, position);
      if (!isa<ViewLikeOpInterface, memref::DimOp>(user))
        first = std::min(first, position);
    }
  }
  buffer.first = std::min(first, last);
  buffer.last = last;
}

static FailureOr<int64_t> getBytes(memref::AllocOp alloc, int64_t capacity) {
  std::optional<int64_t> bytes = getBytesBound(alloc.getType(), alloc.getDynamicSizes(), capacity);
  if (!bytes)
    return alloc.emitError("cannot bound the size of this buffer of type ")
           << alloc.getType() << ": its extents must follow from the batch, found one that depends on data";
  return *bytes;
}

static void replaceByView(memref::AllocOp alloc, Value memory, int64_t offset) {
  OpBuilder builder(alloc);
  Value position = arith::ConstantIndexOp::create(builder, alloc.getLoc(), offset);
  alloc.replaceAllUsesWith(
      memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(), memory, position, alloc.getDynamicSizes())
          .getResult());
  alloc.erase();
}

// A kernel's own buffer is handed to it as one more destination: a piece of the arena.
static Value addDestination(KernelOp kernel, Value memory) {
  kernel.getInitsMutable().append(memory);
  return kernel.getBlock()->addArgument(memory.getType(), memory.getLoc());
}

// Buffers inside a parallel loop: each is marked with its offset in the worker's scratch memory.
static FailureOr<int64_t> planScratch(scf::ForallOp loop, int64_t base, int64_t capacity) {
  SmallVector<Buffer> buffers;
  WalkResult walk = loop.walk([&](memref::AllocOp alloc) {
    if (alloc->hasAttr(scratchOffsetAttribute))
      return WalkResult::advance();
    FailureOr<int64_t> bytes = getBytes(alloc, capacity);
    if (failed(bytes))
      return WalkResult::interrupt();
    buffers.push_back({alloc, *bytes});
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  if (buffers.empty())
    return base;
  BufferViewFlowAnalysis aliases(loop);
  DenseMap<Operation *, unsigned> positions = number(*loop.getBody());
  for (Buffer &buffer : buffers)
    computeLifetime(buffer, *loop.getBody(), positions, aliases);
  int64_t total = place(buffers, base);
  for (Buffer &buffer : buffers)
    buffer.alloc->setAttr(scratchOffsetAttribute, Builder(loop).getI64IntegerAttr(buffer.offset));
  return total;
}

static int64_t getInteger(func::FuncOp function, StringRef name) {
  auto attribute = function->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getInt() : 0;
}

static LogicalResult planMemory(func::FuncOp function, int64_t batch) {
  Builder builder(function);
  bool dynamic = llvm::any_of(function.getArguments(), [&](BlockArgument argument) {
    auto shaped = dyn_cast<ShapedType>(argument.getType());
    return shaped && !shaped.hasStaticShape() && !function.getArgAttr(argument.getArgNumber(), arenaAttribute);
  });
  int64_t capacity = dynamic ? batch : 0;
  function.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });

  int64_t scratchBase = getInteger(function, scratchBytesAttribute), scratchBytes = scratchBase;
  WalkResult walk = function.walk<WalkOrder::PreOrder>([&](scf::ForallOp loop) {
    FailureOr<int64_t> bytes = planScratch(loop, scratchBase, capacity);
    if (failed(bytes))
      return WalkResult::interrupt();
    scratchBytes = std::max(scratchBytes, *bytes);
    return WalkResult::skip();
  });
  if (walk.wasInterrupted())
    return failure();

  // What is left lies in the arena.
  Block &block = function.getBody().front();
  DenseMap<Operation *, unsigned> positions = number(block);
  BufferViewFlowAnalysis aliases(function);
  SmallVector<Buffer> buffers;
  walk = function.walk([&](memref::AllocOp alloc) {
    if (alloc->hasAttr(scratchOffsetAttribute))
      return WalkResult::advance();
    FailureOr<int64_t> bytes = getBytes(alloc, capacity);
    if (failed(bytes))
      return WalkResult::interrupt();
    Buffer buffer{alloc, *bytes};
    if (auto kernel = alloc->getParentOfType<KernelOp>())
      buffer.first = buffer.last = positions.lookup(block.findAncestorOpInBlock(*kernel));
    else
      computeLifetime(buffer, block, positions, aliases);
    buffers.push_back(buffer);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();

  int64_t arenaBase = getInteger(function, arenaBytesAttribute);
  int64_t arenaBytes = place(buffers, arenaBase);
  Value arena;
  for (BlockArgument argument : block.getArguments())
    if (function.getArgAttr(argument.getArgNumber(), arenaAttribute))
      arena = argument;
  if (!arena) {
    auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
    DictionaryAttr mark = builder.getDictionaryAttr(builder.getNamedAttr(arenaAttribute, builder.getUnitAttr()));
    if (failed(function.insertArgument(function.getNumArguments(), type, mark, function.getLoc())))
      return failure();
    arena = block.getArguments().back();
  }
  for (Buffer &buffer : buffers) {
    auto kernel = buffer.alloc->getParentOfType<KernelOp>();
    if (!kernel) {
      replaceByView(buffer.alloc, arena, buffer.offset);
      continue;
    }
    OpBuilder before(kernel);
    Value position = arith::ConstantIndexOp::create(before, kernel.getLoc(), buffer.offset);
    auto type = MemRefType::get({buffer.bytes}, builder.getI8Type());
    Value piece = memref::ViewOp::create(before, kernel.getLoc(), type, arena, position, ValueRange());
    replaceByView(buffer.alloc, addDestination(kernel, piece), 0);
  }
  function->setAttr(arenaBytesAttribute, builder.getI64IntegerAttr(arenaBytes));
  function->setAttr(scratchBytesAttribute, builder.getI64IntegerAttr(scratchBytes));
  function->setAttr(batchCapacityAttribute, builder.getI64IntegerAttr(capacity));
  return success();
}

namespace {
struct PlanMemory : keel::impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;
  void runOnOperation() override {
    if (batch < 1) {
      getOperation().emitError("the batch capacity must be at least 1, found ") << batch.getValue();
      return signalPassFailure();
    }
    for (func::FuncOp function : getEntries(getOperation()))
      if (failed(planMemory(function, batch)))
        return signalPassFailure();
  }
};
} // namespace
