import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { earshot } from "../cli/command_line.js";
import { temporaryFolder } from "../corpus/folders.js";

// All of these made a file or a folder called "-", or fetched two gigabytes into one.
it.each([
  ["fastcells make_featurizer -o -", "fastcells make_featurizer: -o"],
  ["fastcells make_dataset --list_file training_list.txt --outdir=-", "fastcells make_dataset: --outdir"],
  ["fastcells wrap --model_file featurizer.ell --outdir -", "fastcells wrap: --outdir"],
  ["fastcells train_classifier -a data --outdir -", "fastcells train_classifier: --outdir"],
  ["fastcells compile -imap model.ell --header -od -", "fastcells compile: -od"],
  ["fastcells opt model.bc -o - -O3", "fastcells opt: -o"],
  ["fastcells llc model.bc -o - -mcpu=cortex-m4", "fastcells llc: -o"],
  ["kws-streaming --train_dir - svdf", "kws-streaming: --train_dir"],
  ["kws-streaming --data_dir - svdf", "kws-streaming: --data_dir"],
  ["ml-kws train --train_dir -", "ml-kws train: --train_dir"],
  ["ml-kws convert --data_dir - --checkpoint ds_cnn_s", "ml-kws convert: --data_dir"],
])("%s is refused, and nothing is written", async (line, place) => {
  const cwd = temporaryFolder();
  expect(await earshot(["compat", ...line.split(" ")], { cwd })).toEqual({
    code: 2,
    stdout: "",
    stderr: `earshot: ${place} -: nothing is written to standard output; give a path, such as ./- for one of that name\n`,
  });
  expect(readdirSync(cwd)).toEqual([]);
});

it("a model of train_classifier is not called -", async () => {
  const cwd = temporaryFolder();
  const options = ["-a", "data", "--filename", "-", "-hu", "6"];
  const { code, stderr } = await earshot(["compat", "fastcells", "train_classifier", ...options], { cwd });
  expect([code, stderr]).toEqual([2, 'earshot: fastcells train_classifier: --filename "-" is no name of a file\n']);
});

it("./- is a path", async () => {
  const cwd = temporaryFolder();
  const { code } = await earshot(["compat", "fastcells", "make_featurizer", "-o", "./-"], { cwd });
  expect([code, readdirSync(cwd)]).toEqual([0, ["-"]]);
});
