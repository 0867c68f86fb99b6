"""What a model's kernels are measured against on the same GPU: a copy of memory by the driver; cuBLAS's matmul, torch eager
and compiled, Triton and JAX, which peer_worker.py runs. What is not installed is left out."""
import ctypes
import json
import os
import pathlib
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time

LAYER = re.compile(r"layer_(\w+)_(\d+)x(\d+)x(\d+)_(\w+)$")
ROWS = re.compile(r"rows_layer_norm_(\d+)x(\d+)_(\w+)$")
STEP = re.compile(r"(?:digits|step)_(none|layer_norm|rms_norm|batch_norm)(?:_\d+x(\d+))?_(f32|tf32|bf16|f16)$")
TUNED = "max-autotune-no-cudagraphs" # its graphs would be in the way of the one that all is captured in
PEERS = ["cuBLAS's matmul", "torch eager", "torch.compile", "Triton", "JAX", "torch.compile, tuned"] # in this order
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


class Failure(Exception):
    pass


class Worker:
    """A process of peer_worker.py: it is ended when it does not answer in time, and started anew when it is asked again."""

    def __init__(self, kind):
        self.kind, self.process, self.version, self.broken = kind, None, None, None
        self.log = tempfile.TemporaryFile("w+")

    def start(self):
        path = pathlib.Path(__file__).resolve().parent / "peer_worker.py"
        self.process = subprocess.Popen([sys.executable, path, self.kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        text=True, start_new_session=True)
        try:
            self.version = self.answer(120)["version"]
        except Failure as failure: # then it is asked no more
            self.end()
            self.broken = str(failure)

    def answer(self, seconds):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            self.end()
            raise Failure("not done after %d seconds" % seconds)
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.log.seek(0)
            said = self.log.read().strip().splitlines()
            self.end()
            raise Failure("ended with status %d: %s" % (status, said[-1][:200] if said else ""))
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def ask(self, request, seconds):
        """Microseconds."""
        if not self.process and not self.broken:
            self.start()
        if self.broken:
            raise Failure(self.broken)
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
        except OSError:
            pass # it has ended, which no answer says
        return self.answer(seconds)["us"]

    def end(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL) # what compiles for it, too
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None


def requests_of(result, tuned):
    """(peer, worker, request) for each peer of a model's entry."""
    name, entry = result["model"], result["entry"]
    modes = [("torch eager", None), ("torch.compile", "default")] + ([("torch.compile, tuned", TUNED)] if tuned else [])
    if (match := LAYER.match(name)) and entry == "forward":
        shape = [int(extent) for extent in match.groups()[1:4]]
        yield "cuBLAS's matmul", "torch", ["torch_matmul", *shape, match[5]]
        for peer, mode in modes:
            yield peer, "torch", ["torch_layer", *shape, match[5], match[1] != "none", mode]
    elif (match := ROWS.match(name)) and entry == "forward":
        for peer, mode in modes:
            yield peer, "torch", ["torch_rows", int(match[1]), int(match[2]), mode]
        yield "Triton", "torch", ["triton_rows", int(match[1]), int(match[2])]
    elif (match := STEP.match(name)) and entry == "train_step":
        width = int(match[2] or 256)
        sizes = [int(match[2] or 64), width, width, 10]
        for peer, mode in modes:
            yield peer, "torch", ["torch_step", match[1], match[3], result["batch"], sizes, mode]
        yield "JAX", "jax", ["jax_step", match[1], match[3], result["batch"], sizes]


def measure(results, tuned, seconds, until, say):
    """Every peer of every result, as {model, entry, peer, us or error, seconds, version}: a peer after the other, so that the
    first ones are done when there is no time for the last. A peer gets so many seconds, and none begins shortly before `until`."""
    workers = {kind: Worker(kind) for kind in ("torch", "jax")}
    asked = [(peer, workers[kind], request, result) for result in results for peer, kind, request in requests_of(result, tuned)]
    found = []
    for peer, worker, request, result in sorted(asked, key=lambda each: PEERS.index(each[0])):
        start = time.monotonic()
        if worker.broken or until - start < 5:
            continue
        one = {"model": result["model"], "entry": result["entry"], "peer": peer}
        try:
            one["us"] = worker.ask(request, min(seconds, until - start))
        except Failure as failure:
            one["error"] = str(failure)
        found.append(dict(one, seconds=time.monotonic() - start, version=worker.version))
        say(found[-1], result)
    for worker in workers.values():
        worker.end()
    if len(found) < len(asked) and not any(worker.broken for worker in workers.values()):
        print("no time for %d more of the peers' times" % (len(asked) - len(found)))
    return found
