// A kernel an instruction: each of 128 threads reads 16 words, executes it, and writes 16.
#pragma once
#include "../cuda/device.h"

constexpr int wordsOfThread = 16;

template <class T> __device__ inline T get(const unsigned *words, int first) {
  T value;
  __builtin_memcpy(&value, words + first, sizeof(T));
  return value;
}
template <class T> __device__ inline void put(unsigned *words, int first, const T &value) {
  __builtin_memcpy(words + first, &value, sizeof(T)); // an array, too
}

#define BEGIN(name)                                                                                                    \
  KERNEL name(const unsigned *input, unsigned *output) {                                                               \
    const unsigned *in = input + THREAD * wordsOfThread;                                                               \
    unsigned *out = output + THREAD * wordsOfThread;                                                                   \
    for (int word = 0; word < wordsOfThread; ++word)                                                                   \
      out[word] = 0;
#define END }

// Types with their register's constraint.
#define F float, "f"
#define D double, "d"
#define U unsigned, "r"
#define L unsigned long, "l"
#define H unsigned short, "h"

// An instruction of one, two or three operands, at the words 0, 2 and 4; or any text of that kind.
#define TEXT1_(name, text, R, r, A, a)                                                                                 \
  BEGIN(name) R result;                                                                                                \
  asm volatile(text : "=" r(result) : a(get<A>(in, 0)));                                                               \
  put(out, 0, result);                                                                                                 \
  END
#define TEXT2_(name, text, R, r, A, a, B, b)                                                                           \
  BEGIN(name) R result;                                                                                                \
  asm volatile(text : "=" r(result) : a(get<A>(in, 0)), b(get<B>(in, 2)));                                             \
  put(out, 0, result);                                                                                                 \
  END
#define TEXT3_(name, text, R, r, A, a, B, b, C, c)                                                                     \
  BEGIN(name) R result;                                                                                                \
  asm volatile(text : "=" r(result) : a(get<A>(in, 0)), b(get<B>(in, 2)), c(get<C>(in, 4)));                           \
  put(out, 0, result);                                                                                                 \
  END
#define TEXT1(...) TEXT1_(__VA_ARGS__)
#define TEXT2(...) TEXT2_(__VA_ARGS__)
#define TEXT3(...) TEXT3_(__VA_ARGS__)
#define ONE(name, opcode, R, A) TEXT1(name, opcode " %0, %1;", R, A)
#define TWO(name, opcode, R, A, B) TEXT2(name, opcode " %0, %1, %2;", R, A, B)
#define THREE(name, opcode, R, A, B, C) TEXT3(name, opcode " %0, %1, %2, %3;", R, A, B, C)
#define COMPARE(name, opcode, A) TEXT2(name, "{ .reg .pred p; " opcode " p, %1, %2; selp.u32 %0, 1, 0, p; }", U, A, A)
