// Finds and checks an artefact: the shared object, its version, and that its tables make sense.
#ifndef KEEL_MODEL_LIBRARY_H
#define KEEL_MODEL_LIBRARY_H

#include "keel/artifact.h"

#include <memory>
#include <string>

namespace keel::runtime {

struct Library {
  std::shared_ptr<void> handle; // of dlopen; empty for a model linked into the application
  const keel_artifact *artifact = nullptr;
  std::string name; // for errors
};

Library openLibrary(const std::string &path);

/// Throws unless the artefact fits this runtime.
void checkArtifact(const keel_artifact *artifact, const std::string &name);
/// Throws unless this CPU has what a program for a CPU needs.
void checkCpu(const keel_artifact_program &program, const std::string &name);

} // namespace keel::runtime

#endif
