"""--precision: layers against f64 references; the digits networks' gradients and losses, step by step, against f32."""
import pathlib
import re

import numpy

import checkpoint
import references
import templates
from harness import Model, Suite

suite = Suite(__doc__)
random = suite.random
# Relative to the data's scale: rounding of the operands, 2^-9 and 2^-12, and what a row of products makes of it. The CPU
# has no tf32: it computes in f32.
TOLERANCE = {"bf16": 1.6e-2, "f16": 1e-3, "tf32": 4e-6}
# A mean over 128 cases of errors that are independent.
LOSS = {"bf16": 1e-3, "f16": 1e-4}
DATA = pathlib.Path(__file__).parent.parent / "data"
MODELS = DATA.parent / "models"


def draw(*shape, offset=0.0, spread=1.0):
    return (offset + spread * random.standard_normal(shape)).astype(numpy.float32)


def dense():
    sizes = [(1, 1), (64, 256)] + [tuple(map(int, random.integers(1, 150, 2))) for _ in range(suite.options.cases // 2)]
    for number, (inputs, outputs) in enumerate(sizes):
        norm, activation = ("layer_norm", "rms_norm", "")[number % 3], ("relu", "")[number % 2]
        for precision, tolerance in TOLERANCE.items():
            what = f"dense {inputs}x{outputs} {norm} {activation} {precision}"

            def case():
                model = Model(templates.dense(inputs, outputs, norm, activation), "--precision", precision)
                weight, bias = draw(inputs, outputs, spread=inputs**-.5), draw(outputs)
                vectors = [draw(outputs, offset=1, spread=.2), draw(outputs)] if norm else []
                x = draw(130, inputs)
                z = x.astype(float) @ weight.astype(float) + bias
                y = references.norm(z, *vectors, [1], centre=norm == "layer_norm") if norm else z
                y = numpy.maximum(y, 0) if activation else y
                for rows in (1, 130):
                    ours, = model("f", [x[:rows], weight, bias, *vectors], 1)
                    suite.check(f"{what}, {rows} rows", ours, y[:rows], tolerance, numpy.abs(y).max())
            suite.attempt(what, case)


def train(model, steps, state=None):
    """The losses of some steps, and the state after the first one."""
    images, labels = (numpy.load(DATA / f"digits_train_{what}.npy") for what in ("images", "labels"))
    path, losses, first = model.path / "state.safetensors", [], None
    if state is not None:
        checkpoint.write(path, state)
    for step in range(steps):
        part = slice(128 * step, 128 * (step + 1))
        loaded = ["--state", path] if step or state is not None else []
        losses += model("train_step", [images[part], labels[part]], 1, *loaded, "--save-state", path)
        first = first or checkpoint.read(path)
    return losses, first


def digits(norm, *flags):
    """With tanh for ReLU: a ReLU's input that is rounded across zero moves a gradient by a whole term."""
    text = (MODELS / f"digits_{norm}.mlir").read_text()
    text = re.sub(r"linalg.max ins\((%n\d), %zeros : !hidden, !hidden\)", r"linalg.tanh ins(\1 : !hidden)", text)
    return Model(text, "--train", "momentum", *flags)


def networks():
    for norm in ("layer_norm", "batch_norm"):
        expected, first = train(digits(norm), 4)
        for precision in ("bf16", "f16"):
            def case():
                losses, state = train(digits(norm, "--precision", precision), 4)
                for step, (ours, loss) in enumerate(zip(losses, expected)):
                    suite.check(f"{norm} {precision} loss {step}", ours, loss, LOSS[precision])
                # The velocity after one step is the gradient. The one of a bias before a norm is rounding alone.
                for name in first:
                    if name.endswith(".velocity") and not (norm == "batch_norm" and name.startswith("hidden") and "bias" in name):
                        suite.check(f"{norm} {precision} {name}", state[name], first[name], TOLERANCE[precision])
                extra = ["loss_scale", "loss_scale_good_steps", "loss_scale_interval"] * (precision == "f16")
                suite.check(f"{norm} {precision}: what is saved", sorted(state) == sorted([*first, *extra]), True, 0)
            suite.attempt(f"{norm} {precision}", case)


def scaling():
    """A step whose gradients are not finite changes nothing but the scale; good ones double it."""
    def case():
        model = digits("batch_norm", "--precision", "f16")
        _, good = train(model, 1)
        suite.check("good steps", good["loss_scale_good_steps"], 1, 0)
        suite.check("the scale stays", good["loss_scale"], 65536, 0)
        wild = {**good, "output.weight": good["output.weight"] * numpy.float32(1e30)}
        _, after = train(model, 1, wild)
        suite.check("halved", after["loss_scale"], 32768, 0)
        suite.check("counted anew", after["loss_scale_good_steps"], 0, 0)
        for name in wild:
            if name not in ("loss_scale", "loss_scale_good_steps"):
                suite.check(f"{name} as before", after[name].tobytes() == wild[name].tobytes(), True, 0)
        soon = {**good, "loss_scale_interval": numpy.array(2)}
        _, after = train(model, 1, soon)
        suite.check("doubled", after["loss_scale"], 131072, 0)
        suite.check("step", after["step"], 2, 0)
    suite.attempt("scaling", case)


for group in (dense, networks, scaling):
    if suite.wants(group.__name__):
        group()
suite.finish()
