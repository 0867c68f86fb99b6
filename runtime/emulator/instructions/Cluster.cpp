// Clusters of blocks that reach each other's shared memory. PTX ISA 9.7.13.3 barrier.cluster, 9.7.9.22 mapa, 9.7.9.23
// getctarank, 9.7.9.13 st.async, 9.7.13.7 red.async.
#include "runtime/emulator/instructions/MBarrier.h"

#include <algorithm>
#include <cstring>

namespace keel::emulator {

using runtime::text;

namespace {
// ---- barrier.cluster.arrive, .wait
struct ClusterModifiers {
  bool releases, acquires;
};

bool isComplete(Block &first) {
  const ClusterBarrier &barrier = first.clusterBarrier;
  std::uint32_t live = 0, gone = 0;
  for (std::uint32_t rank = 0; rank < first.grid->kernel->cluster; ++rank)
    live += first.sibling(rank).live;
  if (barrier.arrived < live)
    return false;
  for (std::uint32_t rank = 0; rank < first.grid->kernel->cluster; ++rank)
    for (const Thread &thread : first.sibling(rank).threads)
      gone += thread.exited && thread.clusterPhase > barrier.phase; // has arrived, and left
  return barrier.arrived - gone >= live;
}

void completeIfDone(Block &first) {
  ClusterBarrier &barrier = first.clusterBarrier;
  if (!barrier.arrived || !isComplete(first))
    return;
  ++barrier.phase;
  barrier.arrived = 0;
  barrier.completed = std::move(barrier.gathering);
  barrier.gathering = nullptr;
  for (Thread *thread : barrier.waiting)
    makeReady(*thread);
  barrier.waiting.clear();
}

void arrive(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  ClusterBarrier &barrier = thread.block->sibling(0).clusterBarrier;
  if (thread.clusterPhase > thread.clusterWaited)
    fault(thread, site, Fault::Invalid, "arrives twice at the cluster's barrier without waiting");
  thread.clusterPhase = barrier.phase + 1;
  ++barrier.arrived;
  if (decoded<ClusterModifiers>(site).releases)
    barrier.gathering = join(barrier.gathering, release(thread, Scope::Cluster).knowledge);
  progress(thread);
  completeIfDone(thread.block->sibling(0));
}

void wait(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  ClusterBarrier &barrier = thread.block->sibling(0).clusterBarrier;
  if (thread.clusterPhase == thread.clusterWaited)
    fault(thread, site, Fault::Invalid, "waits at the cluster's barrier without having arrived");
  if (barrier.phase < thread.clusterPhase) {
    thread.site = site;
    barrier.waiting.push_back(&thread);
    emulator::wait(thread);
  }
  thread.clusterWaited = thread.clusterPhase;
  if (decoded<ClusterModifiers>(site).acquires)
    acquire(thread, Scope::Cluster, {barrier.completed, Scope::Cluster, thread.block->index});
}

std::optional<Binding> decodeBarrier(const Name &name) {
  if (!name.has("cluster"))
    return std::nullopt;
  if (name.has("arrive"))
    return bind(arrive, ClusterModifiers{!name.has("relaxed"), false});
  if (name.has("wait"))
    return bind(wait, ClusterModifiers{false, true});
  return std::nullopt;
}

// ---- mapa, getctarank
void mapAddress(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  auto rank = static_cast<std::uint32_t>(in[1]);
  if (rank >= thread.block->grid->kernel->cluster)
    fault(thread, site, Fault::Invalid, text("block ", rank, " of a cluster of ", thread.block->grid->kernel->cluster));
  out[0] = (in[0] & ~(largestCluster * blockWindow - 1)) | rank * blockWindow | (in[0] & (blockWindow - 1));
}
void rankOfAddress(keel_emulated_thread *, const std::uint64_t *in, std::uint64_t *out, const Site *) {
  out[0] = (in[0] & 0xffffffff) / blockWindow;
}
std::optional<Binding> decodeMap(const Name &) { return Binding{mapAddress}; }
std::optional<Binding> decodeRank(const Name &) { return Binding{rankOfAddress}; }

// ---- st.async, red.async: [address], value …, [mbarrier]
struct Remote {
  Type type;
  std::uint32_t elements;
  enum Op : std::uint8_t { Store, Add, Min, Max, Increment, Decrement, And, Or, Xor } op;
};

struct RemoteTask : AsyncTask {
  Remote remote;
  std::uint64_t address, barrier;
  std::uint64_t values[4];

  std::uint64_t updated(std::uint64_t old, std::uint64_t value) const {
    bool isSigned = remote.type.kind == Type::Signed;
    auto less = [&](std::uint64_t a, std::uint64_t b) {
      return isSigned ? static_cast<std::int32_t>(a) < static_cast<std::int32_t>(b) : a < b;
    };
    switch (remote.op) {
    case Remote::Add:
      return old + value;
    case Remote::Min:
      return less(value, old) ? value : old;
    case Remote::Max:
      return less(old, value) ? value : old;
    case Remote::Increment:
      return old >= value ? 0 : old + 1;
    case Remote::Decrement:
      return old == 0 || old > value ? value : old - 1;
    case Remote::And:
      return old & value;
    case Remote::Or:
      return old | value;
    case Remote::Xor:
      return old ^ value;
    default:
      return value;
    }
  }

  void land() override {
    std::uint32_t bytes = remote.type.totalBits() / 8, time = block->time++;
    char *to = reinterpret_cast<char *>(address);
    for (std::uint32_t i = 0; i < remote.elements; ++i) {
      std::uint64_t old = 0;
      std::memcpy(&old, to + i * bytes, bytes);
      std::uint64_t value = updated(old, values[i]);
      std::memcpy(to + i * bytes, &value, bytes);
    }
    wroteAsynchronously(*this, address, bytes * remote.elements, time, remote.op == Remote::Store ? Scope::Weak : Scope::Cluster);
    completeBytes(*thread, mbarrierAt(*thread, barrier, site), bytes * remote.elements, asyncKnowledge(*block, time), site);
  }
};

void startRemote(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  const auto &remote = decoded<Remote>(site);
  std::uint32_t bytes = remote.type.totalBits() / 8 * remote.elements;
  auto task = std::make_unique<RemoteTask>();
  task->block = thread.block, task->thread = &thread, task->site = site;
  task->remote = remote;
  task->address = thread.window | (in[0] & 0xffffffff);
  task->barrier = thread.window | (in[1 + remote.elements] & 0xffffffff);
  std::copy_n(in + 1, remote.elements, task->values);
  bool apart = (task->address ^ task->barrier) / blockWindow;
  if (apart) {
    task.reset(); // a fault does not return
    fault(thread, site, Fault::Invalid, "the value and its mbarrier are in different blocks");
  }
  bool store = remote.op == Remote::Store;
  access(thread, task->address, bytes, bytes, 7, store ? Access::Store : Access::Update, store ? Scope::Weak : Scope::Cluster, site);
  mbarrierAt(thread, task->barrier, site);
  if (store)
    expectWrite(thread, task->address, bytes);
  thread.block->tasks.push_back(std::move(task));
}

std::optional<Binding> decodeRemote(const Name &name) {
  auto type = parseType(name.last());
  if (!name.has("async") || name.has("bulk") || !type || type->totalBits() > 64 || type->totalBits() < 32)
    return std::nullopt;
  std::uint32_t elements = name.has("v2") ? 2 : name.has("v4") ? 4 : 1;
  if (name.part(0) == "st")
    return bind(startRemote, Remote{*type, elements, Remote::Store});
  static constexpr std::pair<std::string_view, Remote::Op> ops[] = {
      {"add", Remote::Add}, {"min", Remote::Min}, {"max", Remote::Max}, {"inc", Remote::Increment},
      {"dec", Remote::Decrement}, {"and", Remote::And}, {"or", Remote::Or}, {"xor", Remote::Xor}};
  for (auto [text, op] : ops)
    if (name.has(text))
      return bind(startRemote, Remote{*type, elements, op});
  return std::nullopt;
}
} // namespace

void clusterAfterExit(Block &block) { completeIfDone(block.sibling(0)); }

std::span<const Opcode> clusterInstructions() {
  static constexpr Opcode table[] = {{"barrier", decodeBarrier}, {"mapa", decodeMap}, {"getctarank", decodeRank},
                                     {"st", decodeRemote},       {"red", decodeRemote}};
  return table;
}

} // namespace keel::emulator
