// A factor of wgmma that is computed in registers.
#include "passes/gpu/RegisterOperand.h"

#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace keel;

/// Of the depth, and of rows: in an instruction.
static constexpr int64_t instructionDepth = 16, instructionRows = 64;
/// A swizzled row of a box, and its pieces.
static constexpr int64_t rowBytes = 128, pieceElements = 8;

BlockArgument RegisterOperand::findMatrix(OpOperand *operand, const Axes &axes) {
  Type element = getElementTypeOrSelf(operand->get().getType());
  BlockArgument matrix;
  auto visit = [&](auto &self, Value value) -> bool {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (!type || type.getRank() < 2)
        return true;
      bool isSame = !matrix || matrix == argument;
      matrix = argument;
      return isSame && type.getRank() == 2 && type.getElementType() == element && hasWholeChunks(type);
    }
    auto op = value.getDefiningOp<linalg::GenericOp>();
    if (!op || op.getNumParallelLoops() != op.getNumLoops() ||
        op->walk([](linalg::IndexOp) { return WalkResult::interrupt(); }).wasInterrupted())
      return false;
    for (OpOperand *input : op.getDpsInputOperands()) {
      bool isMatrix = cast<ShapedType>(input->get().getType()).getRank() == 2;
      if ((isMatrix && !op.getMatchingIndexingMap(input).isIdentity()) || !self(self, input->get()))
        return false;
    }
    return true;
  };
  bool isComputed =
      operand->get().getDefiningOp() && element.getIntOrFloatBitWidth() == 16 && axes == Axes{Axis::Row, Axis::Depth};
  return isComputed && visit(visit, operand->get()) ? matrix : BlockArgument();
}

RegisterOperand::RegisterOperand(DeviceKernel &device, KernelOp kernel, OpOperand *operand, const Axes &axes)
    : device(device), kernel(kernel), operand(operand), matrix(findMatrix(operand, axes)),
      // As the accumulators of a product of 16 columns lie, too.
      layout(mmaLayout(instructionRows, instructionDepth, 4, 1)) {}

SmallVector<Value> RegisterOperand::load(Value start, int64_t rows, int64_t depth, const TilePlace &place,
                                         Value firstDepth) {
  OpBuilder &builder = device.builder;
  // Lane l names a row of matrix l / 8: of the upper eight rows, of the lower, and the same of the next eight of the
  // depth.
  Value thread = device.thread(), inMatrix = device.bits(thread, 0, 3), lower = device.bits(thread, 3, 1);
  Value deeper = device.bits(thread, 4, 1), warp = device.bits(thread, 5, 2);
  Value row = device.add(device.add(device.multiply(warp, 16), device.multiply(lower, 8)), inMatrix);
  Value piece = arith::XOrIOp::create(builder, device.loc, device.add(deeper, depth / pieceElements), inMatrix);
  Value offset = device.add(device.multiply(device.add(row, rows), rowBytes), device.multiply(piece, 16));
  SmallVector<Value> loaded = loadMatrices(device, device.at(start, builder.getI8Type(), offset), /*transposed=*/false);
  // Word i: two of the depth, of row half i % 2 and depth half i / 2.
  const int64_t words = loaded.size();
  auto placeOf = [&](int64_t word) { return word % 2 * words + word / 2 * 2; };
  Fragment raw{true, true, SmallVector<Value>(2 * words)};
  for (auto [word, value] : llvm::enumerate(loaded))
    llvm::copy(device.halves(value, getElementTypeOrSelf(matrix.getType())), raw.elements.begin() + placeOf(word));
  TilePlace here;
  here.firstRow = device.add(place.firstRow, rows);
  here.firstColumn = device.add(firstDepth, depth);
  here.numRows = place.numRows;
  here.numColumns = cast<RankedTensorType>(matrix.getType()).getDimSize(1);
  TileProgram program(device, kernel, section, layout, here);
  program.bind(matrix, raw);
  Fragment computed = program.get(operand->get(), {Axis::Row, Axis::Column});
  SmallVector<Value> factors;
  for (int64_t word = 0; word < words; ++word)
    factors.push_back(device.wordFrom(computed.elements[placeOf(word)], computed.elements[placeOf(word) + 1]));
  return factors;
}
