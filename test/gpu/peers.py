"""What a model's kernels are measured against on the same GPU: a copy of memory by the driver, cuBLASLt's matmul, torch
eager and compiled, Triton. Each function gives microseconds by the device's clock; what is not installed is left out."""
import ctypes
import os
import statistics

ACTIVE = 20 # runs that are measured, after as many that are not


class DriverFailure(Exception):
    pass


def copy_gigabytes_a_second(megabytes):
    """What cuMemcpyDtoD reads and writes, together."""
    try:
        driver = ctypes.CDLL(os.environ.get("KEEL_CUDA_DRIVER", "libcuda.so.1"))
    except OSError as error:
        raise DriverFailure(str(error))

    def call(name, *arguments):
        result = getattr(driver, name)(*arguments)
        if result:
            raise DriverFailure("%s gives error %d" % (name, result))
    context, stream, begin, end = (ctypes.c_void_p() for _ in range(4))
    one, other, size = ctypes.c_uint64(), ctypes.c_uint64(), ctypes.c_size_t(megabytes << 20)
    call("cuInit", 0)
    device = ctypes.c_int()
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call("cuCtxPushCurrent_v2", context)
    call("cuStreamCreate", ctypes.byref(stream), 1)
    for event in (begin, end):
        call("cuEventCreate", ctypes.byref(event), 0)
    for memory in (one, other):
        call("cuMemAlloc_v2", ctypes.byref(memory), size)
    times = []
    for _ in range(2 * ACTIVE):
        call("cuEventRecord", begin, stream)
        call("cuMemcpyDtoDAsync_v2", other, one, size, stream)
        call("cuEventRecord", end, stream)
        call("cuEventSynchronize", end)
        milliseconds = ctypes.c_float()
        call("cuEventElapsedTime", ctypes.byref(milliseconds), begin, end)
        times.append(milliseconds.value)
    for event in (begin, end):
        call("cuEventDestroy_v2", event)
    call("cuStreamDestroy_v2", stream)
    for memory in (one, other):
        call("cuMemFree_v2", memory)
    call("cuCtxPopCurrent_v2", ctypes.byref(context))
    call("cuDevicePrimaryCtxRelease_v2", device)
    return 2 * size.value / (statistics.median(times[ACTIVE:]) * 1e6)


def find_torch():
    """torch, where it sees a GPU."""
    try:
        import torch
    except ImportError:
        return None
    return torch if torch.cuda.is_available() else None


def measure(torch, run):
    """The median of runs captured in a CUDA graph, so that no launch is waited for."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(ACTIVE):
            run()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    times = []
    for _ in range(2 * ACTIVE):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1e3)
    return statistics.median(times[ACTIVE:])


def precision(torch, name):
    """The type that matmuls read; tf32 is f32 with a switch."""
    torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
    return {"bf16": torch.bfloat16, "f16": torch.float16}.get(name, torch.float32)


def layer(torch, rows, depth, columns, reads, norm):
    """act(norm(x·W + b)) and its parts, by peer: a dictionary of microseconds."""
    kind = precision(torch, reads)
    with torch.no_grad():
        x = torch.randn(rows, depth, device="cuda", dtype=kind)
        w = torch.randn(depth, columns, device="cuda", dtype=kind)
        times = {"cuBLASLt's matmul": measure(torch, lambda: torch.matmul(x, w))}
        layers = [torch.nn.Linear(depth, columns)] + ([torch.nn.LayerNorm(columns)] if norm else []) + [torch.nn.ReLU()]
        network = torch.nn.Sequential(*layers).to("cuda", kind)
        times["torch eager"] = measure(torch, lambda: network(x))
        compiled = torch.compile(network)
        times["torch.compile"] = measure(torch, lambda: compiled(x))
    return times


def rows(torch, count, columns):
    """Layer norm alone, f32."""
    with torch.no_grad():
        x = torch.randn(count, columns, device="cuda")
        network = torch.nn.LayerNorm(columns).to("cuda")
        compiled = torch.compile(network)
        times = {"torch eager": measure(torch, lambda: network(x)), "torch.compile": measure(torch, lambda: compiled(x))}
        kernel = triton_layer_norm()
        if kernel:
            y = torch.empty_like(x)
            times["Triton"] = measure(torch, lambda: kernel[(count,)](x, y, network.weight, network.bias, columns, network.eps, BLOCK=columns))
    return times


def triton_layer_norm():
    """A row a program, read once; for lengths that are powers of two."""
    try:
        import triton
        import triton.language as tl
    except ImportError:
        return None

    @triton.jit
    def kernel(x, y, weight, bias, columns, epsilon, BLOCK: tl.constexpr):
        at = tl.arange(0, BLOCK)
        value = tl.load(x + tl.program_id(0) * columns + at)
        value -= tl.sum(value, 0) / columns
        scale = tl.rsqrt(tl.sum(value * value, 0) / columns + epsilon)
        tl.store(y + tl.program_id(0) * columns + at, value * scale * tl.load(weight + at) + tl.load(bias + at))
    return kernel


def digits_step(torch, variant, reads, batch, compiled):
    """A training step of the digits network (64-256-256-10), as one CUDA graph."""
    kind = precision(torch, reads)
    norms = {"layer_norm": torch.nn.LayerNorm, "batch_norm": torch.nn.BatchNorm1d, "rms_norm": torch.nn.RMSNorm}
    sizes, layers = (64, 256, 256), []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs)] + ([norms[variant](outputs)] if variant in norms else []) + [torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(256, 10)).cuda()
    optimizer = torch.optim.AdamW(network.parameters(), lr=torch.tensor(1e-3), capturable=True, fused=True)
    x, y = torch.randn(batch, 64, device="cuda"), torch.randint(10, (batch,), device="cuda")
    forward = torch.compile(network) if compiled else network

    def step():
        optimizer.zero_grad(set_to_none=False)
        with torch.autocast("cuda", kind, enabled=kind != torch.float32):
            loss = torch.nn.functional.cross_entropy(forward(x), y)
        loss.backward()
        optimizer.step()
    return measure(torch, step)
