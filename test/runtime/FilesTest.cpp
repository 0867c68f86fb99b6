// The tensor file formats: what is written is read again, and nothing malformed gets in.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"
#include "test/runtime/TestSupport.h"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace keel::runtime;
using namespace keel::test;

namespace {

Bytes bytesOf(const std::string &text) { return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()}; }

std::string npy(const std::string &header, const std::string &data) {
  std::string result = "\x93NUMPY\x01";
  result += '\0';
  result += static_cast<char>(header.size());
  result += '\0';
  return result + header + data;
}

std::string safetensors(const std::string &header, const std::string &data) {
  std::string result(8, '\0');
  result[0] = static_cast<char>(header.size());
  result[1] = static_cast<char>(header.size() >> 8);
  return result + header + data;
}

/// Every prefix of a valid file is refused with an error, and none crashes the reader.
template <class Parse> void expectPrefixesRefused(const std::string &whole, Parse parse) {
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(parse(bytesOf(whole.substr(0, length))), Error) << length;
}

TEST(Npy, KeepsEveryType) {
  Folder folder;
  for (std::uint32_t dtype : {KEEL_DTYPE_BOOL, KEEL_DTYPE_I8, KEEL_DTYPE_I16, KEEL_DTYPE_I32, KEEL_DTYPE_I64,
                              KEEL_DTYPE_U8, KEEL_DTYPE_F16, KEEL_DTYPE_F32, KEEL_DTYPE_F64})
    for (const Shape &shape : {Shape{}, Shape{3}, Shape{2, 0, 5}, Shape{2, 3, 4}}) {
      Tensor tensor(dtype, shape);
      for (std::size_t i = 0; i < tensor.elements; ++i)
        storeElement(tensor.data(), dtype, i, static_cast<double>(dtype == KEEL_DTYPE_BOOL ? i % 2 : i));
      writeNpy(folder / "t.npy", tensor.view());
      Tensor read = readTensor(folder / "t.npy");
      EXPECT_EQ(read.dtype, dtype);
      EXPECT_EQ(read.shape, shape);
      EXPECT_EQ(doubles(read), doubles(tensor));
    }
  Tensor bf16(KEEL_DTYPE_BF16, {2}); // npy has none: as f32, exactly
  storeElement(bf16.data(), bf16.dtype, 0, 1.5);
  storeElement(bf16.data(), bf16.dtype, 1, 3e38);
  writeNpy(folder / "b.npy", bf16.view());
  Tensor back = readTensor(folder / "b.npy");
  EXPECT_EQ(back.dtype, KEEL_DTYPE_F32);
  EXPECT_EQ(doubles(back), doubles(bf16));
}

TEST(Npy, ReadsOtherOrders) {
  Tensor bigEndian = parseNpy(bytesOf(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}", {"\0\1\1\0", 4})));
  EXPECT_EQ(doubles(bigEndian), (std::vector<double>{1, 256}));
  Tensor columns = parseNpy(bytesOf(npy("{\"descr\": '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", "adbecf")));
  EXPECT_EQ(doubles(columns), (std::vector<double>{'a', 'b', 'c', 'd', 'e', 'f'}));
  std::string second = npy("{'descr': '<u1', 'fortran_order': False, 'shape': ()}", "x");
  second[6] = 2; // version 2: a 32-bit header length
  second.insert(10, 2, '\0');
  EXPECT_EQ(doubles(parseNpy(bytesOf(second))), (std::vector<double>{'x'}));
}

TEST(Npy, RefusesMalformed) {
  std::string good = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "12345678");
  EXPECT_NO_THROW(parseNpy(bytesOf(good)));
  expectPrefixesRefused(good, parseNpy);
  EXPECT_ERROR(parseNpy(bytesOf(good.substr(0, good.size() - 1))), "truncated: f32[2] takes 8 bytes, 7 found");
  EXPECT_ERROR(parseNpy(bytesOf(good + "x")), "too long: f32[2] takes 8 bytes, 9 found");
  auto header = [](const char *text) { return npy(text, "12345678"); };
  EXPECT_ERROR(parseNpy(bytesOf(header("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}"))),
               "npy element type '<c8' is not supported");
  EXPECT_ERROR(parseNpy(bytesOf(header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"))),
               "structured types are not supported");
  EXPECT_ERROR(parseNpy(bytesOf(header("{'descr': '<f4', 'shape': (2,)}"))), "lacks");
  EXPECT_ERROR(parseNpy(bytesOf(header("{'descr': '<f4', 'descr': '<f4'}"))), "twice");
  EXPECT_ERROR(parseNpy(bytesOf(header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}"))), "extent");
  EXPECT_ERROR(parseNpy(bytesOf(header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}"))),
               "too large");
  EXPECT_ERROR(parseNpy(bytesOf(header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807)}"))),
               "too large");
}

// The two files of the fuzz corpus, as numpy.savez and numpy.savez_compressed would write them.
TEST(Npz, ReadsOneOfItsArrays) {
  std::string stored = contents(KEEL_TEST_CORPUS "/npz/stored.npz");
  EXPECT_EQ(doubles(parseNpz(bytesOf(stored), "x")), (std::vector<double>{1, 2}));
  EXPECT_EQ(doubles(parseNpz(bytesOf(stored), "y")), (std::vector<double>{3}));
  EXPECT_EQ(doubles(readTensor(KEEL_TEST_CORPUS "/npz/stored.npz:y")), (std::vector<double>{3}));
  EXPECT_ERROR(parseNpz(bytesOf(stored), ""), "which of its arrays? Write FILE.npz:NAME, NAME one of x, y");
  EXPECT_ERROR(parseNpz(bytesOf(stored), "z"), "no array 'z', only: x, y");
  expectPrefixesRefused(stored, [](Bytes bytes) { return parseNpz(bytes, "x"); });
}

#ifdef KEEL_HAS_ZLIB
TEST(Npz, ReadsCompressedArrays) {
  std::string packed = contents(KEEL_TEST_CORPUS "/npz/compressed.npz");
  EXPECT_EQ(parseNpz(bytesOf(packed), "").shape, (Shape{100}));
  std::string stored = contents(KEEL_TEST_CORPUS "/npz/stored.npz");
  stored[stored.find("NUMPY") + 3] ^= 1;
  EXPECT_ERROR(parseNpz(bytesOf(stored), "x"), "wrong checksum");
}
#endif

TEST(Idx, ReadsMnistLikeFiles) {
  std::string whole("\0\0\x0b\x02\0\0\0\1\0\0\0\2\0\1\xff\xff", 16);
  Tensor tensor = parseIdx(bytesOf(whole));
  EXPECT_EQ(tensor.shape, (Shape{1, 2}));
  EXPECT_EQ(doubles(tensor), (std::vector<double>{1, -1}));
  expectPrefixesRefused(whole, parseIdx);
  EXPECT_ERROR(parseIdx(bytesOf(whole + "x")), "too long");
  whole[2] = 0x0f;
  EXPECT_ERROR(parseIdx(bytesOf(whole)), "IDX element type 15 is unknown");
  EXPECT_ERROR(parseIdx(bytesOf(std::string("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16))),
               "too large");
}

TEST(Csv, ReadsNumbers) {
  Tensor table = parseCsv(bytesOf("x, y\r\n1,2.5\r\n\r\n-3e2 ,+4\n"));
  EXPECT_EQ(table.dtype, KEEL_DTYPE_F64);
  EXPECT_EQ(table.shape, (Shape{2, 2}));
  EXPECT_EQ(doubles(table), (std::vector<double>{1, 2.5, -300, 4}));
  Tensor labels = parseCsv(bytesOf("7\n-1\n3"));
  EXPECT_EQ(labels.dtype, KEEL_DTYPE_I64);
  EXPECT_EQ(labels.shape, (Shape{3}));
  EXPECT_ERROR(parseCsv(bytesOf("")), "no rows");
  EXPECT_ERROR(parseCsv(bytesOf("a,b\n")), "no rows");
  EXPECT_ERROR(parseCsv(bytesOf("1,2\n3\n")), "line 2: 1 fields, where the lines before have 2");
  EXPECT_ERROR(parseCsv(bytesOf("1,2\n3,x\n")), "line 2, column 2: 'x' is not a number");
  EXPECT_ERROR(parseCsv(bytesOf("1,2\n3,\n")), "line 2, column 2: '' is not a number");
}

TEST(Safetensors, KeepsTensors) {
  Folder folder;
  Tensor a(KEEL_DTYPE_BF16, {2, 2}), b(KEEL_DTYPE_I64, {}), empty(KEEL_DTYPE_F32, {0, 3});
  for (std::size_t i = 0; i < 4; ++i)
    storeElement(a.data(), a.dtype, i, static_cast<double>(i) - 1.5);
  storeElement(b.data(), b.dtype, 0, -7);
  writeSafetensors(folder / "s", {{"a", a.view()}, {"b \"quoted\"", b.view()}, {"empty", empty.view()}});
  std::vector<std::uint8_t> bytes = readFile(folder / "s");
  NamedTensors read = parseSafetensors(bytes);
  ASSERT_EQ(read.size(), 3u);
  for (auto &[name, tensor] : read) {
    const Tensor &expected = name == "a" ? a : name == "empty" ? empty : b;
    EXPECT_EQ(tensor.dtype, expected.dtype);
    EXPECT_EQ(tensor.shape, expected.shape);
    EXPECT_EQ(doubles(tensor), doubles(expected));
  }
  expectPrefixesRefused(std::string(bytes.begin(), bytes.end()), parseSafetensors);
}

TEST(Safetensors, IsStrict) {
  auto refuse = [](const std::string &header, const char *message, const std::string &data = "12345678") {
    EXPECT_ERROR(parseSafetensors(bytesOf(safetensors(header, data))), message);
  };
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_NO_THROW(parseSafetensors(bytesOf(safetensors("{" + a + R"(,"__metadata__":{"k":"v"}})", "1234"))));
  refuse("{" + a + "}", "4 bytes after the last tensor");
  refuse("{" + a + "," + a + "}", "'a' occurs twice");
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})", "overlaps");
  refuse("{" + a + R"(,"b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}})", "hole");
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", "truncated?");
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[3],"data_offsets":[4,8]}})", "f32[3] takes 12 bytes, not 4");
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[-1],"data_offsets":[4,8]}})", "malformed shape");
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[1.0],"data_offsets":[4,8]}})", "malformed shape");
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", "are not in the file");
  refuse("{" + a + R"(,"b":{"dtype":"F8","shape":[4],"data_offsets":[4,8]}})", "dtype 'F8' is not supported");
  refuse("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8],"x":1}})", "nothing else");
  refuse("{" + a + R"(,"b":3})", "expected dtype, shape and data_offsets");
  refuse("{" + a + R"(,"b":{"dtype":"F64","shape":[9223372036854775807,9],"data_offsets":[4,8]}})", "too large");
  refuse("{" + a, "not valid JSON");
  refuse("[]", "not a JSON object");
  refuse(std::string(5000, '['), "not valid JSON");
  EXPECT_ERROR(parseSafetensors(bytesOf(std::string(16, '\xff'))), "not a safetensors file");
}

TEST(AtomicFile, KeepsTheOldFileUnlessCommitted) {
  Folder folder;
  writeFile(folder / "f", "old");
  {
    AtomicFile file(folder / "f");
    file.write("new");
  }
  EXPECT_EQ(contents(folder / "f"), "old");
  writeFile(folder / "f", "new");
  EXPECT_EQ(contents(folder / "f"), "new");
  ASSERT_EQ(::symlink("f", (folder / "link").c_str()), 0);
  writeFile(folder / "link", "through");
  EXPECT_EQ(contents(folder / "f"), "through");
  struct stat status;
  ASSERT_EQ(::lstat((folder / "link").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  EXPECT_EQ(folder.files(), (std::vector<std::string>{"f", "link"})); // no temporary is left
}

TEST(AtomicFile, ReportsFailures) {
  Folder folder;
  EXPECT_ERROR(writeFile(folder / "none/f", "x"), "No such file or directory");
  EXPECT_ERROR(writeFile(folder.path(), "x"), "it is a directory");
  EXPECT_ERROR(writeFile("/dev/full", "x"), "No space left on device");
  EXPECT_ERROR(readTensor(folder / "missing.npy"), "No such file or directory");
  EXPECT_ERROR(readTensor(folder.path()), "not a regular file");
  writeFile(folder / "empty.npy", "");
  EXPECT_ERROR(readTensor(folder / "empty.npy"), "the file is empty");
  writeFile(folder / "text.npy", "hello");
  EXPECT_ERROR(readTensor(folder / "text.npy"), "neither an npy, an npz, an IDX nor a .csv file");
}

} // namespace
