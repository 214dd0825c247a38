"""The PyTorch side of prove:pytorch. "write FOLDER": SpeechRec's networks with random weights, saved both ways, and what they answer.
"check FOLDER": earshot's .pth and .safetensors files opened by torch.load(weights_only=True) and load_state_dict(strict=True).

Needs torch; the networks are those of tools/golden/torchvision_networks.py.
"""

import json
import os
import struct
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from torchvision_networks import MobileNetV2, ResNet, ShuffleNetV2, drawn, pictures  # noqa: E402

NETWORKS = {"shufflenetv2": ShuffleNetV2, "mobilenetv2": MobileNetV2, "resnet18": ResNet}
IMAGES = 32


def safetensors(path):
    """The tensors of a .safetensors file, without its library."""
    data = open(path, "rb").read()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    types = {"F32": np.float32, "I64": np.int64}
    found = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + length + start : 8 + length + end], types[entry["dtype"]])
        found[name] = torch.from_numpy(array.copy().reshape(entry["shape"]))
    return found


command, folder = sys.argv[1:]
torch.set_num_threads(1)
for seed, (name, kind) in enumerate(NETWORKS.items()):
    network = drawn(kind(), seed)
    images = pictures(IMAGES, seed)
    base = os.path.join(folder, name)
    if command == "write":
        with torch.no_grad():
            logits = network(images)
        torch.save(network.state_dict(), f"{base}_zip.pth")
        torch.save(network.state_dict(), f"{base}_stream.pth", _use_new_zipfile_serialization=False)
        images[:, 0].transpose(1, 2).contiguous().numpy().tofile(f"{base}_features.bin")
        logits.numpy().tofile(f"{base}_logits.bin")
        print(json.dumps({"name": name, "entries": len(network.state_dict()), "torch": torch.__version__}))
        continue
    for ending in (".pth", ".safetensors"):
        path = f"{base}_ours{ending}"
        state = torch.load(path, weights_only=True) if ending == ".pth" else safetensors(path)
        other = kind()
        other.load_state_dict(state, strict=True)
        other.eval()
        with torch.no_grad():
            same = torch.equal(other(images), network(images))
        order = list(state) == list(network.state_dict()) if ending == ".pth" else None
        values = all(torch.equal(state[k], v) for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked"))
        print(json.dumps({"name": name, "file": ending, "same": same, "order": order, "values": values, "entries": len(state)}))
