import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { speechRecTraining } from "../../src/compat/speechrec/data.js";
import { classes, counts, withLabels } from "../../src/compat/speechrec/networks.js";
import { importModel } from "../../src/formats/import/index.js";
import { parseStateDict } from "../../src/formats/pytorch/read.js";
import { encodeWav } from "../../src/signal/wav.js";
import { buildModel } from "../../src/zoo/index.js";
import { earshot, type Finished } from "../cli/command_line.js";
import { temporaryFolder } from "../train/tones.js";

/** A data set in data/audio: every word a tone of its own, four clips, one each for test and validation. */
function speechCommands(): string {
  const folder = temporaryFolder();
  const audio = join(folder, "data/audio");
  const random = new RandomStream(11);
  const lists = { testing: "", validation: "" };
  for (const [i, word] of [...classes.slice(2), "bed", "cat"].entries())
    for (let clip = 0; clip < 4; clip++) {
      const name = `${word}/${clip}_nohash_0.wav`;
      const hertz = 250 + 220 * i;
      write(
        join(audio, name),
        Float32Array.from(
          { length: 16_000 },
          (_, n) => 0.4 * Math.sin((2 * Math.PI * hertz * n) / 16_000) + 0.01 * random.normal(),
        ),
      );
      if (clip === 0) lists.testing += `${name}\n`;
      if (clip === 1) lists.validation += `${name}\n`;
    }
  write(
    join(audio, "_background_noise_/hiss.wav"),
    Float32Array.from({ length: 40_000 }, () => 0.05 * random.normal()),
  );
  for (const [split, text] of Object.entries(lists)) writeFileSync(join(audio, `${split}_list.txt`), text);
  return folder;
}

function write(path: string, samples: Float32Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeWav({ samples, sampleRate: 16_000 }));
}

const folder = speechCommands();
const weights = join(folder, "model/weights_shufflenet_v2_05.pth");
/** Without a compiler, which would take longer than these few steps. */
const environment = { EARSHOT_CC: "none" };
const speechRec = (...args: string[]): Promise<Finished> =>
  earshot(["compat", "speechrec", ...args], { cwd: folder, environment });
const shape = { frames: 32, features: 40, labels: 12 };

describe("split_dataset", () => {
  it("says what is missing and moves nothing", async () => {
    const list = join(folder, "data/audio/testing_list.txt");
    const before = readFileSync(list, "utf8");
    writeFileSync(list, `${before}yes/gone.wav\n`);
    expect(await speechRec("split_dataset", "data")).toMatchObject({
      code: 1,
      stderr: "earshot: data/audio/yes/gone.wav: the file is in a list and not in the folder; nothing was moved\n",
    });
    writeFileSync(list, `${before}../audio\n`);
    expect((await speechRec("split_dataset", "data")).stderr).toContain("testing_list.txt: line 13: '../audio'; write WORD/FILE");
    expect(readdirSync(join(folder, "data"))).toEqual(["audio"]);
    writeFileSync(list, before);
  });

  it("moves the listed clips and renames the rest; a second time it refuses", async () => {
    expect(await speechRec("split_dataset.py", "data")).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(readdirSync(join(folder, "data")).toSorted()).toEqual(["test", "train", "valid"]);
    expect(readdirSync(join(folder, "data/test/yes"))).toEqual(["0_nohash_0.wav"]);
    expect(readdirSync(join(folder, "data/valid/bed"))).toEqual(["1_nohash_0.wav"]);
    expect(readdirSync(join(folder, "data/train"))).toContain("_background_noise_");
    expect(readdirSync(join(folder, "data/train/yes"))).toHaveLength(2);
    expect((await speechRec("split_dataset", "data")).stderr).toContain("this folder is there already");
  });
});

const figures = (set: string) => String.raw`\{"${set} loss": \d+\.\d{5}, "${set} accuracy": \d+\.\d\d\}`;

describe("main", () => {
  let trained: Finished;
  beforeAll(async () => {
    trained = await speechRec("main.py", "-m", "shufflenet", "-d", "data/", "-t", "-e", "2", "-b", "8", "-g", "-s");
  }, 120_000);

  it("prints the counts and the log", () => {
    expect(trained.stderr).toContain("-g: there is no GPU here");
    const epoch = (n: number) =>
      String.raw`\n\t\tEpoch: ${n}\n\t\t\t${figures("Training")},\n\t\t\t${figures("Test")},\nSaving weights\n`;
    const text =
      String.raw`^\nParams\(M\)\t\| FLOPs\(G\)\n0\.35\t\t\| 0\.04\n\n\{\n\nTest before training\n\t${figures("Test")},\n\t"training": \[\n` +
      String.raw`${epoch(1)}${epoch(2)}\n\t\tTest after training\n\t\t${figures("Training")},\n\t\t${figures("Test")}\n\t\],\n$`;
    expect(trained.stdout).toMatch(new RegExp(text));
    expect(trained.code).toBe(0);
  });

  it("leaves a state dict of 338 entries with torchvision's names and SpeechRec's classes", async () => {
    const tensors = parseStateDict(readFileSync(weights), weights);
    expect(tensors.size).toBe(338);
    expect(tensors.get("fc.weight")?.shape).toEqual([12, 1024]);
    const model = await importModel(weights);
    expect(model.labels.slice(0, 3)).toEqual(["_unknown_", "_silence_", "yes"]);
    // 12 words with two training clips each, and two of silence: 26 draws in batches of 8.
    expect(tensors.get("bn1.num_batches_tracked") ?? tensors.get("conv1.1.num_batches_tracked")).toMatchObject({
      data: BigInt64Array.of(8n),
    });
  });

  it("goes on from the weights that are there, and predicts every sound of a folder", async () => {
    mkdirSync(join(folder, "data/input"));
    for (const word of ["yes", "go"])
      writeFileSync(join(folder, `data/input/${word}.wav`), readFileSync(join(folder, `data/test/${word}/0_nohash_0.wav`)));
    writeFileSync(join(folder, "data/input/notes.txt"), "no sound");
    const { stdout, stderr, code } = await speechRec("main", "-m", "shufflenet", "-d", "data/input/");
    expect(stdout).toMatch(
      /\n\nPredicting data\/input\/go\.wav\.\.\.\nPredicting data\/input\/yes\.wav\.\.\.\n\['[a-z]+', '[a-z]+'\]\n$/,
    );
    expect(stderr).toBe("data/input/notes.txt: no sound; left out\n");
    expect(code).toBe(0);
    const last = new RegExp(String.raw`\t\t(${figures("Test")})\n\t\],`).exec(trained.stdout)?.[1];
    const again = await speechRec("main", "--model=shufflenet", "--train", "-e", "1", "-b", "8");
    expect(again.stdout).toContain(`Test before training\n\t${last},\n`);
    expect(again.stdout).not.toContain("Saving weights");
  }, 120_000);

  it("says what is wrong with a call", async () => {
    expect(await speechRec("main", "-m", "resnet", "-d", "data/input/")).toMatchObject({
      code: 1,
      stderr: "earshot: model/weights_resnet_18.pth: there are no weights to predict with; train them with -t -s\n",
    });
    expect((await speechRec("main")).stderr).toBe("earshot: speechrec main: --model, -m must be given\n");
    expect((await speechRec("main", "-m", "densenet")).stderr).toContain("it must be one of shufflenet, mobilenet, resnet");
    expect((await speechRec("main", "-m", "resnet", "--epoch", "many")).stderr).toContain("it must be a whole number");
    expect((await speechRec("main", "-h")).stdout).toContain("-b, --batch N");
    const exported = await speechRec("export_mobile_model.py", "-m", "shufflenet", "-d", "a.wav", "-q");
    expect(exported.code).toBe(1);
    expect(exported.stderr).toMatch(/^earshot compat: export_mobile_model \(.*\) is not there yet; .*\n$/);
    expect(existsSync(weights)).toBe(true);
  });
});

it("names the folder that lacks words, not a file of its own", () => {
  const root = temporaryFolder();
  for (const split of ["train", "test"]) {
    mkdirSync(join(root, split, "yes"), { recursive: true });
    writeFileSync(
      join(root, split, "yes", "a_nohash_0.wav"),
      encodeWav({ samples: new Float32Array(16_000), sampleRate: 16_000 }),
    );
  }
  const settings = { network: "shufflenet", root, epochs: 1, batch: 2, from: undefined, folder: root } as const;
  expect(() => speechRecTraining(settings)).toThrow(
    `${join(root, "train")}: there are no clips of no, up, down, left, right, on, off, stop, go; SpeechRec trains on its ten words`,
  );
});

it("the counts are those that SpeechRec's README and thop have", () => {
  for (const [name, parameters, operations] of [
    ["resnet18", 11_176_396, 1_684_668_416 + 196_608 + 4_259_840],
    ["mobilenetv2", 61_596, 17_740_800 + 491_520 + 3_430_400],
    ["shufflenetv2", 353_660, 35_973_120 + 393_216 + 1_863_680],
  ] as const)
    expect(counts(buildModel(name, {}, shape)), name).toEqual({ parameters, operations });
});

it("labels in another order take their logits along", () => {
  const labels = ["a", "b", "c"];
  const parameters = new Map([
    ["classifier.kernel", Float32Array.of(1, 2, 3, 4, 5, 6)],
    ["classifier.bias", Float32Array.of(7, 8, 9)],
  ]);
  const changed = withLabels({ labels, parameters } as never, ["c", "a", "b"]);
  expect([...(changed.parameters.get("classifier.kernel") as Float32Array)]).toEqual([3, 1, 2, 6, 4, 5]);
  expect([...(changed.parameters.get("classifier.bias") as Float32Array)]).toEqual([9, 7, 8]);
});
