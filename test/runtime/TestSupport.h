// What the runtime's tests share.
#ifndef KEEL_TEST_RUNTIME_TESTSUPPORT_H
#define KEEL_TEST_RUNTIME_TESTSUPPORT_H

#include "runtime/data/Tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// The statement throws, and the message holds the text.
#define EXPECT_ERROR(statement, text)                                                                                  \
  try {                                                                                                                \
    statement;                                                                                                         \
    ADD_FAILURE() << "no error from " #statement;                                                                      \
  } catch (const std::runtime_error &error) {                                                                          \
    EXPECT_THAT(error.what(), testing::HasSubstr(text));                                                               \
  }

namespace keel::test {

/// An empty folder for one test.
class Folder {
public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "keel-test-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(root); }
  std::string path() const { return root; }
  std::string operator/(const std::string &name) const { return root + "/" + name; }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(root))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

private:
  std::string root;
};

inline std::string contents(const std::string &path) {
  std::ostringstream stream;
  stream << std::ifstream(path, std::ios::binary).rdbuf();
  return stream.str();
}

inline std::vector<double> doubles(const runtime::Tensor &tensor) {
  std::vector<double> result;
  for (std::size_t i = 0; i < tensor.elements; ++i)
    result.push_back(runtime::loadElement(tensor.data(), tensor.dtype, i));
  return result;
}

} // namespace keel::test

#endif
