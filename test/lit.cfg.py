"""lit: every .mlir (and .test) file under test/ with a RUN line is a test."""
import os
import sys
import lit.formats

config.name = "evenkeel"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["models", "data", "bench", "golden", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.keel_build_dir, "test")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.keel_build_dir, "bin"), config.llvm_tools_dir, os.environ["PATH"]])
config.substitutions.append(("%source", config.keel_source_dir))
config.substitutions.append(("%models", os.path.join(config.keel_source_dir, "test", "models")))
config.substitutions.append(("%data", os.path.join(config.keel_source_dir, "test", "data")))
# Where a test leaves a line that test/run prints at the end.
config.substitutions.append(("%results", os.path.join(config.keel_build_dir, "test-results")))
# lit's own interpreter: numpy was installed for it.
config.substitutions.append(("%python", sys.executable))
# What mlir-runner loads to print.
config.substitutions.append(("%mlir_runner_utils", os.path.join(config.llvm_tools_dir, "..", "lib", "libmlir_c_runner_utils.so")))
config.substitutions.append(("%plugins", os.path.join(config.keel_build_dir, "lib")))
config.substitutions.append(("%plugin", os.path.join(config.keel_build_dir, "lib", "CountNorms.so")))
# `test/run --param seed=N`: other random cases.
config.substitutions.append(("%seed", lit_config.params.get("seed", "1")))
