// A kernel's computations on a tile: bodies, element by element.
#include "passes/gpu/TileProgram.h"

#include "passes/fuse/Partition.h"
#include "passes/fuse/RowLoop.h"
#include "passes/gpu/SumsInParts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace keel;

TileProgram::TileProgram(DeviceKernel &device, KernelOp kernel, const Section &section, const FragmentLayout &layout,
                         TilePlace place)
    : device(device), kernel(kernel), section(section), layout(layout), place(place) {
  // A column's bits come from the thread's number or from its place among those held, so a group's do, too.
  int64_t width = section.groupColumns ? section.groupColumns : layout.columns, last = -1;
  llvm::SmallDenseMap<int64_t, int64_t> known;
  for (auto [held, offset] : llvm::enumerate(layout.columnOffsets)) {
    auto [group, isNew] = known.try_emplace(offset / width, last + 1);
    if (isNew) {
      ++last;
      columnOf.push_back(held);
    }
    groupOf.push_back(group->second);
  }
}

//===----------------------------------------------------------------------===//
// Where the thread's elements are
//===----------------------------------------------------------------------===//

Value TileProgram::base(Axis axis) {
  // Runs of bits whose strides double are one field of the thread's number.
  Value sum;
  ArrayRef<FragmentLayout::Bit> bits = layout.bits;
  for (unsigned low = 0; low < bits.size();) {
    unsigned high = low + 1;
    while (high < bits.size() && bits[high].axis == bits[low].axis && bits[high].stride == 2 * bits[high - 1].stride)
      ++high;
    if (bits[low].axis == axis) {
      Value field = high - low == bits.size() ? device.thread() : device.bits(device.thread(), low, high - low);
      field = device.multiply(field, bits[low].stride);
      sum = sum ? device.add(sum, field) : field;
    }
    low = high;
  }
  return sum ? sum : device.constant(0);
}

Value TileProgram::row(int64_t held) {
  Value start = device.add(place.firstRow, base(Axis::Row));
  return held < 0 ? start : device.add(start, layout.rowOffsets[held]);
}

Value TileProgram::column(int64_t held) {
  Value start = device.add(place.firstColumn, base(Axis::Column));
  return held < 0 ? start : device.add(start, layout.columnOffsets[held]);
}

Value TileProgram::rowIsThere(int64_t held) {
  return place.rowsFit ? Value() : device.lessThan(row(held), place.numRows);
}

Value TileProgram::columnIsThere(int64_t held) {
  return place.columnsFit ? Value() : device.lessThan(column(held), device.constant(place.numColumns));
}

Value TileProgram::isFirstAcross(Axis axis) {
  int64_t mask = 0;
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (bit.axis == axis)
      mask |= int64_t(1) << index;
  if (!mask)
    return Value();
  Value field = arith::AndIOp::create(device.builder, device.loc, device.thread(), device.constant(mask));
  return arith::CmpIOp::create(device.builder, device.loc, arith::CmpIPredicate::eq, field, device.constant(0));
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

Value TileProgram::at(const Fragment &fragment, int64_t row, int64_t column) const {
  int64_t width = fragment.columns ? layout.columnsHeld() : fragment.groups ? columnOf.size() : 1;
  return fragment.elements[(fragment.rows ? row * width : 0) +
                           (fragment.columns  ? column
                            : fragment.groups ? groupOf[column]
                                              : 0)];
}

Value TileProgram::zero(Type type) {
  return arith::ConstantOp::create(device.builder, device.loc, device.builder.getZeroAttr(type));
}

Value TileProgram::outside(Value value) {
  OpBuilder &builder = device.builder;
  Value result;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    result = device.number(argument);
  } else if (auto dim = value.getDefiningOp<tensor::DimOp>()) {
    auto tensor = dyn_cast<BlockArgument>(dim.getSource());
    Value extent = device.extent(tensor.getArgNumber(), *dim.getConstantIndex());
    result = arith::IndexCastOp::create(builder, device.loc, builder.getIndexType(), extent);
  } else if (auto extract = value.getDefiningOp<tensor::ExtractOp>()) {
    SmallVector<Value> position;
    for (Value index : extract.getIndices())
      position.push_back(outside(index));
    auto table = cast<BlockArgument>(extract.getTensor());
    if (Value number = device.numbers.lookup(table.getArgNumber()))
      return number;
    result = device.load(device.pointerTo(table.getArgNumber(), position), extract.getType()).front();
  } else {
    Operation *op = value.getDefiningOp();
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, outside(operand));
    result = builder.clone(*op, mapping)->getResult(cast<OpResult>(value).getResultNumber());
  }
  return result;
}

/// Two numbers rounded to a type of 16 bits, by one instruction. Of a pair of f16 of which somebody reads a half, LLVM
/// would make two; and those ptxas moves to where wgmma is still adding up what they read.
static Value roundPair(DeviceKernel &device, Value low, Value high, Type type) {
  auto pair = VectorType::get(2, type);
  if (type.isF16())
    return NVVM::ConvertF32x2ToF16x2Op::create(device.builder, device.loc, pair, high, low, /*random_bits=*/Value(),
                                               NVVM::FPRoundingMode::RN);
  Value both = vector::FromElementsOp::create(device.builder, device.loc, VectorType::get(2, low.getType()),
                                              ValueRange{low, high});
  return arith::TruncFOp::create(device.builder, device.loc, pair, both);
}

/// Conversions of 16-bit floats, in pairs where there are two: an instruction rounds two numbers at once, and a bf16 is
/// the upper half of a float.
static void convert(DeviceKernel &device, Operation &op, MutableArrayRef<IRMapping> elements) {
  OpBuilder &builder = device.builder;
  Value from = op.getOperand(0), to = op.getResult(0);
  if (isa<arith::ExtFOp>(op)) {
    for (IRMapping &mapping : elements)
      mapping.map(to, device.extendBf16(mapping.lookup(from)));
    return;
  }
  for (unsigned i = 0; i + 1 < elements.size(); i += 2) {
    Value both = roundPair(device, elements[i].lookup(from), elements[i + 1].lookup(from), to.getType());
    for (auto [half, value] : llvm::enumerate(device.halves(both, to.getType())))
      elements[i + half].map(to, value);
  }
  if (elements.size() % 2)
    builder.clone(op, elements.back());
}

std::vector<SmallVector<Value>> TileProgram::cloneBodies(linalg::GenericOp op, ArrayRef<SmallVector<Value>> arguments,
                                                         const Axes &loops, int64_t atRow, int64_t atColumn) {
  OpBuilder &builder = device.builder;
  std::vector<IRMapping> elements(arguments.size());
  for (auto [mapping, values] : llvm::zip(elements, arguments))
    for (auto [argument, value] : llvm::zip(op.getBody()->getArguments(), values))
      mapping.map(argument, value);
  auto asIndex = [&](Value number) -> Value {
    return arith::IndexCastOp::create(builder, device.loc, builder.getIndexType(), number);
  };
  for (Operation &inner : op.getBody()->without_terminator()) {
    bool narrow = isa<arith::TruncFOp>(inner) && inner.getResult(0).getType().getIntOrFloatBitWidth() == 16 &&
                  inner.getOperand(0).getType().isF32();
    bool wide =
        isa<arith::ExtFOp>(inner) && inner.getOperand(0).getType().isBF16() && inner.getResult(0).getType().isF32();
    if ((narrow || wide) && elements.front().contains(inner.getOperand(0))) {
      convert(device, inner, elements);
      continue;
    }
    for (auto [number, mapping] : llvm::enumerate(elements)) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        Axis axis = loops[index.getDim()];
        mapping.map(index.getResult(), asIndex(axis == Axis::Row ? row(atRow) : column(atColumn + number)));
        continue;
      }
      if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
        unsigned table = cast<BlockArgument>(extract.getTensor()).getArgNumber();
        if (Value known = device.numbers.lookup(table)) {
          mapping.map(extract.getResult(), known);
          continue;
        }
        SmallVector<Value> position;
        for (Value index : extract.getIndices())
          position.push_back(mapping.contains(index) ? mapping.lookup(index) : outside(index));
        Value pointer = device.pointerTo(table, position);
        // An element that is not there may ask for anything.
        Value isThere =
            device.all({llvm::is_contained(loops, Axis::Row) ? rowIsThere(atRow) : Value(),
                        llvm::is_contained(loops, Axis::Column) || llvm::is_contained(loops, Axis::Group)
                            ? columnIsThere(atColumn + number)
                            : Value()});
        auto gather = [&] { return device.load(pointer, extract.getType()); };
        mapping.map(extract.getResult(), device.loadWhere(isThere, extract.getType(), 1, gather).front());
        continue;
      }
      device.mapOutside(inner, mapping, [&](Value value) { return outside(value); });
      builder.clone(inner, mapping);
    }
  }
  std::vector<SmallVector<Value>> results(elements.size());
  for (auto [mapping, values] : llvm::zip(elements, results))
    for (Value value : op.getBody()->getTerminator()->getOperands())
      values.push_back(value.getParentBlock() == op.getBody() ? mapping.lookup(value) : outside(value));
  return results;
}

static bool isRead(linalg::GenericOp op, OpOperand &operand) {
  return op.isDpsInput(&operand) || op.payloadUsesValueFromOperand(&operand);
}

Axes TileProgram::axesRead(linalg::GenericOp op, OpOperand &operand, const Axes &loops) {
  return axesThrough(op.getMatchingIndexingMap(&operand), loops);
}

Axes TileProgram::loopsFor(linalg::GenericOp op, Value result, ArrayRef<Axis> axes) {
  Axes loops(op.getNumLoops(), Axis::Row);
  for (auto [expr, axis] : llvm::zip(op.getIndexingMapMatchingResult(cast<OpResult>(result)).getResults(), axes))
    loops[cast<AffineDimExpr>(expr).getPosition()] = axis;
  return loops;
}

std::vector<SmallVector<Value>> TileProgram::compute(linalg::GenericOp op, const Axes &loops, int64_t row,
                                                     int64_t column, int64_t count) {
  std::vector<SmallVector<Value>> arguments(count);
  for (OpOperand &operand : op->getOpOperands()) {
    const Fragment *fragment = isRead(op, operand) ? &find(operand.get(), axesRead(op, operand, loops)) : nullptr;
    Type type = getElementTypeOrSelf(operand.get().getType());
    for (auto [number, values] : llvm::enumerate(arguments))
      values.push_back(fragment ? at(*fragment, row, column + number) : zero(type));
  }
  return cloneBodies(op, arguments, loops, row, column);
}

SmallVector<Fragment> TileProgram::elementwise(linalg::GenericOp op, const Axes &loops) {
  bool rows = llvm::is_contained(loops, Axis::Row), columns = llvm::is_contained(loops, Axis::Column);
  bool groups = llvm::is_contained(loops, Axis::Group);
  SmallVector<Fragment> results(op->getNumResults(), {rows, columns, {}, groups});
  int64_t held = columns ? layout.columnsHeld() : groups ? columnOf.size() : 1, together = !columns || held % 2 ? 1 : 2;
  for (int64_t r = 0, re = rows ? layout.rowsHeld() : 1; r < re; ++r)
    for (int64_t c = 0; c < held; c += together)
      for (ArrayRef<Value> values : compute(op, loops, r, groups ? columnOf[c] : c, together))
        for (auto [result, value] : llvm::zip(results, values))
          result.elements.push_back(value);
  return results;
}

Fragment TileProgram::evaluate(Operation *op, Value result, ArrayRef<Axis> axes) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    Attribute value = constant.getValue();
    if (auto elements = dyn_cast<DenseElementsAttr>(value)) {
      auto number =
          arith::ConstantOp::create(device.builder, device.loc, cast<TypedAttr>(elements.getSplatValue<Attribute>()));
      return {false, false, {number}};
    }
    return {false, false, {outside(result)}};
  }
  if (isa<tensor::EmptyOp>(op))
    return {false, false, {zero(cast<ShapedType>(result.getType()).getElementType())}};
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    if (op->hasAttr(addsPartsAttribute))
      return addParts(generic);
    return elementwise(generic, loopsFor(generic, result, axes))[cast<OpResult>(result).getResultNumber()];
  }
  return {false, false, {outside(result)}};
}

void TileProgram::prefetch(Value value, ArrayRef<Axis> axes) {
  if (isa<BlockArgument>(value))
    get(value, axes);
  else if (auto generic = value.getDefiningOp<linalg::GenericOp>()) {
    Axes loops = loopsFor(generic, value, axes);
    for (OpOperand &operand : generic->getOpOperands())
      if (isRead(generic, operand))
        prefetch(operand.get(), axesRead(generic, operand, loops));
  }
}

const Fragment &TileProgram::find(Value value, ArrayRef<Axis> axes) {
  if (auto it = fragments.find(value); it != fragments.end())
    return it->second;
  std::pair key(value.getAsOpaquePointer(), std::vector<Axis>(axes.begin(), axes.end()));
  if (auto it = loaded.find(key); it != loaded.end())
    return it->second;
  auto argument = dyn_cast<BlockArgument>(value);
  Fragment fragment = argument && isa<ShapedType>(value.getType()) ? load(argument, axes)
                      : argument                                   ? Fragment{false, false, {outside(value)}}
                                                                   : evaluate(value.getDefiningOp(), value, axes);
  return loaded[key] = std::move(fragment);
}

void TileProgram::run(Operation *op) {
  auto generic = cast<linalg::GenericOp>(op);
  const Axes &loops = section.loops.find(op)->second;
  if (generic.getNumParallelLoops() == generic.getNumLoops()) {
    for (auto [result, fragment] : llvm::zip(op->getResults(), elementwise(generic, loops)))
      bind(result, fragment);
  } else {
    sumColumns(generic);
  }
  stores.insert_range(op->getResults());
}
