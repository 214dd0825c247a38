import { existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { UserError } from "../../base/errors.js";
import { loadNoiseStream } from "../../corpus/noise_bank.js";
import { RowSetWriter } from "../../corpus/row_set.js";
import { listSounds } from "../../corpus/scan.js";
import { readNameList } from "../../corpus/training_list.js";
import type { RowNoise, RowPlan } from "../../train/row_maker.js";
import { rowsOf } from "../../train/row_pool.js";
import { rowShape } from "../../train/row_shape.js";
import { real, text, toggle, whole } from "../flags.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { readFeaturizer } from "./featurizer_file.js";
import { readFlags } from "./read_flags.js";

const table = {
  list_file: text("", "list of the files, FOLDER/FILE a line", { also: ["-l"], required: true }),
  outdir: text("", "folder of the .npz file (default: that of the list)", { written: true, also: ["-o"] }),
  categories: text("", "list of the labels (default: categories.txt beside the list)", { also: ["-c"] }),
  featurizer: text("featurizer/mfcc", "featurizer: a file, or FOLDER/MODULE", { also: ["-f"] }),
  window_size: whole(80, "frames of a row", { also: ["-ws"] }),
  shift: whole(10, "frames from one row to the next", { also: ["-s"] }),
  noise_path: text("", "folder of noise that is mixed in"),
  max_noise_ratio: real(0.1, "factor of the noise"),
  noise_selection: real(0.1, "share of the files that noise is mixed into"),
  multicore: toggle(false, "computes on all cores"),
};

/** ELL's make_dataset.py: the rows of features of all recordings of a list, as .npz. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("make_dataset", table, args, context);
    if (flags === undefined) return 0;
    const { list_file: list, outdir, window_size: window, shift, featurizer: path, multicore } = flags.values;
    if (window < 1 || shift < 1) throw new UserError("--window_size and --shift are at least 1");
    const { rate, frontend } = await readFeaturizer(path);
    const folder = dirname(list);
    const names = await readNameList(list);
    const categories = await readNameList(flags.values.categories || join(folder, "categories.txt"));
    const groups = grouped(names, folder, categories);
    const noise = await noiseOf(flags.values, rate);
    const { print } = context;
    if (frontend.autoScale) print("Featurizer requires auto-scaling of audio input to float range [-1, 1]");
    print(
      `Transforming ${basename(list)} with sample rate=${rate}, auto scale=${frontend.autoScale ? "True" : "False"}, window size=${window} and shift=${shift}`,
    );
    const plan: RowPlan = { frontend, rate, window, shift, noise, seed: 0, target: "auto" };
    const out = join(outdir || folder, `${basename(list, extname(list))}.npz`);
    const { hop, bins } = rowShape(frontend, window, rate);
    const writer = new RowSetWriter(out, { rate, hop, bins, window, shift, classes: categories, frontend });
    try {
      await write(writer, plan, groups, multicore ? availableParallelism() : 0, context);
      if (writer.rows === 0) throw new UserError(`${list}: no features found in the files of this list`);
      print(`Saving: ${out}`);
      writer.close();
    } catch (error) {
      writer.abort();
      throw error;
    }
    return 0;
  },
};

/** The files of a folder, which is their label. */
interface Group {
  readonly label: string;
  readonly paths: readonly string[];
}

/** Folders in the order in which the list names them first. */
function grouped(names: readonly string[], root: string, categories: readonly string[]): Group[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const folder = dirname(name);
    const paths = groups.get(folder) ?? [];
    paths.push(join(root, name));
    groups.set(folder, paths);
  }
  return [...groups].map(([folder, paths]) => {
    const label = basename(folder);
    if (!categories.includes(label))
      throw new UserError(`label ${label} not found in categories file; add it, or make the lists anew`);
    return { label, paths };
  });
}

async function write(
  writer: RowSetWriter,
  plan: RowPlan,
  groups: readonly Group[],
  workers: number,
  { print, signal }: ProgramContext,
): Promise<void> {
  const files = groups.flatMap(({ label, paths }) => paths.map((path) => ({ label, path })));
  const clips = files.map(({ path }) => ({ path, kind: "file" as const }));
  const width = plan.window * rowShape(plan.frontend, plan.window, plan.rate).bins;
  let place = 0;
  let group = 0;
  let found = 0;
  let left = groups[0]?.paths.length ?? 0;
  for await (const rows of rowsOf(plan, clips, { workers, signal })) {
    const { label, path } = files[place++] as (typeof files)[number];
    if (rows.length === 0) print(`### no rows generated for input file: ${path}`);
    for (let at = 0; at < rows.length; at += width) writer.append(label, rows.subarray(at, at + width));
    found += rows.length / width;
    if (--left > 0) continue;
    print(`Transforming ${groups[group]!.paths.length} files from ${label} ...  found ${found} rows`);
    found = 0;
    left = groups[++group]?.paths.length ?? 0;
  }
}

async function noiseOf(
  values: { noise_path: string; max_noise_ratio: number; noise_selection: number },
  rate: number,
): Promise<RowNoise | undefined> {
  const { noise_path: folder, max_noise_ratio: ratio, noise_selection: selection } = values;
  if (folder === "") return undefined;
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new UserError(`Noise dir '${folder}' not found; check --noise_path`);
  if (!(selection >= 0 && selection <= 1)) throw new UserError(`--noise_selection ${selection}: it is a share from 0 to 1`);
  const paths = listSounds(folder).map((file) => join(folder, file));
  return { samples: await loadNoiseStream(paths, { rate }), ratio, selection };
}
