import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { earshot, root } from "./cli/command_line.js";
import { toneDataset, toneRecipe } from "./train/tones.js";

const entry = join(root, "dist/index.js");
const base = mkdtempSync(join(tmpdir(), "earshot-library-"));
afterAll(() => rmSync(base, { recursive: true }));
// The command line builds dist/ where it is older than src/.
beforeAll(async () => expect((await earshot(["--version"])).code).toBe(0));

const names = `
  FormatError InternalError RandomStream UsageError UserError decodeSound encodeWav readSound resampleSound GraphBuilder
  countParameters initializeParameters multiplyAccumulates ops parseGraph printGraph retype tensor verifyGraph differentiate
  foldBatchNorm optimize unroll compile defaultTarget buildFrontend describeFrontend featureShape frontendPreset
  frontendPresets oneSecond parseFrontend architectures buildModel defaultOptions findModel modelNames publishedRecipe publishedTraining publishedTrainings importModel
  ModelStream StreamProgram streamGraph streamModel
  resolveOptions zooModels exportTflite loadModel openLiteRt parseModel readTfliteMetadata resolveModel saveModel
  shippedModels writeModel ArchiveWriter archiveClips checkDataset clipsOf datasetStatistics getSpeechCommands openArchive
  openDataset synthesizeDataset buildTrainingStep featurize parseRecipe resumeTraining soundSet train evaluate
  compareRuns evaluateScores finishRun helloEdgeCost openModel openSpotter predict profile renderComparison renderReport reportOfRun
`
  .trim()
  .split(/\s+/);

describe("the library", () => {
  it("has these public names, and none is undefined", async () => {
    const library = (await import(entry)) as Record<string, unknown>;
    expect(Object.keys(library).toSorted()).toEqual(names.toSorted());
    expect(Object.entries(library).filter(([, value]) => value === undefined)).toEqual([]);
    expect(existsSync(join(root, "dist/index.d.ts"))).toBe(true);
  });

  it("trains, evaluates, predicts and exports in a program of its own", () => {
    const data = toneDataset(6);
    const script = join(base, "spotter.mjs");
    const lines = [
      `import { evaluate, exportTflite, loadModel, openDataset, openLiteRt, openSpotter, parseRecipe, predict, soundSet, train } from ${JSON.stringify(entry)};`,
      `const recipe = parseRecipe(${JSON.stringify({ ...toneRecipe(data), steps: 20 })}, "recipe");`,
      `const options = { out: ${JSON.stringify(join(base, "run"))}, target: "wasm", workers: 0, threads: 1, talk: false };`,
      `const outcome = await train(recipe, options);`,
      `const file = options.out + "/best.safetensors";`,
      `const spotter = await openSpotter(file, { target: "wasm" });`,
      `const { clips } = openDataset(${JSON.stringify(data)}, { words: ["low", "high"], unknown: false });`,
      `const testing = soundSet(clips.filter((clip) => clip.split === "testing"), spotter.labels);`,
      `const { evaluation } = await evaluate(spotter, [testing]);`,
      `const { label } = await predict(spotter, ${JSON.stringify(join(data, "high/te000000_nohash_0.wav"))});`,
      `spotter.close();`,
      `const runtime = await openLiteRt(exportTflite(await loadModel(file), { features: "builtin" }));`,
      `console.log(JSON.stringify({ steps: outcome.steps, clips: evaluation.clips, label, inputs: runtime.inputs }));`,
      `runtime.close();`,
    ];
    writeFileSync(script, `${lines.join("\n")}\n`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      steps: 20,
      clips: 14,
      label: "high",
      inputs: [{ name: "audio", shape: [1, 16000] }],
    });
  });
});
