"""What the generators share: tensors as JSON, reproducible random inputs, and the writer of a golden file.

Needs numpy 2. The format is described in README.md beside this file.
"""

import base64
import json
import os
import zlib

import numpy as np

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "golden")
NAMES = {"float32": "f32", "float64": "f64", "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8"}


def tensor(array):
    """A numpy array as {shape, dtype, data}: base64 of the little-endian bytes, row by row."""
    array = np.asarray(array)
    little = np.array(array, dtype=array.dtype.newbyteorder("<"), order="C")
    data = base64.b64encode(little.tobytes()).decode("ascii")
    return {"shape": list(array.shape), "dtype": NAMES[array.dtype.name], "data": data}


def tensors(arrays):
    return {name: value if isinstance(value, dict) else tensor(value) for name, value in arrays.items()}


def random(case, name=""):
    """Random numbers that depend on the case's name only, so that a new case leaves the others as they are."""
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{case}/{name}".encode())))


def normal(case, name, shape, scale=1.0):
    """Normal draws that are exact in float32, so that the float32 and the float64 run see the same numbers."""
    return (random(case, name).standard_normal(shape) * scale).astype(np.float32)


def case(name, attributes, inputs, outputs, gradients=None, reference=None, upstream=None):
    """One case. `upstream` is the gradient that flows into each output, `reference` the same results in float64."""
    result = {"name": name, "attributes": attributes, "inputs": tensors(inputs), "outputs": tensors(outputs)}
    if upstream is not None:
        result["upstream"] = tensors(upstream)
    if gradients is not None:
        result["gradients"] = tensors(gradients)
    if reference is not None:
        result["reference"] = {key: tensors(value) for key, value in reference.items()}
    return result


def largest_difference(actual, expected):
    return max((float(np.max(np.abs(np.asarray(actual[k], np.float64) - expected[k]), initial=0)) for k in expected), default=0.0)


def relative_difference(actual, expected):
    """Largest difference of any tensor, as a part of the largest value in that tensor."""
    def part(a, e):
        return float(np.max(np.abs(np.asarray(a, np.float64) - e), initial=0)) / max(float(np.max(np.abs(e), initial=0)), 1e-300)

    return max((part(actual[key], expected[key]) for key in expected), default=0.0)


def write(file_name, source, cases, shared=None):
    """Writes test/golden/<file_name> and prints what it holds."""
    names = [entry["name"] for entry in cases]
    if len(set(names)) != len(names):
        raise ValueError(f"{file_name}: two cases have one name")
    content = {"source": source}
    if shared is not None:
        content["tensors"] = tensors(shared)
    lines = ",\n".join(json.dumps(entry, allow_nan=False) for entry in cases)
    head = json.dumps(content, allow_nan=False)[:-1]
    path = os.path.normpath(os.path.join(GOLDEN, file_name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(f'{head}, "cases": [\n{lines}\n]}}\n')
    print(f"{path}: {len(cases)} cases, {os.path.getsize(path):,} bytes, from {source}")
    for entry in cases:
        outputs = ", ".join(f"{key} {value['shape']}" for key, value in entry["outputs"].items() if isinstance(value, dict))
        print(f"  {entry['name']}: {outputs}")
