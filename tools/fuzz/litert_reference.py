"""Who is right where LiteRT.js and earshot differ: litert_reference.py DIR

DIR: what `litert.mjs --keep DIR` left, NUMBER.tflite and NUMBER.json ({"inputs", "ours", "liteRtJs", "allowedFloat"}). Runs each file in
Python's LiteRT with its reference kernels, with its fast ones and with XNNPACK, each in a process of its own (a case may end it), and prints how
often each of them gives earshot's results, LiteRT.js' and others. The limits are those of litert_cases.mjs. Needs ai-edge-litert.
"""

import collections
import json
import multiprocessing
import pathlib
import sys

import numpy as np

RESOLVERS = {"reference": "BUILTIN_REF", "fast kernels": "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "XNNPACK": "AUTO"}
PATIENCE = 20  # seconds


def run(file, inputs, resolver, answer):
    from ai_edge_litert import interpreter as litert

    try:
        network = litert.Interpreter(model_path=str(file), experimental_op_resolver_type=getattr(litert.OpResolverType, resolver))
        network.allocate_tensors()
        for details, values in zip(network.get_input_details(), inputs):
            network.set_tensor(details["index"], np.array(values, np.float64).astype(details["dtype"]).reshape(details["shape"]))
        network.invoke()
        answer.put([network.get_tensor(d["index"]).ravel().astype(np.float64) for d in network.get_output_details()])
    except Exception as error:  # its own refusals: of any type
        answer.put(str(error)[:120])


def results(file, inputs, resolver):
    answer = multiprocessing.SimpleQueue()
    process = multiprocessing.Process(target=run, args=(file, inputs, resolver, answer))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        return "hangs"
    return answer.get() if not answer.empty() else "ends its process"


def same(a, b, allowed_float, is_float):
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        x, y = np.array(x, np.float64), np.array(y, np.float64)
        if x.shape != y.shape:
            return False
        allowed = allowed_float * np.maximum(1, np.abs(x)) if is_float else 2
        if not np.all((x == y) | (np.isnan(x) & np.isnan(y)) | (np.abs(x - y) <= allowed)):
            return False
    return True


def main(folder):
    counts = {name: collections.Counter() for name in RESOLVERS}
    for case in sorted(pathlib.Path(folder).glob("*.json"), key=lambda path: int(path.stem)):
        kept = json.loads(case.read_text())
        is_float = any(x != round(float(x)) for values in kept["ours"] for x in values if np.isfinite(float(x)))
        verdicts = {}
        for name, resolver in RESOLVERS.items():
            found = results(case.with_suffix(".tflite"), kept["inputs"], resolver)
            if isinstance(found, str):
                verdict = "refused" if found not in ("hangs", "ends its process") else found
            elif same(kept["ours"], found, kept["allowedFloat"], is_float):
                verdict = "earshot's"
            elif same(kept["liteRtJs"], found, kept["allowedFloat"], is_float):
                verdict = "LiteRT.js'"
            else:
                verdict = "other"
            verdicts[name] = verdict
            counts[name][verdict] += 1
        if "earshot's" not in verdicts.values():
            print(f"case {case.stem}: {verdicts}", flush=True)
    for name, count in counts.items():
        print(f"{name}: " + ", ".join(f"{verdict} {n}" for verdict, n in count.most_common()))


if __name__ == "__main__":
    multiprocessing.set_start_method("forkserver")
    main(sys.argv[1])
