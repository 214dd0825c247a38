import { copyFileSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { temporaryFolder } from "../train/tones.js";
import { earshot, root } from "./command_line.js";

const cwd = temporaryFolder();
const shipped = join(root, "models/ds_cnn_s.safetensors");

beforeAll(async () => {
  copyFileSync(shipped, join(cwd, "m.safetensors"));
  symlinkSync("m.safetensors", join(cwd, "link.safetensors"));
  expect((await earshot(["export", "m.safetensors", "-o", "m.tflite"], { cwd })).code).toBe(0);
  symlinkSync("m.tflite", join(cwd, "link.tflite"));
});

// The float model was gone.
it.each([
  ["quantize m.safetensors --calibrate words", "m.safetensors"],
  ["quantize m.safetensors --calibrate words", "./m.safetensors"],
  ["quantize m.safetensors --calibrate words", "link.safetensors"],
  ["quantize link.safetensors --calibrate words", "m.safetensors"],
  ["stream m.safetensors", "m.safetensors"],
  ["export m.safetensors", "link.safetensors"],
  ["export m.safetensors --to pytorch", "m.safetensors"],
  ["export m.tflite --states resource", "link.tflite"],
  ["import m.safetensors", "m.safetensors"],
])("%s -o %s does not replace what it reads", async (line, out) => {
  const args = line.split(" ");
  const before = readFileSync(join(cwd, out));
  const { code, stderr } = await earshot([...args, "-o", out], { cwd });
  expect([code, stderr]).toEqual([2, `earshot: --out ${out}: would replace ${args[1]}, which is read; give another name\n`]);
  expect(readFileSync(join(cwd, out)).equals(before)).toBe(true);
});

it("what is there and is not read may be replaced", async () => {
  copyFileSync(shipped, join(cwd, "other.safetensors"));
  const { code } = await earshot(["stream", "m.safetensors", "-o", "other.safetensors"], { cwd });
  expect(code).toBe(0);
  expect(readFileSync(join(cwd, "other.safetensors")).equals(readFileSync(shipped))).toBe(false);
});

// The next command took each of them for what its name says, and called it damaged.
it.each([
  ["quantize m.safetensors --calibrate words -o m8.tflite", "a model file ends in .safetensors", "; 'earshot export' makes"],
  ["stream m.safetensors -o stream", "a model file ends in .safetensors", "\n"],
  ["export m.safetensors -o again.safetensors", "a file for TensorFlow Lite ends in .tflite", "\n"],
  ["export m.tflite --states resource -o again", "a file for TensorFlow Lite ends in .tflite", "\n"],
  ["import m.safetensors -o model", "a model file ends in .safetensors", "\n"],
  // These took the place of whatever was there.
  ["report run -o m.safetensors", "a page ends in .html", "\n"],
  ["report run other -o m.tflite", "a page ends in .html", "\n"],
  ["recipes hello_edge_dnn_s -o m.tflite", "a recipe ends in .json", "\n"],
])("%s is refused for its name", async (line, kind, end) => {
  const out = line.split(" ").at(-1);
  const { code, stderr } = await earshot(line.split(" "), { cwd });
  expect([code, stderr]).toEqual([2, expect.stringContaining(`earshot: --out ${out}: ${kind}; give such a name${end}`)]);
});

it("a device may have any name", async () => {
  expect((await earshot(["stream", "m.safetensors", "-o", "/dev/null"], { cwd })).code).toBe(0);
});
