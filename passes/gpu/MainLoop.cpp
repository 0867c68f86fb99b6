// What main loops share: which operand is which, ldmatrix, and the elements of an operand that is computed as it is
// loaded.
#include "passes/gpu/MainLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace keel;

Product Product::get(const Section &section) {
  auto op = cast<linalg::GenericOp>(section.mainLoop);
  Product product{op, op.getDpsInputOperand(0), op.getDpsInputOperand(1), {}, {}};
  product.aAxes = section.axesOf(op, op.getMatchingIndexingMap(product.a));
  product.bAxes = section.axesOf(op, op.getMatchingIndexingMap(product.b));
  if (!llvm::is_contained(product.aAxes, Axis::Row)) {
    std::swap(product.a, product.b);
    std::swap(product.aAxes, product.bAxes);
  }
  return product;
}

bool keel::hasWholeChunks(RankedTensorType type) {
  return !type.isDynamicDim(1) && type.getDimSize(1) * type.getElementTypeBitWidth() % 128 == 0;
}

bool SectionSchedule::fillsRows(const Section &section) const {
  if (loop != Loop::Mma && loop != Loop::Wgmma)
    return loop == Loop::Dots;
  Value rows = Product::get(section).a->get();
  return isa<BlockArgument>(rows) && hasWholeChunks(cast<RankedTensorType>(rows.getType()));
}

SmallVector<Value> keel::operandElements(DeviceKernel &device, TileProgram &program, Value operand, Axis depth) {
  Fragment fragment = program.get(operand, {Axis::Row, Axis::Column});
  Type elementType = getElementTypeOrSelf(operand.getType());
  Value zero = arith::ConstantOp::create(device.builder, device.loc, device.builder.getZeroAttr(elementType));
  const FragmentLayout &layout = program.getLayout();
  for (int64_t r = 0; r < layout.rowsHeld(); ++r)
    for (int64_t c = 0; c < layout.columnsHeld(); ++c) {
      Value &value = fragment.elements[r * layout.columnsHeld() + c];
      if (Value isThere = depth == Axis::Column ? program.columnIsThere(c) : program.rowIsThere(r))
        value = arith::SelectOp::create(device.builder, device.loc, isThere, value, zero);
    }
  return std::move(fragment.elements);
}

SmallVector<Value> keel::loadMatrices(DeviceKernel &device, Value row, bool transposed) {
  OpBuilder &builder = device.builder;
  SmallVector<Type> types(4, builder.getI32Type());
  Value words = NVVM::LdMatrixOp::create(
      builder, device.loc, LLVM::LLVMStructType::getLiteral(builder.getContext(), types), row, types.size(),
      transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(builder.getContext(), 8, 8), NVVM::LdStMatrixEltType::B16);
  SmallVector<Value> values;
  for (size_t i = 0; i < types.size(); ++i)
    values.push_back(LLVM::ExtractValueOp::create(builder, device.loc, words, i));
  return values;
}
