"""Four steps of each optimizer, through the naive lowering, against torch.optim's formulas in f64."""
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy

MODEL = """
ml_program.global public mutable @w(dense<1.0> : tensor<4xf32>) : tensor<4xf32>
func.func @loss(%x: tensor<4xf32>) -> tensor<f32> {
  %w = ml_program.global_load @w : tensor<4xf32>
  %q = arith.mulf %w, %w : tensor<4xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %s = linalg.dot ins(%x, %q : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
  return %s : tensor<f32>
}
"""
SETTINGS = {"learning_rate": 0.05, "momentum": 0.8, "beta1": 0.85, "beta2": 0.995, "adam_epsilon": 1e-6,
            "weight_decay": 0.1}


def reference(optimizer, w, x, steps):
    s = {name: float(numpy.float32(value)) for name, value in SETTINGS.items()}
    m, v = numpy.zeros_like(w), numpy.zeros_like(w)
    for t in range(1, steps + 1):
        g = 2.0 * w * x
        if optimizer == "sgd":
            w = w - s["learning_rate"] * g
        elif optimizer == "momentum":
            m = s["momentum"] * m + g
            w = w - s["learning_rate"] * m
        else:
            w = w * (1.0 - s["learning_rate"] * s["weight_decay"])
            m = s["beta1"] * m + (1.0 - s["beta1"]) * g
            v = s["beta2"] * v + (1.0 - s["beta2"]) * g * g
            root = numpy.sqrt(v) / numpy.sqrt(1.0 - s["beta2"] ** t)
            w = w - s["learning_rate"] / (1.0 - s["beta1"] ** t) * m / (root + s["adam_epsilon"])
    return w


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def train(folder, optimizer, w, x, steps):
    source, lowered = folder / "model.mlir", folder / "step.mlir"
    source.write_text(MODEL)
    run("keel-opt", source, f"--build-train-step=optimizer={optimizer}", "--state-to-arguments", "-o", lowered)
    arguments, results = re.search(r"func\.func @train_step\((.*?)\) -> \((.*?)\) \{\n", lowered.read_text()).groups()
    names, stored = (re.findall(r"keel\.state = @([\w.]+)", text) for text in (arguments, results))
    zeros = numpy.zeros(4, numpy.float32)
    state = {name: numpy.float32(SETTINGS[name]) if name in SETTINGS else zeros for name in names}
    state |= {"w": w, "step": numpy.int64(0)}
    for _ in range(steps):
        files = [folder / f"{name}.npy" for name in names]
        for name, path in zip(names, files):
            numpy.save(path, state[name])
        numpy.save(folder / "x.npy", x)
        outputs = [folder / f"new {name}.npy" for name in stored]
        inputs = [f"--input={path}" for path in [*files, folder / "x.npy"]]
        run("keel-reference", lowered, "train_step", *inputs, *(f"--output={path}" for path in outputs))
        state |= {name: numpy.load(path) for name, path in zip(stored, outputs)}
    assert state["step"] == steps
    return state["w"]


w = numpy.array([1.0, -0.5, 0.25, 2.0], numpy.float32)
x = numpy.array([0.3, 1.5, -0.7, 0.01], numpy.float32)
worst = 0.0
for optimizer in ["sgd", "momentum", "adamw"]:
    with tempfile.TemporaryDirectory() as folder:
        ours = train(pathlib.Path(folder), optimizer, w, x, 4)
    error = numpy.abs(ours - reference(optimizer, w.astype(float), x.astype(float), 4)).max()
    print(f"{optimizer}: {error:.1e} {'ok' if error < 5e-7 else 'WRONG'}")
    worst = max(worst, error)
sys.exit(not worst < 5e-7)
