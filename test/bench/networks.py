"""The digits networks, and wider ones, in PyTorch and JAX: what our training steps are measured beside, on a CPU and on GPUs."""
VARIANTS = ("none", "layer_norm", "batch_norm", "rms_norm")


def torch_network(variant, sizes):
    from torch import nn
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:-1]):
        layers.append(nn.Linear(inputs, outputs))
        if variant != "none":
            norms = {"layer_norm": nn.LayerNorm, "batch_norm": nn.BatchNorm1d, "rms_norm": nn.RMSNorm}
            layers.append(norms[variant](outputs))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


def jax_training(variant, sizes, reads="float32"):
    """A compiled step of training by AdamW, (*state, x, y) -> (*state, loss), and its first state; matmuls read and write
    the type `reads`, as in autocast."""
    import jax
    import jax.numpy as jnp
    import numpy
    random = numpy.random.default_rng(0)
    parameters, running = [], []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layer = {"weight": jnp.asarray(random.uniform(-1, 1, (inputs, outputs)) / inputs**.5, jnp.float32),
                 "bias": jnp.zeros(outputs)}
        if variant != "none" and outputs != sizes[-1]:
            layer |= {"scale": jnp.ones(outputs)}
            if variant != "rms_norm":
                layer |= {"shift": jnp.zeros(outputs)}
        parameters.append(layer)
        running.append((jnp.zeros(outputs), jnp.ones(outputs)))

    def normalize(layer, z, axis):  # one pass over z, as flax does
        mean = z.mean(axis, keepdims=True)
        variance = jnp.maximum(0, (z * z).mean(axis, keepdims=True) - mean * mean)
        return (z - mean) * (jax.lax.rsqrt(variance + 1e-5) * layer["scale"]) + layer["shift"], mean[0], variance[0]

    def loss(parameters, running, x, y):
        updated = []
        for layer, (mean, variance) in zip(parameters, running):
            x = x.astype(reads) @ layer["weight"].astype(reads) + layer["bias"].astype(reads)
            if "scale" in layer:
                x = x.astype(jnp.float32)
            if variant == "rms_norm" and "scale" in layer:
                x = x * (jax.lax.rsqrt((x * x).mean(1, keepdims=True) + 1e-5) * layer["scale"])
            elif "scale" in layer:
                x, m, v = normalize(layer, x, 0 if variant == "batch_norm" else 1)
                if variant == "batch_norm":
                    mean, variance = .9 * mean + .1 * m, .9 * variance + .1 * v
            updated.append((mean, variance))
            if layer is not parameters[-1]:
                x = jax.nn.relu(x)
        return -jnp.take_along_axis(jax.nn.log_softmax(x.astype(jnp.float32)), y[:, None], 1).mean(), updated

    def train(parameters, first, second, count, running, x, y):
        (value, running), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, running, x, y)
        count = count + 1
        first = jax.tree.map(lambda m, g: .9 * m + .1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: .999 * v + .001 * g * g, second, gradients)
        correction1, correction2 = 1 - .9**count, 1 - .999**count
        parameters = jax.tree.map(
            lambda p, m, v: p * (1 - 1e-5) - 1e-3 * (m / correction1) / (jnp.sqrt(v / correction2) + 1e-8),
            parameters, first, second)
        return parameters, first, second, count, running, value

    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    return jax.jit(train, donate_argnums=(0, 1, 2, 3, 4)), [parameters, zeros(), zeros(), jnp.float32(0), running]
