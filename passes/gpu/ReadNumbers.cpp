// Numbers in the device's memory that kernels alone need are read there: the host never waits for the device.
#include "passes/gpu/Passes.h"

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace keel {
#define GEN_PASS_DEF_READNUMBERS
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

// What computes a number from an element of a tensor, in order: scalar ops around tensor.extract. Empty where no tensor
// is read.
static llvm::SetVector<Operation *> findOrigin(Value number) {
  llvm::SetVector<Operation *> slice;
  bool reads = false;
  auto visit = [&](auto &self, Value value) -> void {
    Operation *op = value.getDefiningOp();
    bool isRead = isa_and_nonnull<tensor::ExtractOp>(op);
    if (!op || slice.contains(op) || op->getNumRegions() || !isPure(op) ||
        !(isRead || llvm::none_of(op->getOperandTypes(), llvm::IsaPred<ShapedType>)))
      return;
    reads |= isRead;
    for (Value operand : op->getOperands())
      if (!isa<ShapedType>(operand.getType()))
        self(self, operand);
    slice.insert(op);
  };
  visit(visit, number);
  return reads ? slice : llvm::SetVector<Operation *>();
}

// The kernel's argument for a value from outside, made where there is none.
static Value getArgument(KernelOp kernel, Value value) {
  OperandRange inputs = kernel.getInputs();
  if (auto it = llvm::find(inputs, value); it != inputs.end())
    return kernel.getBlock()->getArgument(it - inputs.begin());
  unsigned position = inputs.size();
  kernel.getInputsMutable().append(value);
  return kernel.getBlock()->insertArgument(position, value.getType(), value.getLoc());
}

static void readInside(KernelOp kernel) {
  for (unsigned index = 0; index < kernel.getInputs().size();) {
    Value number = kernel.getInputs()[index];
    llvm::SetVector<Operation *> slice = findOrigin(number);
    if (isa<ShapedType>(number.getType()) || slice.empty()) {
      ++index;
      continue;
    }
    OpBuilder builder = OpBuilder::atBlockBegin(kernel.getBlock());
    IRMapping mapping;
    for (Operation *op : slice) {
      for (Value operand : op->getOperands())
        if (!mapping.contains(operand))
          mapping.map(operand, getArgument(kernel, operand));
      builder.clone(*op, mapping);
    }
    kernel.getBlock()->getArgument(index).replaceAllUsesWith(mapping.lookup(number));
    kernel.getBlock()->eraseArgument(index);
    kernel.getInputsMutable().erase(index);
  }
}

// A tensor of given numbers is written by a kernel: each element is the number of its place.
static void writeInside(tensor::FromElementsOp op, unsigned index) {
  Location loc = op.getLoc();
  OpBuilder builder(op);
  auto type = op.getType();
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  std::string name = (op->getParentOfType<func::FuncOp>().getSymName() + "_elements_" + Twine(index)).str();
  auto kernel = KernelOp::create(builder, loc, name, op.getElements(), empty);
  Block *block = kernel.getBlock();
  builder.setInsertionPointToStart(block);
  SmallVector<utils::IteratorType> parallel(type.getRank(), utils::IteratorType::parallel);
  auto body = [&](OpBuilder &b, Location at, ValueRange) {
    Value position = arith::ConstantIndexOp::create(b, at, 0);
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Value extent = arith::ConstantIndexOp::create(b, at, type.getDimSize(dim));
      position = arith::MulIOp::create(b, at, position, extent);
      position = arith::AddIOp::create(b, at, position, linalg::IndexOp::create(b, at, dim));
    }
    Value result = block->getArgument(0);
    for (unsigned number = 1; number < op.getElements().size(); ++number) {
      Value isHere = arith::CmpIOp::create(b, at, arith::CmpIPredicate::eq, position,
                                           arith::ConstantIndexOp::create(b, at, number));
      result = arith::SelectOp::create(b, at, isHere, block->getArgument(number), result);
    }
    linalg::YieldOp::create(b, at, result);
  };
  auto generic = linalg::GenericOp::create(builder, loc, type, ValueRange(), block->getArguments().back(),
                                           builder.getMultiDimIdentityMap(type.getRank()), parallel, body);
  YieldOp::create(builder, loc, generic.getResults());
  op->replaceAllUsesWith(kernel.getResults());
  op.erase();
}

namespace {
struct ReadNumbers : keel::impl::ReadNumbersBase<ReadNumbers> {
  void runOnOperation() override {
    SmallVector<tensor::FromElementsOp> made;
    getOperation().walk([&](tensor::FromElementsOp op) {
      if (!op->getParentOfType<KernelOp>() && !op.getElements().empty())
        made.push_back(op);
    });
    for (auto [index, op] : llvm::enumerate(made))
      writeInside(op, index);
    getOperation().walk(readInside);
  }
};
} // namespace
