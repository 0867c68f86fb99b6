// The main loop of a depth so short that the product is hardly more than reading its operands: each thread computes the
// elements that it holds of rows as they come from memory. So a block has whole rows, however long, and no others to
// exchange sums with.
#include "passes/gpu/MainLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

/// Multiply-adds for an element; a norm's gradient takes twice as many instructions.
static constexpr int64_t deepest = 16;

bool keel::fitsDots(const Section &section) {
  if (ShapedType::isDynamic(section.depth) || section.depth > deepest || !section.depthSums.empty())
    return false;
  Product product = Product::get(section);
  auto isFloat = [&](OpOperand *operand) {
    Type type = product.elementType(operand);
    return isa<BlockArgument>(operand->get()) && (type.isF32() || type.isF16() || type.isBF16());
  };
  return isFloat(product.a) && isFloat(product.b) && product.aAxes == Axes{Axis::Row, Axis::Depth} &&
         getElementTypeOrSelf(product.op.getResultTypes()[0]).isF32();
}

namespace {
/// Reads numbers of a matrix as f32.
class Reader {
public:
  Reader(DeviceKernel &device, OpOperand *operand) : device(device), argument(cast<BlockArgument>(operand->get())) {
    type = getElementTypeOrSelf(argument.getType());
  }

  /// `count` that follow each other, the first at a multiple of `count`, by the widest accesses that allows.
  SmallVector<Value> read(Value first, int64_t count) {
    int64_t width =
        std::min<int64_t>(int64_t(1) << llvm::countr_zero(uint64_t(count)), 128 / type.getIntOrFloatBitWidth());
    Value start = device.at(device.parameter(argument.getArgNumber()), type, first);
    SmallVector<Value> values;
    for (int64_t at = 0; at < count; at += width)
      for (Value value : device.load(device.at(start, type, at), type, width, /*isConstant=*/true))
        values.push_back(extended(value));
    return values;
  }

private:
  Value extended(Value value) {
    if (type.isF32())
      return value;
    return type.isBF16()
               ? device.extendBf16(value)
               : arith::ExtFOp::create(device.builder, device.loc, device.builder.getF32Type(), value).getResult();
  }

  DeviceKernel &device;
  BlockArgument argument;
  Type type;
};
} // namespace

Fragment keel::emitDotLoop(DeviceKernel &device, const Section &section, TileProgram &program) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Product product = Product::get(section);
  const FragmentLayout &layout = program.getLayout();
  const TilePlace &place = program.getPlace();
  Reader a(device, product.a), b(device, product.b);
  int64_t depth = section.depth, held = layout.columnsHeld(),
          // Columns whose factors a thread has at once.
      together = std::min<int64_t>(layout.vector, 64 / product.elementType(product.b).getIntOrFloatBitWidth());
  Value zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
  std::vector<SmallVector<Value>> rows;
  for (int64_t r = 0; r < layout.rowsHeld(); ++r) {
    Value row = program.row(r), isThere = program.rowIsThere(r);
    if (isThere)
      row = device.minimum(row, device.add(place.numRows, -1));
    rows.push_back(a.read(device.multiply(row, depth), depth));
    if (isThere)
      for (Value &value : rows.back())
        value = arith::SelectOp::create(builder, loc, isThere, value, zero);
  }
  Fragment sums{true, true, SmallVector<Value>(layout.rowsHeld() * held)};
  for (int64_t c = 0; c < held; c += together) {
    Value column = program.column(c);
    if (!place.columnsFit)
      column = device.minimum(column, device.constant(place.numColumns - together));
    std::vector<SmallVector<Value>> factors(together); // by column, then depth
    if (product.bAxes.back() == Axis::Depth) {
      SmallVector<Value> all = b.read(device.multiply(column, depth), together * depth);
      for (auto [index, value] : llvm::enumerate(all))
        factors[index / depth].push_back(value);
    } else {
      for (int64_t k = 0; k < depth; ++k)
        for (auto [index, value] : llvm::enumerate(b.read(device.add(column, k * place.numColumns), together)))
          factors[index].push_back(value);
    }
    for (int64_t r = 0; r < layout.rowsHeld(); ++r)
      for (int64_t each = 0; each < together; ++each) {
        Value sum;
        for (int64_t k = 0; k < depth; ++k) {
          Value term = arith::MulFOp::create(builder, loc, rows[r][k], factors[each][k]);
          sum = sum ? arith::AddFOp::create(builder, loc, sum, term).getResult() : term;
        }
        sums.elements[r * held + c + each] = sum;
      }
  }
  return sums;
}
