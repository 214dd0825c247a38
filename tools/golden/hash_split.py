"""hash_split.json: the set of a file name by the hash rule of TensorFlow's speech_commands example (which_set).

Needs only Python 3 (numpy for the writer). The arithmetic is that of tensorflow/examples/speech_commands/input_data.py:
base name without `_nohash_` and what follows, SHA-1 as one integer, modulo 2^27, times 100.0 / (2^27 - 1).
"""

import hashlib
import os
import re

import golden_file

MAX_NUM_WAVS_PER_CLASS = 2**27 - 1


def percentage_of(file_name):
    hash_name = re.sub(r"_nohash_.*$", "", os.path.basename(file_name))
    hashed = int(hashlib.sha1(hash_name.encode("utf-8")).hexdigest(), 16)
    return (hashed % (MAX_NUM_WAVS_PER_CLASS + 1)) * (100.0 / MAX_NUM_WAVS_PER_CLASS)


def which_set(file_name, validation_percentage, testing_percentage):
    percentage = percentage_of(file_name)
    if percentage < validation_percentage:
        return "validation"
    if percentage < testing_percentage + validation_percentage:
        return "testing"
    return "training"


def speaker(number):
    return hashlib.sha1(f"speaker {number}".encode()).hexdigest()[:8]


def near_a_border():
    """Speakers within 2e-4 % of 10 % or 20 %: coarse arithmetic (float32, say) shows here."""
    found = []
    for number in range(400_000):
        name = f"{speaker(number)}_nohash_0.wav"
        percentage = percentage_of(name)
        if min(abs(percentage - 10), abs(percentage - 20)) < 2e-4:
            found.append(name)
    return found[:12]


def names():
    plain = [f"{speaker(n)}_nohash_{n % 4}.wav" for n in range(24)]
    odd = [
        "no_hash_marker.wav", "upper_NOHASH_0.wav", "twice_nohash_1_nohash_2.wav", "_nohash_0.wav", "yes/004ae714_nohash_0.wav",
        "/data/speech_commands/left/5f9cdb2e_nohash_3.wav", "grüße_nohash_0.wav", "はい_nohash_1.wav", "name with blanks_nohash_0.wav",
        "004ae714_nohash_0.wav", "004ae714_nohash_4.wav", "004ae714.wav",
    ]
    return plain + odd + near_a_border()


def main():
    cases = []
    for file_name in names():
        for validation, testing in [(10, 10)] if file_name[0] not in "04" else [(10, 10), (20, 5), (0, 50), (100, 0)]:
            entry = {"name": f"{file_name} {validation}/{testing}"}
            entry["attributes"] = {"fileName": file_name, "validationPercentage": validation, "testingPercentage": testing}
            entry["inputs"] = {}
            entry["outputs"] = {"set": which_set(file_name, validation, testing), "percentage": percentage_of(file_name)}
            cases.append(entry)
    golden_file.write("hash_split.json", "TensorFlow 2 examples/speech_commands/input_data.py which_set, its arithmetic", cases)


if __name__ == "__main__":
    main()
