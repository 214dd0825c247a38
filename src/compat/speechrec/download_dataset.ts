import { ensureSpeechData } from "../speech_data.js";
import type { CompatProgram } from "../program.js";
import { parseFlags } from "../flags.js";

/** Version 0.01, as in SpeechRec. */
const url = "http://download.tensorflow.org/data/speech_commands_v0.01.tar.gz";

/** `download_dataset.sh`: Speech Commands in data/audio, where it is not there yet. */
export const program: CompatProgram = {
  async run(args, context) {
    const { help } = parseFlags({}, args, { program: "speechrec download_dataset", words: [] });
    if (help) context.print("earshot compat speechrec download_dataset: fetches Speech Commands v0.01 into data/audio");
    else await ensureSpeechData("data/audio", url, context);
    return 0;
  },
};
