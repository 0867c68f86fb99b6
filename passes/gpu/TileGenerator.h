// Makes the device function of a kernel that runs over tiles.
#pragma once

#include "passes/gpu/Generate.h"
#include "passes/gpu/PartialSums.h"
#include "passes/gpu/SharedSections.h"
#include "passes/gpu/WgmmaLoop.h"

#include <memory>

namespace keel {

class TileGenerator {
public:
  TileGenerator(mlir::OpBuilder &moduleBuilder, KernelOp kernel, const KernelSpace &space,
                const KernelSchedule &schedule, unsigned firstTicket, int64_t firstWord, int64_t batch);
  DeviceFunction run();

private:
  // Which block takes which tile, and the tile's computations (GenerateTile.cpp).

  /// In the blocks of each section, or of all that share its code: `body` with the section, its number of the block, and how many
  /// tiles it has.
  void forEachSection(llvm::function_ref<void(unsigned, mlir::Value, mlir::Value, int64_t)> body);
  void emitComputations();
  /// Whether the memory is what all tiles wait for, and two blocks fit a multiprocessor if ptxas takes care: it would
  /// use more registers to load early, all the same.
  bool hidesLatency() const;
  void emitSection(unsigned index, mlir::Value local, mlir::Value rowTiles, int64_t across);
  /// Computations on the tile, after its main loop: those that wait for no sum along rows first, then those that read
  /// such sums, and so on.
  void emitTile(const Section &section, TileProgram &program, llvm::SmallVector<mlir::Operation *> ops,
                mlir::Value rowTile, mlir::Value columnTile, int64_t across);
  void setPlace(TilePlace &place, unsigned index, mlir::Value rowTile, mlir::Value columnTile);
  /// The tiles of rows whose turn it is in the block.
  void emitInTurn(unsigned index, TilePlace place, mlir::Value block, mlir::Value columnTile, mlir::Value rowTiles,
                  int64_t across);
  Fragment emitMainLoop(unsigned index, const TilePlace &place);
  /// The block's part of the main loop; the last block of the tile goes on with `rest`.
  void emitPart(unsigned index, TilePlace place, TileProgram &program, mlir::Value tile, mlir::Value part,
                llvm::function_ref<void()> rest);
  /// The main loop's result: its sums, and what they start from.
  void addSums(const Section &section, TileProgram &program, const Fragment &sums);
  llvm::SmallVector<mlir::Type> workspaceTypes() const;
  llvm::SmallVector<mlir::Type> ownInputs();
  mlir::Value extentOf(std::optional<std::pair<mlir::Value, unsigned>> where, int64_t known);
  mlir::Value numRows(unsigned index) { return extentOf(space.sections[index].rowsOf, space.sections[index].rows); }
  mlir::Value depthOf(unsigned index) { return extentOf(space.sections[index].depthOf, space.sections[index].depth); }
  /// The tile's place among the tiles: row, column.
  std::pair<mlir::Value, mlir::Value> tileOf(mlir::Value local, int64_t across);
  mlir::Value takeTile(unsigned index, mlir::Value count);
  mlir::Value drawnTile(unsigned index);
  unsigned takeTicket() { return firstTicket + tickets++; }
  mlir::Value counter(unsigned ticket) {
    return device.at(device.extraInput(0), device.builder.getI32Type(), int64_t(ticket));
  }

  // Warp-specialised kernels (GenerateRoles.cpp).

  void emitRoles();
  /// What the copying group does for a section.
  void emitCopies(unsigned index, mlir::Value local, int64_t across);
  /// Where groups of threads take turns with the block's tiles: what each does, and the group that copies.
  void emitTurns();
  void emitCopiesOfTurns();
  /// In one thread of the group that copies.
  void inCopyingThread(llvm::function_ref<void()> body);
  TilePlace startOf(unsigned index, mlir::Value local, int64_t across);

  // After the tiles (FinishTiles.cpp).

  /// Runs `body` in the block that is the last of `count` to get here, by a counter: it sees what all of them wrote, or
  /// what the first thread of each did.
  void afterAll(mlir::Value count, mlir::Value arrivals, llvm::function_ref<void()> body,
                bool ofFirstThread = false);
  /// What is made of sums along the rows of a tile, by its last block: a thread a row.
  void emitRowFinish(unsigned index, TilePlace place, mlir::Value rowTile, int64_t across);
  /// Whether sums over the rows are to be added up, and something to be made of them.
  static bool finishesSums(const Section &section);
  /// A tile is done, and with it one of `parts`, of which there are so many for each of the `across` tiles of columns. The last block
  /// finishes: of a tile of columns, where that can be done tile by tile.
  void finishSums(unsigned index, mlir::Value parts, mlir::Value columnTile, int64_t across);
  /// All columns, where there is no `columnTile`.
  void emitFinish(unsigned index, mlir::Value parts, mlir::Value columnTile);
  /// Single numbers that are functions of arguments: when no block reads the old ones any more.
  void emitScalars();
  void computeScalars();
  /// Reads their old values first of all, where blocks can say that they have before they write anything: at the end
  /// they would wait for what they wrote, only to say it.
  void readScalars();
  void arriveAsReader();
  void writeScalarsIfLast();

  KernelOp kernel;
  const KernelSpace &space;
  const KernelSchedule &schedule;
  DeviceFunction result;
  unsigned firstTicket, tickets = 0;
  int64_t firstWord, batch, words = 0;
  std::optional<int64_t> readFlag; // where blocks arrive as readers: how many have before, in shared memory
  mlir::Value readArrivals;
  mlir::Value epochCounter, epoch; // of the launch, which words that blocks exchange carry
  std::vector<SectionFamily> families;
  DeviceKernel device;
  PartialSums partials;
  // Of a warp-specialised kernel.
  std::optional<WgmmaLoop::Barriers> barriers;
  std::optional<ClusterExchange> clusterExchange;
  std::map<unsigned, std::unique_ptr<WgmmaLoop>> loops; // by section
  std::map<unsigned, int64_t> drawnAt;                  // where the section's ticket is in shared memory
  WgmmaLoop::Turn turn;                                 // which of the block's tiles it is
};

} // namespace keel
