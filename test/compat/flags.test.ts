import { describe, expect, test } from "vitest";
import { flagHelp, list, parseFlags, real, text, toggle, truth, whole } from "../../src/compat/flags.js";

const table = {
  data_dir: text("/tmp/speech/", "where the sounds are"),
  batch_size: whole(100, "clips of a step"),
  background_volume: real(0.1, "loudness of the noise"),
  background_frequency: real(0.8, "share of clips with noise"),
  check_nans: truth(false, "whether to look for NaN"),
  verbose: toggle(false, "tells more", { also: ["-v"] }),
  window_size: whole(98, "frames", { also: ["-ws"] }),
  keywords: list([], "words", { also: ["-k"] }),
  optimizer: text("adam", "update rule", { choices: ["adam", "momentum"] }),
};
const parse = (args: string[], settings = {}) => parseFlags(table, args, { program: "train", ...settings });

describe("flags of other systems", () => {
  test("both spellings, unambiguous beginnings, single dashes, the last of two", () => {
    const args = ["--data_dir", "", "--batch=5", "--background_v", "1e-2", "-ws", "40", "-v", "--check_nans=true"];
    const { values, given } = parse([...args, "-k", "yes", "no", "--batch_size", "7"]);
    expect(values).toMatchObject({ data_dir: "", batch_size: 7, background_volume: 0.01, window_size: 40 });
    expect(values).toMatchObject({ verbose: true, check_nans: true, keywords: ["yes", "no"], optimizer: "adam" });
    expect([...given].toSorted()).toEqual(
      ["background_volume", "batch_size", "check_nans", "data_dir", "keywords", "verbose", "window_size"].toSorted(),
    );
  });

  test("values that begin with a dash: numbers are values, flags are not", () => {
    expect(parse(["--batch_size", "-1"]).values.batch_size).toBe(-1);
    expect(parse(["--background_volume", "-1.5e-3"]).values.background_volume).toBe(-0.0015);
    expect(parse(["--data_dir=-x"]).values.data_dir).toBe("-x");
    expect(() => parse(["--data_dir", "--verbose"])).toThrow("train: --data_dir needs a value");
  });

  test("a word ends the flags of a program with commands", () => {
    const { values, rest } = parse(["--batch_size", "3", "svdf", "--unknown", "1"], { stopAtWord: true });
    expect(values.batch_size).toBe(3);
    expect(rest).toEqual(["svdf", "--unknown", "1"]);
  });

  test.each([
    [["--bach_size", "1"], "train: there is no flag --bach_size; did you mean --batch_size?"],
    [["--background", "1"], "train: --background may be --background_volume, --background_frequency; write it out"],
    [["--batch_size", "1.5"], "train: --batch_size '1.5': it must be a whole number"],
    [["--batch_size", "many"], "train: --batch_size 'many': it must be a whole number"],
    [["--batch_size"], "train: --batch_size needs a value"],
    [["--background_volume", ""], "train: --background_volume '': it must be a number"],
    [["--optimizer", "sgd"], "train: --optimizer 'sgd': it must be one of adam, momentum"],
    [["--verbose=1"], "train: --verbose takes no value, '1' was given"],
    [["-k"], "train: -k needs a value"],
  ])("%j is refused in one line", (args, message) => {
    expect(() => parse(args)).toThrow(message);
  });

  test("words: named ones must be there, and no more than these", () => {
    expect(parse(["in.wav", "-v", "out.wav"], { words: ["input", "output"] }).rest).toEqual(["in.wav", "out.wav"]);
    expect(() => parse(["in.wav"], { words: ["input", "output"] })).toThrow("train: output must be given");
    expect(() => parse(["in.wav", "x"], { words: ["input"] })).toThrow("train: 'x' belongs to no flag");
    const needed = { ...table, wav_files: text("", "folder", { required: true, also: ["-w"] }) };
    expect(() => parseFlags(needed, [], { program: "train" })).toThrow("train: --wav_files, -w must be given");
  });

  test("what the original ignores is ignored or told, and nothing else", () => {
    const ignored = ["alsologtostderr"];
    expect(parse(["--alsologtostderr", "--batch_size", "2"], { ignored }).values.batch_size).toBe(2);
    const told: string[] = [];
    parse(["--nonsense", "5", "--batch_size", "2"], { words: [], onUnknown: (message: string) => told.push(message) });
    expect(told).toEqual(["train: there is no flag --nonsense", "train: '5' belongs to no flag"]);
  });

  test("-h asks for help, which names every flag with its preset", () => {
    expect(parse(["-h"]).help).toBe(true);
    const lines = flagHelp(table);
    expect(lines).toHaveLength(Object.keys(table).length);
    expect(lines[1]).toBe("  --batch_size N                        clips of a step (default: 100)");
    expect(lines.at(-1)).toBe('  --optimizer adam|momentum             update rule (default: "adam")');
  });
});
