// Places in the model.
#include "passes/artifact/Artifact.h"

using namespace mlir;

std::string keel::getPlace(Location loc) {
  std::string place;
  loc->walk([&](Location nested) {
    auto file = dyn_cast<FileLineColLoc>(nested);
    if (!file)
      return WalkResult::advance();
    place = (file.getFilename().strref() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
    return WalkResult::interrupt();
  });
  return place;
}
