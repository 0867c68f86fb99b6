// keel-mutants MODEL.so MUTANTS [--rows N] [--seeds N] [--jobs N]: runs one training step in the emulator for each
// mutant of its kernels, and prints what noticed it. MUTANTS is keel-compile's list, or some of its lines.
// A mutant runs in a process of its own, forked where its kernel is about to be launched: memory and everything that
// the emulator knows of it are as they were, whatever the mutant before it did.
#include "runtime/data/Tensor.h"
#include "runtime/device/Device.h"
#include "runtime/device/EmulatedKernel.h"
#include "runtime/model/Initialize.h"
#include "runtime/model/Library.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace keel;
using runtime::fail;

namespace {
struct Options {
  std::string model, mutants;
  std::int64_t rows = 0; // 0: as many as the step takes
  unsigned seeds = 4, jobs = std::max(1u, std::thread::hardware_concurrency());
};

/// What a child says of its run. A fault's name follows where there was one.
struct Verdict {
  enum Kind : int { Same, Unseen, Wrong, Caught } kind;
  char text[400];
};

/// Memory that children write and the parent reads.
template <class T> T *shareMemory(std::size_t count) {
  void *memory = ::mmap(nullptr, std::max<std::size_t>(count, 1) * sizeof(T), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    fail(KEEL_OUT_OF_MEMORY, "no memory for ", count * sizeof(T), " bytes");
  return static_cast<T *>(memory);
}

/// Everything that a step reads and writes.
struct Memory {
  std::vector<std::shared_ptr<std::uint8_t>> owned;
  std::vector<std::pair<std::uint8_t *, std::size_t>> all, results;
  std::size_t bytes = 0;

  std::uint8_t *add(emulator::Emulator &emulator, std::size_t size, bool initialised, bool isResult,
                    const std::string &name) {
    std::uint8_t *data = owned.emplace_back(runtime::allocate(std::max<std::size_t>(size, 1))).get();
    if (size == 0)
      return data;
    emulator.registerMemory(data, size, initialised, name);
    all.emplace_back(data, size);
    if (isResult)
      results.emplace_back(data, size);
    bytes += size;
    return data;
  }
  static bool equal(const std::vector<std::pair<std::uint8_t *, std::size_t>> &pieces, const std::uint8_t *copy) {
    for (auto [data, size] : pieces) {
      if (std::memcmp(data, copy, size))
        return false;
      copy += size;
    }
    return true;
  }
  static void save(const std::vector<std::pair<std::uint8_t *, std::size_t>> &pieces, std::uint8_t *copy) {
    for (auto [data, size] : pieces) {
      std::memcpy(copy, data, size);
      copy += size;
    }
  }
};

class Survey {
public:
  explicit Survey(const Options &options) : options(options), library(runtime::openLibrary(options.model)) {
    for (std::uint32_t i = 0; i < library.artifact->num_programs && !program; ++i)
      if (library.artifact->programs[i].kind == KEEL_PROGRAM_CUDA)
        program = &library.artifact->programs[i];
    if (!program)
      fail(KEEL_INCOMPATIBLE, options.model, " has no program for a GPU");
    imports = emulator::resolve(program->imports, program->num_imports);
    readMutants();
  }

  void run() {
    const keel_artifact_entry *step = find("train_step"), *prepare = find("prepare");
    if (!step)
      fail(KEEL_INCOMPATIBLE, options.model, " has no train_step: compile it with --train");
    for (std::uint32_t i = 0; i < library.artifact->num_states; ++i)
      states.push_back(makeState(library.artifact->states[i]));
    if (prepare)
      call(*prepare, buffersOf(*prepare), 1);
    std::int64_t batch = options.rows ? options.rows : std::max<std::int64_t>(step->batch_capacity, 1);
    std::vector<void *> buffers = buffersOf(*step);
    addArguments(*step, batch, buffers);
    arenaOf(*step); // all of the memory is there before it is copied
    after = shareMemory<std::uint8_t>(memory.bytes);
    reference = shareMemory<std::uint8_t>(memory.bytes);
    verdicts = shareMemory<Verdict>(options.jobs);

    // What is right, whatever the order.
    for (seed = 0; seed < options.seeds; ++seed)
      inChild(0, [&] {
        call(*step, buffers, batch);
        if (seed == 0)
          Memory::save(memory.results, reference);
        return Memory::equal(memory.results, reference) ? Verdict::Same : Verdict::Wrong;
      });
    seed = 0;
    surveying = true;
    call(*step, buffers, batch);
    // A child comes by here as well, when the rest of the step is done.
    if (isChild)
      leave(Memory::equal(memory.results, reference) ? Verdict::Unseen : Verdict::Wrong);
    for (const auto &[kernel, numbers] : mutants)
      if (!judged.contains(kernel))
        std::cout << "# not launched: " << kernel << "\n";
  }

  /// A fault in the rest of a mutant's step.
  void report(const std::exception &error) {
    if (isChild)
      leave(Verdict::Caught, error.what());
  }

private:
  struct Environment : runtime::LaunchEnvironment {
    Survey *device;
    const keel_artifact_entry *entry;
  };
  friend runtime::LaunchEnvironment;

  void readMutants() {
    std::ifstream file(options.mutants);
    if (!file)
      fail(KEEL_IO, "cannot read ", options.mutants);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::uint32_t number = 0;
      std::string kind, kernel;
      if (!(fields >> number >> kind >> kernel) || number == 0)
        fail(KEEL_INVALID_ARGUMENT, options.mutants, ": '", line, "' is no mutant");
      mutants[kernel].push_back(number);
    }
  }

  const keel_artifact_entry *find(std::string_view name) const {
    for (std::uint32_t i = 0; i < program->num_entries; ++i)
      if (name == program->entries[i].name)
        return &program->entries[i];
    return nullptr;
  }

  std::uint8_t *makeState(const keel_artifact_state &state) {
    runtime::Shape shape(state.type.shape, state.type.shape + state.type.rank);
    runtime::Tensor tensor(state.type.dtype, shape);
    runtime::initialize(state, 1, tensor);
    std::uint8_t *data = memory.add(emulator, tensor.bytes(), true, true, state.name);
    std::memcpy(data, tensor.data(), tensor.bytes());
    return data;
  }

  std::vector<void *> buffersOf(const keel_artifact_entry &entry) {
    std::vector<void *> buffers;
    for (std::uint32_t i = 0; i < entry.num_state; ++i)
      buffers.push_back(states[entry.state[i]]);
    return buffers;
  }

  /// Inputs drawn at random, outputs. The last label of a small batch is of no class: the loss is NaN, no gradient is.
  void addArguments(const keel_artifact_entry &entry, std::int64_t batch, std::vector<void *> &buffers) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    auto add = [&](const keel_artifact_tensor &type, bool isInput) {
      runtime::Shape shape(type.shape, type.shape + type.rank);
      std::ranges::replace(shape, std::int64_t(-1), batch);
      std::size_t elements = runtime::countElements(shape, type.dtype);
      std::uint8_t *data = memory.add(emulator, elements * keel_dtype_size(type.dtype), isInput, !isInput,
                                      isInput ? "an input" : "an output");
      auto label = [&](std::size_t i) { return i + 1 == elements && elements < 16 ? 10 : random() % 10; };
      for (std::size_t i = 0; isInput && i < elements; ++i)
        runtime::storeElement(data, type.dtype, i, runtime::isInteger(type.dtype) ? label(i) : normal(random));
      buffers.push_back(data);
    };
    for (std::uint32_t i = 0; i < entry.num_inputs; ++i)
      add(entry.inputs[i], true);
    for (std::uint32_t i = 0; i < entry.num_outputs; ++i)
      add(entry.outputs[i], false);
  }

  std::uint8_t *arenaOf(const keel_artifact_entry &entry) {
    std::uint8_t *&arena = arenas[&entry];
    if (!arena)
      arena = memory.add(emulator, entry.arena_bytes, false, false, "the intermediate results");
    return arena;
  }

  void call(const keel_artifact_entry &entry, const std::vector<void *> &buffers, std::int64_t batch) {
    Environment environment;
    environment.arena = arenaOf(entry);
    environment.parallel = nullptr;
    environment.launch = runtime::LaunchEnvironment::launchKernel<Environment>;
    environment.device = this;
    environment.entry = &entry;
    entry.call(&environment, buffers.data(), batch);
    if (environment.failure)
      std::rethrow_exception(environment.failure);
  }

  void launch(const keel_artifact_entry &entry, std::uint32_t index, std::uint32_t blocks,
              const std::uint64_t *arguments) {
    const keel_artifact_kernel &kernel = entry.kernels[index];
    runtime::EmulatedKernel emulated(kernel, arguments);
    runtime::EmulatedArguments given(kernel, arguments);
    auto launchIt = [&] {
      emulator::Options how;
      how.seed = seed;
      how.residentBlocks = 16; // those that share rows wait for one another
      how.threads = 1;
      how.mutant = mutant;
      emulator.launch(emulated.kernel, blocks, given.words.data(), how);
    };
    if (surveying && judged.insert(kernel.name).second && mutants.contains(kernel.name))
      judge(mutants[kernel.name], launchIt);
    if (isFirstOfChild)
      isFirstOfChild = false; // the mutant ran in judge()
    else
      launchIt();
  }

  /// Runs the mutants of a kernel that is about to be launched. A child returns when its kernel has run.
  template <class Launch> void judge(const std::vector<std::uint32_t> &numbers, const Launch &launchIt) {
    inChild(0, [&] {
      launchIt();
      Memory::save(memory.all, after);
      return Verdict::Same;
    });
    struct Run {
      std::uint32_t number;
      unsigned seed, slot;
    };
    std::deque<Run> waiting;
    for (std::uint32_t number : numbers)
      waiting.push_back({number, 0, 0});
    std::map<pid_t, Run> running;
    std::set<unsigned> slots;
    for (unsigned i = 0; i < options.jobs; ++i)
      slots.insert(i);
    while (!waiting.empty() || !running.empty()) {
      if (!waiting.empty() && !slots.empty()) {
        Run next = waiting.front();
        waiting.pop_front();
        next.slot = *slots.begin();
        slots.erase(slots.begin());
        std::cout.flush();
        pid_t child = ::fork();
        if (child < 0)
          fail(KEEL_INTERNAL, "cannot fork");
        if (child == 0) {
          becomeChild(next.slot);
          mutant = next.number;
          seed = next.seed;
          judgeInChild(launchIt);
          return;
        }
        running.emplace(child, next);
        continue;
      }
      int status = 0;
      pid_t child = ::wait(&status);
      Run run = running.at(child);
      running.erase(child);
      slots.insert(run.slot);
      Verdict verdict = verdicts[run.slot];
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        verdict.kind = Verdict::Wrong;
        std::snprintf(verdict.text, sizeof verdict.text, "%s",
                      WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM ? "never ends" : "breaks the emulator");
      }
      if (verdict.kind < Verdict::Wrong && run.seed + 1 < options.seeds) {
        waiting.push_front({run.number, run.seed + 1, 0});
        continue;
      }
      static const char *const names[] = {"survived", "survived", "result", "detector"};
      std::cout << run.number << "\t" << names[verdict.kind] << "\t" << verdict.text << "\n";
    }
  }

  template <class Launch> void judgeInChild(const Launch &launchIt) {
    try {
      launchIt();
    } catch (const emulator::EmulationError &error) {
      leave(Verdict::Caught, error.what());
    }
    // What the kernel left is what it should have left: so will the rest of the step be.
    if (Memory::equal(memory.all, after))
      leave(Verdict::Same, "");
    isFirstOfChild = true;
    surveying = false;
  }

  void becomeChild(unsigned slot) {
    isChild = true;
    verdict = &verdicts[slot];
    std::memset(verdict, 0, sizeof *verdict);
    itimerval limit{{0, 0}, {20, 0}}; // seconds of its own time
    ::setitimer(ITIMER_VIRTUAL, &limit, nullptr);
  }

  [[noreturn]] void leave(Verdict::Kind kind, const std::string &text = "") {
    verdict->kind = kind;
    std::snprintf(verdict->text, sizeof verdict->text, "%s",
                  text.empty() && kind == Verdict::Unseen ? "only intermediate results differ" : text.c_str());
    ::_exit(0);
  }

  /// Runs what must go right.
  template <class Body> void inChild(unsigned slot, const Body &body) {
    std::cout.flush();
    pid_t child = ::fork();
    if (child == 0) {
      becomeChild(slot);
      try {
        leave(body());
      } catch (const std::exception &error) {
        leave(Verdict::Caught, error.what());
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || verdicts[slot].kind != Verdict::Same)
      fail(KEEL_INTERNAL, "the step without a mutant fails with seed ", seed, ": ",
           verdicts[slot].kind == Verdict::Wrong ? "its results depend on the order" : verdicts[slot].text);
  }

  Options options;
  runtime::Library library;
  const keel_artifact_program *program = nullptr;
  std::shared_ptr<const void> imports;
  emulator::Emulator emulator;
  Memory memory;
  std::vector<std::uint8_t *> states;
  std::map<const keel_artifact_entry *, std::uint8_t *> arenas;
  std::map<std::string, std::vector<std::uint32_t>> mutants;
  std::set<std::string> judged;
  std::uint8_t *after = nullptr, *reference = nullptr;
  Verdict *verdicts = nullptr, *verdict = nullptr;
  std::uint32_t mutant = 0;
  unsigned seed = 0;
  bool surveying = false, isChild = false, isFirstOfChild = false;
};
} // namespace

int main(int argc, char **argv) {
  Options options;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    auto number = [&] { return ++i < argc ? std::strtoul(argv[i], nullptr, 10) : 0; };
    if (word == "--rows")
      options.rows = static_cast<std::int64_t>(number());
    else if (word == "--seeds")
      options.seeds = static_cast<unsigned>(number());
    else if (word == "--jobs")
      options.jobs = static_cast<unsigned>(number());
    else
      files.emplace_back(word);
  }
  if (files.size() != 2 || !options.seeds || !options.jobs) {
    std::cerr << "error: keel-mutants MODEL.so MUTANTS [--rows N] [--seeds N] [--jobs N]\n";
    return 2;
  }
  options.model = files[0], options.mutants = files[1];
  try {
    Survey survey(options);
    try {
      survey.run();
    } catch (const std::exception &error) {
      survey.report(error);
      throw;
    }
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
