import { UsageError } from "../../base/errors.js";
import { buildFrontend, describeFrontend } from "../../frontend/frontend.js";
import { real, text, toggle, whole } from "../flags.js";
import type { CompatProgram } from "../program.js";
import { type EllFrontend, writeFeaturizer } from "./featurizer_file.js";
import { readFlags } from "./read_flags.js";

const table = {
  output_filename: text("featurizer.ell", "file of the featurizer", { written: true, also: ["-o"] }),
  sample_rate: whole(16_000, "samples a second", { also: ["-r"] }),
  auto_scale: toggle(false, "samples in [-1, 1] instead of whole numbers of 16 bits"),
  window_size: whole(512, "samples of a frame", { also: ["-ws"] }),
  input_buffer_size: whole(160, "samples from one frame to the next", { also: ["-ib"] }),
  filterbank_type: text("mel", "bands", { also: ["-t"], choices: ["mel", "linear", "none"] }),
  filterbank_size: whole(40, "number of bands", { also: ["-fs"] }),
  filterbank_nfft: whole(0, "points that the bands are laid out for; 0: nfft", { also: ["-fn"] }),
  nfft: whole(0, "points of the transform; 0: the next power of two"),
  iir: toggle(false, "pre-emphasis"),
  pre_emphasis: real(0.97, "share of the sample before that is taken off", { also: ["-pe"] }),
  hamming_window: toggle(false, "weights the frame"),
  power_spec: toggle(false, "powers instead of magnitudes"),
  log: toggle(false, "natural logarithm"),
  log_delta: real(1, "is added before the logarithm"),
  dct: toggle(false, "cosine transform of the bands"),
};

/** ELL's make_featurizer.py: the featurizer as a file. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("make_featurizer", table, args, context);
    if (flags === undefined) return 0;
    const { values } = flags;
    const frontend = describeFrontend({
      kind: "ell",
      autoScale: values.auto_scale,
      windowSize: values.window_size,
      inputBufferSize: values.input_buffer_size,
      filterbankType: values.filterbank_type as EllFrontend["filterbankType"],
      filterbankSize: values.filterbank_size,
      filterbankNfft: values.filterbank_nfft,
      nfft: values.nfft,
      iir: values.iir,
      preEmphasis: values.pre_emphasis,
      hammingWindow: values.hamming_window,
      powerSpec: values.power_spec,
      log: values.log,
      logDelta: values.log_delta,
      dct: values.dct,
    }) as EllFrontend;
    const rate = values.sample_rate;
    if (rate < 1000 || rate > 768_000)
      throw new UsageError(`fastcells make_featurizer: --sample_rate ${rate}: it must be from 1000 to 768000`);
    // Says now what does not fit together.
    buildFrontend({ ...frontend, skippedHops: 0 }, { samples: frontend.inputBufferSize, rate });
    await writeFeaturizer(values.output_filename, { rate, frontend });
    context.print(`Saved ${values.output_filename}`);
    return 0;
  },
};
