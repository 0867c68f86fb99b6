"""Compiles model IR text, calls it with numpy arrays, and compares the results with references."""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy


# How to compile for a device, and how to call there.
DEVICES = {"cpu": ([], []), "emulator": (["--target=sm_80", "--emulate"], ["--device", "emulator"])}
device = "cpu"  # of every model; Suite takes it from the command line


class Model:
    """A compiled piece of model IR."""

    def __init__(self, text, *flags, passes=()):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        source = self.path / "model.mlir"
        source.write_text(text)
        if passes:
            run(["keel-opt", source, *passes, "-o", source], text)
        run(["keel-compile", source, "-o", self.path / "model.so", *DEVICES[device][0], *flags], text)

    def __call__(self, function, inputs, results, *arguments):
        """Calls with arrays in argument order; returns the arrays of `results` results."""
        command = ["keel-run", self.path / "model.so", "call", function, *DEVICES[device][1], *arguments]
        for index, array in enumerate(inputs):
            numpy.save(self.path / f"in{index}.npy", numpy.asarray(array))
            command += ["--input", self.path / f"in{index}.npy"]
        outputs = [self.path / f"out{index}.npy" for index in range(results)]
        for output in outputs:
            command += ["--output", output]
        run(command)
        return [numpy.load(output) for output in outputs]


class Group:
    """Cases whose functions are compiled together, which takes a fraction of the time. Where that fails, each is compiled
    alone, so that a case that does not compile is the only one to fail."""

    def __init__(self, suite, *flags):
        self.suite, self.flags, self.cases = suite, flags, []

    def add(self, what, text, check, differentiate=()):
        """check(call) gets a function that calls as a Model does; `differentiate` names functions to get gradients of."""
        self.cases.append((what, text, check, differentiate))

    def run(self):
        texts, passes = [], []
        for number, (_, text, _, differentiate) in enumerate(self.cases):
            texts.append(re.sub(r"func\.func @", f"func.func @case{number}_", text))
            passes += [f"--differentiate=function=case{number}_{function}" for function in differentiate]
        try:
            model = Model("\n".join(texts), *self.flags, passes=passes)
        except RuntimeError:
            model = None
        for number, (what, text, check, differentiate) in enumerate(self.cases):
            def case():
                if model:
                    check(lambda function, *arguments: model(f"case{number}_{function}", *arguments))
                else:
                    check(Model(text, *self.flags, passes=[f"--differentiate=function={f}" for f in differentiate]))
            self.suite.attempt(what, case)


def run(command, text=""):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{command[0]} failed with {result.returncode}: {result.stderr.strip()}\n{text}".rstrip())
    return result.stdout


def error(ours, reference, scale=0.0):
    """The largest difference relative to the data's scale; infinite where the not-a-numbers or shapes differ.

    The scale is the largest element, or `scale` if that is more: for sums whose terms cancel."""
    ours, reference = numpy.asarray(ours, float), numpy.asarray(reference, float)
    if ours.shape != reference.shape or (numpy.isnan(ours) != numpy.isnan(reference)).any():
        return numpy.inf
    finite = numpy.isfinite(reference)
    if (ours[~finite & ~numpy.isnan(reference)] != reference[~finite & ~numpy.isnan(reference)]).any():
        return numpy.inf
    if not finite.any():
        return 0.0
    return numpy.abs(ours[finite] - reference[finite]).max() / max(numpy.abs(reference[finite]).max(), scale, 1e-30)


class Suite:
    """Counts comparisons; `finish` prints the failures and exits."""

    def __init__(self, description):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--cases", type=int, default=6, help="random cases of each kind")
        parser.add_argument("--device", choices=DEVICES, default="cpu", help="where the compiled code runs")
        parser.add_argument("--verbose", action="store_true", help="print every error, not the failures alone")
        parser.add_argument("only", nargs="*", help="run the groups with these names alone")
        self.options = parser.parse_args()
        global device
        device = self.options.device
        self.random = numpy.random.default_rng(self.options.seed)
        self.passed, self.failures = 0, []

    def wants(self, group):
        return not self.options.only or group in self.options.only

    def check(self, what, ours, reference, tolerance, scale=0.0):
        size = error(ours, reference, scale)
        if self.options.verbose:
            print(f"{what}: {size:.2e} (at most {tolerance:.0e})", flush=True)
        if size <= tolerance:
            self.passed += 1
        else:
            self.failures.append(f"{what}: error {size:.3e}, at most {tolerance:.1e} expected")

    def attempt(self, what, case):
        """Runs case(); a tool that fails is a failure of the case, not the end of the suite."""
        try:
            case()
        except Exception as problem:  # pylint: disable=broad-except
            self.failures.append(f"{what}: {type(problem).__name__}: {problem}")

    def finish(self):
        print(*self.failures, f"{self.passed} passed, {len(self.failures)} failed (--seed {self.options.seed})", sep="\n")
        sys.exit(bool(self.failures) or not self.passed)
