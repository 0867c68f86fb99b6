// Kernels written by hand against the emulator's ABI, as passes/emulate would make them.
#ifndef KEEL_TEST_EMULATOR_KERNEL_H
#define KEEL_TEST_EMULATOR_KERNEL_H

#include "runtime/emulator/Emulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace keel::test {

using emulator::Checks;
using emulator::EmulationError;
using emulator::Emulator;
using emulator::Fault;
using emulator::Options;
using Thread = keel_emulated_thread;
using Words = std::array<std::uint64_t, 8>;

/// One instruction of the device code.
class Instruction {
public:
  Instruction(const char *name, int line)
      : location("kernel.cu:" + std::to_string(line) + ":1"), import{name, nullptr, nullptr},
        site{"kernel", location.c_str(), name, &import, 0, 0}, kept(emulator::resolve(&import, 1)) {}
  Instruction(const Instruction &) = delete;

  Words operator()(Thread *thread, std::initializer_list<std::uint64_t> in, std::uint32_t numOut = 1) const {
    return call(thread, in.begin(), in.size(), numOut);
  }
  Words call(Thread *thread, const std::uint64_t *in, std::size_t numIn, std::uint32_t numOut) const {
    Words out{};
    if (site.num_in != numIn || site.num_out != numOut) { // the first time
      site.num_in = static_cast<std::uint32_t>(numIn);
      site.num_out = numOut;
    }
    reinterpret_cast<keel_emulated_instruction>(import.function)(thread, in, out.data(), &site);
    return out;
  }
  void *access(Thread *thread, std::uint64_t address, std::uint32_t what) const {
    return reinterpret_cast<keel_emulated_access>(import.function)(thread, address, what, &site);
  }

private:
  std::string location;
  keel_emulator_import import;
  mutable keel_emulator_site site;
  std::shared_ptr<const void> kept;
};

/// Executes an instruction; its result words.
#define PTX(thread, name, ...)                                                                                         \
  ([&] {                                                                                                               \
    static const ::keel::test::Instruction instruction(name, __LINE__);                                                \
    return instruction(thread, {__VA_ARGS__});                                                                         \
  }())
/// As PTX, with so many result operands.
#define PTX_RESULTS(count, thread, name, ...)                                                                          \
  ([&] {                                                                                                               \
    static const ::keel::test::Instruction instruction(name, __LINE__);                                                \
    return instruction(thread, {__VA_ARGS__}, count);                                                                  \
  }())
/// Plain loads and stores; space is LLVM's number.
#define LOAD(type, thread, space, address)                                                                             \
  ([&] {                                                                                                               \
    static const ::keel::test::Instruction instruction("access", __LINE__);                                            \
    return *static_cast<type *>(instruction.access(                                                                    \
        thread, address, KEEL_EMULATED_WHAT(sizeof(type), 0, space, std::countr_zero(alignof(type)))));                \
  }())
#define STORE(type, thread, space, address, value)                                                                     \
  ([&] {                                                                                                               \
    static const ::keel::test::Instruction instruction("access", __LINE__);                                            \
    *static_cast<type *>(instruction.access(                                                                           \
        thread, address, KEEL_EMULATED_WHAT(sizeof(type), 1, space, std::countr_zero(alignof(type))))) = value;        \
  }())

inline std::uint32_t tid(const Thread *thread) { return thread->registers[KEEL_EMULATED_TID_X]; }
inline std::uint32_t ctaid(const Thread *thread) { return thread->registers[KEEL_EMULATED_CTAID_X]; }

/// What a lambda without captures does as a kernel: `arguments` are addresses of the buffers given to launch.
struct Launch {
  keel_emulated_entry entry;
  std::uint32_t threads = 32, blocks = 1, sharedBytes = 0, cluster = 1;
  bool early = false;
};

/// A device with buffers, each given as a vector that is registered for the launch.
class Device {
public:
  template <class T> std::uint64_t add(std::vector<T> &buffer, bool initialised = true, const std::string &name = "") {
    emulator.registerMemory(buffer.data(), buffer.size() * sizeof(T), initialised, name);
    arguments.push_back(reinterpret_cast<std::uint64_t>(buffer.data()));
    return arguments.back();
  }
  emulator::Report run(const Launch &launch, Options options = {}) {
    emulator::Kernel kernel{"kernel", "model.mlir:1:1", launch.entry, launch.threads, launch.sharedBytes, 0, launch.cluster};
    kernel.early = launch.early;
    return emulator.launch(kernel, launch.blocks, arguments.data(), options);
  }
  Emulator emulator;
  std::vector<std::uint64_t> arguments;
};

/// The fault that running makes, or none; the message must hold all the texts.
template <class Run> void expectFault(Fault fault, Run run, std::initializer_list<const char *> texts = {}) {
  try {
    run();
    ADD_FAILURE() << "no fault; expected: " << emulator::name(fault);
  } catch (const EmulationError &error) {
    EXPECT_EQ(error.fault, fault) << error.what();
    for (const char *text : texts)
      EXPECT_THAT(error.what(), testing::HasSubstr(text));
  }
}

} // namespace keel::test

#endif
