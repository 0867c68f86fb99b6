"""Writes the golden values: what PyTorch computes, in f64 from f32 inputs. `python generate.py [FOLDER]` (needs torch).

Each file holds a case's inputs, its options, PyTorch's results, and the gradients of sum(dy * result).
"""
import pathlib
import sys

import numpy
import torch
import torch.nn.functional as F

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
random = numpy.random.default_rng(20150702)


def draw(*shape, offset=0.0, spread=1.0):
    return torch.tensor((offset + spread * random.standard_normal(shape)).astype(numpy.float32))


def save(name, **arrays):
    numpy.savez_compressed(folder / f"{name}.npz", **{k: numpy.asarray(v) for k, v in arrays.items()})


def gradients(function, inputs, **options):
    """The f64 result of function(inputs...), dy, and d<name> of each floating input."""
    wide = {k: v.double().requires_grad_() for k, v in inputs.items()}
    y = function(**wide, **options)
    dy = draw(*y.shape)
    y.backward(dy.double())
    return dict(inputs, y=y.detach(), dy=dy, **{f"d{k}": v.grad for k, v in wide.items()})


for name, shape, axes in (("layer_norm", (7, 33), 1), ("layer_norm_two_axes", (5, 3, 4), 2)):
    inner = shape[-axes:]
    save(name, axes=list(range(len(shape) - axes, len(shape))), epsilon=1e-5,
         **gradients(lambda x, scale, shift: F.layer_norm(x, inner, scale, shift, 1e-5),
                     dict(x=draw(*shape, offset=3), scale=draw(*inner, offset=1, spread=.2), shift=draw(*inner))))
save("rms_norm", axes=[1], epsilon=1e-6,
     **gradients(lambda x, scale: F.rms_norm(x, (33,), scale, 1e-6),
                 dict(x=draw(7, 33), scale=draw(33, offset=1, spread=.2))))
save("group_norm", groups=3, epsilon=1e-5,
     **gradients(lambda x, scale, shift: F.group_norm(x, 3, scale, shift, 1e-5),
                 dict(x=draw(4, 6, 3, 5, offset=-2), scale=draw(6, offset=1, spread=.2), shift=draw(6))))

for name, shape in (("batch_norm", (9, 12)), ("batch_norm_images", (4, 3, 5, 2))):
    channels = shape[1]
    mean, variance = draw(channels), draw(channels).abs() + .5
    running_mean, running_variance = mean.double(), variance.double()
    case = gradients(lambda x, scale, shift: F.batch_norm(x, running_mean, running_variance, scale, shift, True, .1, 1e-5),
                     dict(x=draw(*shape, offset=2), scale=draw(channels, offset=1, spread=.2), shift=draw(channels)))
    inference = F.batch_norm(case["x"].double(), mean.double(), variance.double(), case["scale"].double(),
                             case["shift"].double(), False, .1, 1e-5)
    save(name, running_mean=mean, running_variance=variance, new_running_mean=running_mean,
         new_running_variance=running_variance, inference=inference, momentum=.1, epsilon=1e-5, **case)

logits, labels = draw(9, 10, spread=3), torch.tensor(random.integers(0, 10, 9))
wide = logits.double().requires_grad_()
loss = F.cross_entropy(wide, labels)
loss.backward()
save("cross_entropy", logits=logits, labels=labels.to(torch.int32), loss=loss.detach(), dlogits=wide.grad)
targets = torch.softmax(draw(9, 10), 1)
wide = logits.double().requires_grad_()
loss = F.cross_entropy(wide, targets.double())
loss.backward()
save("cross_entropy_targets", logits=logits, targets=targets, loss=loss.detach(), dlogits=wide.grad)

# Three AdamW steps of 64-16-10 with layer norm and ReLU on handwritten digits; weights are stored [in, out], as in model IR.
data = pathlib.Path(__file__).resolve().parents[1] / "data"
x = torch.tensor(numpy.load(data / "digits_train_images.npy")[:32])
y = torch.tensor(numpy.load(data / "digits_train_labels.npy")[:32])
state = {"hidden.weight": draw(64, 16, spread=.1), "hidden.bias": draw(16, spread=.1),
         "norm.scale": draw(16, offset=1, spread=.1), "norm.shift": draw(16, spread=.1),
         "output.weight": draw(16, 10, spread=.2), "output.bias": draw(10, spread=.1)}
trained = {k: v.double().requires_grad_() for k, v in state.items()}
optimizer = torch.optim.AdamW(trained.values(), lr=1e-2)
losses = []
for _ in range(3):
    hidden = F.layer_norm(x.double() @ trained["hidden.weight"] + trained["hidden.bias"], (16,), trained["norm.scale"],
                          trained["norm.shift"], 1e-5)
    loss = F.cross_entropy(F.relu(hidden) @ trained["output.weight"] + trained["output.bias"], y.long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
save("train_adamw", x=x, labels=y, learning_rate=1e-2, losses=losses, **{f"before {k}": v for k, v in state.items()},
     **{f"after {k}": v.detach() for k, v in trained.items()})
