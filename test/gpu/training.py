"""Steps of training on the emulated GPU beside the CPU's: the loss of each step, and what the network says after the last.

    training.py MODEL.mlir [--tolerance 1e-5] [--logits 1e-4] [--steps 3] [--rows 33] [--target sm_80,...] [--width N] [--strategy NAME]
                [--pingpong BLOCKS] [FLAG of keel-compile]...

One artefact has code for all the targets, and each takes its steps. --width puts rows of N in the place of 256, --strategy a
`keel.strategy` on each normalization. Each device keeps its own state, so that an error in a gradient or an update shows in the losses after it. The batch is
smaller than what the model is compiled for, and no multiple of a tile. AdamW moves a bias before batch norm, whose gradient is rounding, by the sign of the rounding: the
logits, by the running mean, then differ, the losses do not.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("--tolerance", type=float, default=1e-5)
parser.add_argument("--logits", type=float, default=1e-4, help="the logits' tolerance")
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--rows", type=int, default=33)
parser.add_argument("--target", default="sm_80", help="the emulated GPUs")
parser.add_argument("--width", default="256")
parser.add_argument("--strategy")
parser.add_argument("--pingpong", help="sm_90a: how many blocks, whose groups of threads take turns; 0: they do not")
options, flags = parser.parse_known_args()
data = pathlib.Path(__file__).parent.parent / "data"


def run(*command):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{command[0]} failed with {result.returncode}: {result.stderr.strip()}")


def train(folder, device):
    """The losses, and the network's results for the first rows of the data."""
    images, labels = (numpy.load(data / f"digits_train_{name}.npy") for name in ("images", "labels"))
    state, losses = [], []
    for step in range(options.steps):
        rows = slice(step * options.rows, (step + 1) * options.rows)
        numpy.save(folder / "images.npy", images[rows].reshape(options.rows, -1).astype(numpy.float32))
        numpy.save(folder / "labels.npy", labels[rows].astype(numpy.int32))
        run("keel-run", folder / "model.so", "call", "train_step", "--device", device, "--seed", 3, *state,
            "--input", folder / "images.npy", "--input", folder / "labels.npy", "--output", folder / "loss.npy",
            "--save-state", folder / f"{device}.safetensors")
        losses.append(float(numpy.load(folder / "loss.npy")))
        state = ["--state", folder / f"{device}.safetensors"]
    run("keel-run", folder / "model.so", "call", "forward", "--device", device, *state, "--input", folder / "images.npy",
        "--output", folder / "logits.npy")
    return numpy.array(losses), numpy.load(folder / "logits.npy")


text = options.model.read_text().replace("256", options.width)
if options.pingpong: # aliases stay outside of the module
    aliases, body = text.split("ml_program.global", 1)
    text = f"{aliases}module attributes {{keel.pingpong = {options.pingpong} : i64}} {{ ml_program.global{body}\n}}\n"
if options.strategy:
    text, count = re.subn(r"(norm\.\w+_norm .*) :", rf'\1 {{keel.strategy = "{options.strategy}"}} :', text)
    if not count:
        sys.exit(f"error: {options.model} has no normalization")
good = True
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / options.model.name).write_text(text)
    run("keel-compile", folder / options.model.name, "--train=adamw", f"--target=native,{options.target}", "--emulate", "-o",
        folder / "model.so", *flags)
    cpu, expected = train(folder, "cpu")
    for target in options.target.split(","):
        gpu, logits = train(folder, f"emulator:{target}")
        worst = [numpy.abs(gpu - cpu).max() / numpy.abs(cpu).min(), numpy.abs(logits - expected).max() / numpy.abs(expected).max()]
        good &= bool(numpy.isfinite(cpu).all() and worst[0] <= options.tolerance and worst[1] <= options.logits)
        print(f"{target}: losses {cpu}, off by {worst[0]:.1e}; logits off by {worst[1]:.1e}")
good &= len(set(cpu)) == options.steps
print("equal" if good else "DIFFERENT")
sys.exit(not good)
