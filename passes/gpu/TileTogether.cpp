// Computations on a tile that go over its columns together: each takes the next few, then they move on, so that a
// thread holds few intermediate results at a time.
#include "passes/gpu/ColumnSums.h"
#include "passes/gpu/StagedStores.h"
#include "passes/gpu/TileProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace keel;

/// Bytes of an access to shared memory, and the words in it.
static constexpr int64_t accessBytes = 16, accessWords = 4;

namespace {
/// A computation on its way.
struct Member {
  linalg::GenericOp op;
  const Axes &loops;
  std::optional<Axis> sums = std::nullopt;             // the axis that it sums along
  SmallVector<SmallVector<Value>> held = {};           // the sums of each result: a number a row, or a column
  std::unique_ptr<ColumnSums> inMemory = nullptr;      // where they go instead
  SmallVector<std::pair<Value, unsigned>> stored = {}; // results that are written on the way, and where
};
} // namespace

void TileProgram::runTogether(ArrayRef<Operation *> ops, ArrayRef<Operation *> later, SumsOverRows use) {
  std::vector<Kept> kept = keepLoaded(ops, later);
  int64_t mark = device.sharedMark(), columns = layout.columnsHeld(), rows = layout.rowsHeld(),
          step = columns % 2 ? 1 : 2, storedColumns = layout.inFours() ? 4 : step;
  // Elements after which a basic block ends: sums of four rows, or rows that may be missing, leave less room.
  int64_t elementsOfBlock = rows > 2 || !place.rowsFit ? 32 : 64;
  std::vector<Member> members;
  for (Operation *op : ops) {
    auto generic = cast<linalg::GenericOp>(op);
    const Axes &loops = section.loops.find(op)->second;
    Member &member = members.emplace_back(Member{generic, loops});
    for (Axis axis : {Axis::Row, Axis::Column})
      if (section.sums(op, axis))
        member.sums = axis;
    if (!member.sums) {
      for (Value result : op->getResults())
        bind(result, {true, true, SmallVector<Value>(rows * columns)});
      member.stored = storedAtOnce(generic);
    } else if (member.sums == Axis::Row && step == 2 &&
               ColumnSums::fits(op->getResultTypes(), layout, device.threads) &&
               device.sharedMark() + int64_t(op->getNumResults()) * ColumnSums::bytes(layout) <= device.mostShared) {
      member.inMemory = std::make_unique<ColumnSums>(device, *this, op->getResultTypes(), combiners(generic));
    } else {
      SmallVector<Value> start = neutral(device, generic);
      int64_t ofRow = member.sums == Axis::Column && section.hasGroups(op) ? columnOf.size() : 1;
      for (Value value : start)
        member.held.emplace_back(member.sums == Axis::Column ? rows * ofRow : columns, value);
    }
  }
  if (place.staged && llvm::any_of(members, [](const Member &member) { return !member.stored.empty(); }))
    place.staged->prepare();
  for (int64_t c = 0; c < columns; c += step) {
    // ptxas would put off sums along the rows until what they sum spills; all the more beside other sums.
    if (c && rows * columns >= manyElements &&
        c * rows % (device.sharedUsedSince(mark) ? elementsOfBlock / 2 : elementsOfBlock) == 0)
      device.endBasicBlock();
    for (Member &member : members) {
      if (!member.sums) {
        computeColumns(member.op, member.loops, c, step);
        for (auto [result, operand] : member.stored) {
          AffineMap map = member.op.getIndexingMapMatchingResult(cast<OpResult>(result));
          if (int64_t end = c + step; end % storedColumns == 0)
            storeValue(result, fragments[result], operand, section.axesOf(member.op, map), end - storedColumns,
                       storedColumns);
        }
      } else if (member.sums == Axis::Column) {
        addColumns(member.op, c, step, member.held);
      } else if (member.inMemory) {
        SmallVector<Value> low = sumSlot(member.op, Axis::Row, c), high = sumSlot(member.op, Axis::Row, c + 1);
        for (auto [result, values] : llvm::enumerate(llvm::zip(low, high)))
          member.inMemory->put(result, c, std::get<0>(values), std::get<1>(values));
      } else {
        for (int64_t k = c; k < c + step; ++k)
          for (auto [sums, value] : llvm::zip(member.held, sumSlot(member.op, Axis::Row, k)))
            sums[k] = value;
      }
    }
    for (Kept &each : kept)
      putWords(each, c);
  }
  for (Member &member : members)
    if (!member.sums)
      for (Value result : member.op->getResults())
        if (!llvm::is_contained(llvm::make_first_range(member.stored), result))
          stores.insert(result);
  if (device.sharedUsedSince(mark)) {
    device.barrier();
    for (Member &member : members)
      if (member.inMemory)
        member.inMemory->add([&](unsigned result, Value first, ArrayRef<Value> sums) {
          use.ofColumns(member.op->getResult(result), first, sums);
        });
    // The memory is used again.
    device.barrier();
    device.releaseShared(mark);
  }
  for (Member &member : members)
    if (member.sums == Axis::Row && !member.inMemory)
      use.fragments(member.op, sumAcross(member.op, member.held));
  bool sumsAlong = false;
  for (bool ofGroups : {false, true}) {
    SmallVector<linalg::GenericOp> along;
    SmallVector<SmallVector<Value>> sums;
    for (Member &member : members)
      if (member.sums == Axis::Column && section.hasGroups(member.op) == ofGroups) {
        along.push_back(member.op);
        llvm::append_range(sums, std::move(member.held));
      }
    completeRows(along, sums, ofGroups);
    sumsAlong |= !along.empty();
  }
  if (!sumsAlong)
    return;
  for (const Kept &each : kept)
    takeWords(each);
}

SmallVector<std::pair<Value, unsigned>> TileProgram::storedAtOnce(linalg::GenericOp op) {
  SmallVector<std::pair<Value, unsigned>> stored;
  // A branch for each row that may be missing costs least around all of it; and wide accesses take more columns.
  if (!place.columnsFit || layout.vector > 2)
    return stored;
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  for (auto [index, value] : llvm::enumerate(yield.getValues())) {
    Value old = kernel.getBlock()->getArgument(kernel.getInputs().size() + index);
    bool isRead = llvm::any_of(old.getUses(), [](OpOperand &use) {
      auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
      return !reader || reader.isDpsInput(&use) || reader.payloadUsesValueFromOperand(&use);
    });
    if (value.getDefiningOp() == op && !isRead)
      stored.emplace_back(value, kernel.getInputs().size() + index);
  }
  return stored;
}

std::vector<TileProgram::Kept> TileProgram::keepLoaded(ArrayRef<Operation *> ops, ArrayRef<Operation *> later) {
  std::vector<Kept> kept;
  int64_t words = layout.rowsHeld() * layout.columnsHeld() / 2;
  if (layout.vector != 2 || 2 * words < manyElements || words % accessWords)
    return kept;
  auto readsInput = [&](ArrayRef<Operation *> readers, Value input) {
    return llvm::any_of(readers, [&](Operation *op) {
      auto generic = dyn_cast<linalg::GenericOp>(op);
      return generic && llvm::any_of(generic.getDpsInputOperands(), [&](OpOperand *operand) {
               return operand->get() == input &&
                      section.axesOf(op, generic.getMatchingIndexingMap(operand)) == Axes{Axis::Row, Axis::Column};
             });
    });
  };
  for (BlockArgument input : kernel.getBlock()->getArguments().take_front(kernel.getInputs().size())) {
    auto type = dyn_cast<RankedTensorType>(input.getType());
    if (!type || type.getRank() != 2 || !type.getElementType().isBF16() || !readsInput(ops, input) ||
        !readsInput(later, input))
      continue;
    kept.push_back({input});
    // Sums take most of it.
    if (device.sharedMark() + words * 4 * device.threads > device.mostShared / 3)
      continue;
    Value place = device.shared(device.allocateShared(words * 4 * device.threads));
    kept.back().place = device.at(place, device.builder.getI8Type(), device.multiply(device.thread(), accessBytes));
  }
  return kept;
}

void TileProgram::putWords(Kept &kept, int64_t column) {
  if (!kept.place)
    return;
  const Fragment &fragment = find(kept.input, {Axis::Row, Axis::Column});
  for (int64_t r = 0; r < layout.rowsHeld(); ++r)
    kept.words.push_back(device.wordFrom(at(fragment, r, column), at(fragment, r, column + 1)));
  for (; kept.words.size() >= accessWords; kept.words.erase(kept.words.begin(), kept.words.begin() + accessWords))
    device.store(ArrayRef(kept.words).take_front(accessWords),
                 device.at(kept.place, device.builder.getI8Type(), accessBytes * device.threads * kept.accesses++));
}

void TileProgram::takeWords(const Kept &kept) {
  auto known = loaded.find({kept.input.getAsOpaquePointer(), {Axis::Row, Axis::Column}});
  if (!kept.place) {
    loaded.erase(known);
    return;
  }
  Fragment &fragment = known->second;
  SmallVector<Value> words;
  for (int64_t i = 0; i < kept.accesses; ++i)
    words.append(device.load(device.at(kept.place, device.builder.getI8Type(), accessBytes * device.threads * i),
                             device.builder.getI32Type(), accessWords, /*isConstant=*/true));
  auto next = words.begin();
  for (int64_t c = 0; c < layout.columnsHeld(); c += 2)
    for (int64_t r = 0; r < layout.rowsHeld(); ++r)
      llvm::copy(device.halves(*next++, fragment.elements.front().getType()),
                 fragment.elements.begin() + r * layout.columnsHeld() + c);
}

void TileProgram::computeColumns(linalg::GenericOp op, const Axes &loops, int64_t first, int64_t count) {
  for (int64_t r = 0; r < layout.rowsHeld(); ++r)
    for (auto [number, values] : llvm::enumerate(compute(op, loops, r, first, count)))
      for (auto [result, value] : llvm::zip(op->getResults(), values))
        fragments[result].elements[r * layout.columnsHeld() + first + number] = value;
}

void TileProgram::addColumns(linalg::GenericOp op, int64_t first, int64_t count,
                             MutableArrayRef<SmallVector<Value>> sums) {
  bool rows = llvm::is_contained(section.loops.find(op)->second, Axis::Row), groups = section.hasGroups(op);
  for (int64_t r = 0; r < (rows ? layout.rowsHeld() : 1); ++r)
    for (int64_t c = first; c < first + count; ++c) {
      int64_t slot = groups ? r * columnOf.size() + groupOf[c] : r;
      SmallVector<Value> mine;
      for (const SmallVector<Value> &sum : sums)
        mine.push_back(sum[slot]);
      for (auto [sum, next] : llvm::zip(sums, addElement(op, r, c, mine, columnIsThere(c))))
        sum[slot] = next;
    }
}
