import { readFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tone, writeWav } from "../corpus/folders.js";
import { earshot, root } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-json-"));
const sound = join(base, "tone.wav");
writeWav(sound, tone(16_000, 440));
const at = (name: string): string => join(base, name);

/** Keys that docs/json.md has in a command's row: those that are always there, and those in brackets. */
function documented(command: string, form: number): { always: string[]; sometimes: string[] } {
  const rows = readFileSync(join(root, "docs/json.md"), "utf8").split("\n");
  const row = rows.find((line) => line.startsWith(`| \`${command}\` |`));
  const cell = row?.split(" | ")[1] ?? "";
  const text = cell.split(/; of (?:one|several)[^:]*: /)[form] as string;
  const names = (part: string): string[] => [...part.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);
  const [before, after = ""] = text.split("(");
  return { always: names(before as string), sometimes: names(after) };
}

describe("--json prints the keys that docs/json.md has", () => {
  it.each([
    ["recipes", "recipes", 0],
    ["recipes", "recipes hello_edge_ds_cnn_s", 1],
    ["profile", "profile ds_cnn_s", 0],
    ["profile", "profile svdf --stream context", 0],
    ["stream", "stream svdf -o OUT/s.safetensors", 0],
    ["export --to tflite", "export ds_cnn_s -o OUT/x.tflite", 0],
    ["export --to c", "export ds_cnn_s --to c -o OUT/c", 0],
    ["predict", "predict ds_cnn_s SOUND --target wasm", 0],
    ["data running", "data running --count 1 -o OUT/running", 0],
    ["data long", "data long --hours 0.01 --split training --data OUT/words --words one -o OUT/long", 0],
    ["data stats", "data stats OUT/words --words one --no-unknown --no-silence", 0],
    ["data check", "data check OUT/words", 0],
    ["data list", "data list OUT/words", 0],
    ["data featurize", "data featurize OUT/words --words one --no-unknown --no-silence --target wasm -o OUT/features", 0],
  ] as const)("%s: %s", async (command, line, form) => {
    for (const split of ["te", "tr"]) writeWav(at(`words/one/${split}000000_nohash_0.wav`), tone(16_000, 300));
    const args = line.split(" ").map((word) => word.replace("OUT", base).replace("SOUND", sound));
    const { code, stdout, stderr } = await earshot([...args, "--json"]);
    expect([code, stdout.trimEnd().includes("\n")], stderr).toEqual([0, false]);
    const keys = Object.keys(JSON.parse(stdout));
    const { always, sometimes } = documented(command, form);
    expect(always.length).toBeGreaterThan(0);
    expect(always.filter((key) => !keys.includes(key))).toEqual([]);
    expect(keys.filter((key) => !always.includes(key) && !sometimes.includes(key))).toEqual([]);
  });
});
