"""Runs streaming .tflite files that keep their states themselves: tflite_states.py LIST.json

LIST.json: [{"file", "steps", "rows"}]: FILE.bin has the inputs of all steps in float32. Writes, for each runtime there is, FILE.RUNTIME.bin
with the scores in float32, and prints one JSON line a run. Needs ai-edge-litert; tflite-micro where it is installed.
"""

import json
import sys

import numpy as np
from ai_edge_litert import interpreter as litert

resolvers = litert.OpResolverType
RUNTIMES = {"XNNPACK": resolvers.AUTO, "fast kernels": resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES, "reference": resolvers.BUILTIN_REF}


def stored(x, dtype, scale, zero):
    return x.astype(np.float32) if dtype == np.float32 else np.clip(np.round(x / scale) + zero, -128, 127).astype(dtype)


def in_litert(file, inputs, resolver):
    network = litert.Interpreter(model_path=file, experimental_op_resolver_type=resolver)
    network.allocate_tensors()
    [x], [y] = network.get_input_details(), network.get_output_details()
    for step in inputs:
        network.set_tensor(x["index"], stored(step.reshape(x["shape"]), x["dtype"], *x["quantization"]))
        network.invoke()
        yield network.get_tensor(y["index"]).astype(np.float32).ravel()


def in_micro(file, inputs):
    from tflite_micro.python.tflite_micro import runtime

    network = runtime.Interpreter.from_file(file)
    x = network.get_input_details(0)
    q = x["quantization_parameters"]
    for step in inputs:
        scales = (q["scales"][0], q["zero_points"][0]) if len(q["scales"]) else (1, 0)
        network.set_input(stored(step.reshape(x["shape"]), x["dtype"], *scales), 0)
        network.invoke()
        yield network.get_output(0).astype(np.float32).ravel()


for entry in json.load(open(sys.argv[1], encoding="utf8")):
    file = entry["file"]
    inputs = np.fromfile(f"{file}.bin", np.float32).reshape(entry["steps"], -1)
    runs = {name: (lambda r=resolver: in_litert(file, inputs, r)) for name, resolver in RUNTIMES.items()}
    runs["TFLite Micro"] = lambda: in_micro(file, inputs)
    for name, run in runs.items():
        try:
            np.stack(list(run())).tofile(f"{file}.{name}.bin")
            print(json.dumps({"file": file, "runtime": name}))
        except Exception as error:
            print(json.dumps({"file": file, "runtime": name, "error": str(error)[:200]}))
