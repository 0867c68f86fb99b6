// 8x8 matrices of 16-bit elements between shared memory and a warp's registers. PTX ISA 9.7.14.5.15 ldmatrix, .16
// stmatrix, .17 movmatrix. Lane 8m + r gives the address of row r of matrix m; lane l holds elements 2(l mod 4) and the next
// of row l / 4 (of the column, if transposed).
#include "runtime/emulator/Instruction.h"

#include <cstring>

namespace keel::emulator {

namespace {
struct Matrices {
  std::uint32_t count, space;
  bool transposed;
};

struct Tile {
  std::uint16_t at[8][8];

  std::uint32_t fragment(std::uint32_t lane, bool transposed) const {
    std::uint32_t row = lane / 4, column = lane % 4 * 2;
    return transposed ? at[column][row] | static_cast<std::uint32_t>(at[column + 1][row]) << 16
                      : at[row][column] | static_cast<std::uint32_t>(at[row][column + 1]) << 16;
  }
  void setFragment(std::uint32_t lane, bool transposed, std::uint32_t value) {
    std::uint32_t row = lane / 4, column = lane % 4 * 2;
    (transposed ? at[column][row] : at[row][column]) = static_cast<std::uint16_t>(value);
    (transposed ? at[column + 1][row] : at[row][column + 1]) = static_cast<std::uint16_t>(value >> 16);
  }
};

void loadAll(Warp &warp, std::uint32_t, const Site &site) {
  const auto &matrices = decoded<Matrices>(&site);
  for (std::uint32_t m = 0; m < matrices.count; ++m) {
    Tile tile;
    for (std::uint32_t row = 0; row < 8; ++row) {
      Thread &thread = warp.thread(m * 8 + row);
      std::memcpy(tile.at[row], access(thread, thread.in[0], 16, 16, matrices.space, Access::Load, Scope::Weak, thread.site), 16);
    }
    for (std::uint32_t lane = 0; lane < warpSize; ++lane)
      warp.thread(lane).out[m] = tile.fragment(lane, matrices.transposed);
  }
}

void storeAll(Warp &warp, std::uint32_t, const Site &site) {
  const auto &matrices = decoded<Matrices>(&site);
  for (std::uint32_t m = 0; m < matrices.count; ++m) {
    Tile tile;
    for (std::uint32_t lane = 0; lane < warpSize; ++lane)
      tile.setFragment(lane, matrices.transposed, static_cast<std::uint32_t>(warp.thread(lane).in[1 + m]));
    for (std::uint32_t row = 0; row < 8; ++row) {
      Thread &thread = warp.thread(m * 8 + row);
      std::memcpy(access(thread, thread.in[0], 16, 16, matrices.space, Access::Store, Scope::Weak, thread.site), tile.at[row], 16);
    }
  }
}

void moveAll(Warp &warp, std::uint32_t, const Site &) {
  Tile tile;
  for (std::uint32_t lane = 0; lane < warpSize; ++lane)
    tile.setFragment(lane, false, static_cast<std::uint32_t>(warp.thread(lane).in[0]));
  for (std::uint32_t lane = 0; lane < warpSize; ++lane)
    warp.thread(lane).out[0] = tile.fragment(lane, true);
}

template <Collective all> void together(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), allLanes, Convergence::Whole, in, out, site, all);
}

std::optional<Matrices> parse(const Name &name) {
  std::uint32_t count = name.has("x1") ? 1 : name.has("x2") ? 2 : name.has("x4") ? 4 : 0;
  if (!count || !name.has("m8n8") || !name.has("b16") || !name.has("aligned"))
    return std::nullopt;
  std::uint32_t space = parseSpace(name);
  return Matrices{count, space ? space : 3, name.has("trans")};
}

std::optional<Binding> decodeLoad(const Name &name) {
  auto matrices = parse(name);
  return matrices ? std::optional(bind(together<loadAll>, *matrices)) : std::nullopt;
}
std::optional<Binding> decodeStore(const Name &name) {
  auto matrices = parse(name);
  return matrices ? std::optional(bind(together<storeAll>, *matrices)) : std::nullopt;
}
std::optional<Binding> decodeMove(const Name &name) {
  return name.has("m8n8") && name.has("trans") ? std::optional(Binding{together<moveAll>}) : std::nullopt;
}
} // namespace

std::span<const Opcode> matrixInstructions() {
  static constexpr Opcode table[] = {{"ldmatrix", decodeLoad}, {"stmatrix", decodeStore}, {"movmatrix", decodeMove}};
  return table;
}

} // namespace keel::emulator
