"""Compares cases that stand in ops_torch.json and in ops_tensorflow.json under one name: the two originals must agree.

Needs numpy 2. Fails if inputs differ, if nothing was compared, or if results differ by more than 3e-6 of the largest value.
"""

import base64
import json
import os

import numpy as np

import golden_file

TYPES = {"f32": "<f4", "f64": "<f8", "i32": "<i4", "i16": "<i2", "u8": "u1"}


def array(entry):
    return np.frombuffer(base64.b64decode(entry["data"]), TYPES[entry["dtype"]]).reshape(entry["shape"])


def arrays(entries):
    return {name: array(entry) for name, entry in entries.items()}


def load(name):
    with open(os.path.join(golden_file.GOLDEN, name), encoding="utf-8") as file:
        return {entry["name"]: entry for entry in json.load(file)["cases"]}


def main():
    torch_cases, tensorflow_cases = load("ops_torch.json"), load("ops_tensorflow.json")
    common = [name for name in tensorflow_cases if name in torch_cases]
    if len(common) < 10:
        raise SystemExit(f"only {len(common)} cases stand in both files")
    for name in common:
        ours, theirs = torch_cases[name], tensorflow_cases[name]
        for key, value in arrays(theirs["inputs"]).items():
            if not np.array_equal(value, array(ours["inputs"][key])):
                raise SystemExit(f"{name}: input {key} differs")
        worst, compared = 0.0, 0
        for kind in ("outputs", "gradients"):
            expected, actual = arrays(ours.get(kind, {})), arrays(theirs.get(kind, {}))
            shared = [key for key in actual if key in expected]
            compared += len(shared)
            worst = max(worst, golden_file.relative_difference(actual, {key: expected[key].astype(np.float64) for key in shared}))
        print(f"{name}: {compared} tensors, largest difference {worst:.3g} of the largest value")
        if compared == 0 or worst > 3e-6:
            raise SystemExit(f"{name}: torch and TensorFlow disagree")


if __name__ == "__main__":
    main()
