import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import { UsageError } from "../base/errors.js";
import type { Moment } from "../detect/listen.js";
import type { PosteriorStream } from "../detect/posteriors.js";
import { listeningModel } from "../formats/shipped.js";
import type { StreamOptions } from "../signal/sound_stream.js";
import type { Runtime } from "../measure/runtime.js";
import type { WavFormat } from "../signal/wav-reader.js";
import { wholeNumber } from "./arguments.js";
import { addDetectionOptions, type DetectionArguments, ruleFor } from "./detection_options.js";
import { LiveBar } from "./live_bar.js";
import { addModelOptions } from "./model_options.js";
import { type CommonOptions, paint, printText } from "./output.js";

interface ListenArguments extends CommonOptions, DetectionArguments {
  input: string;
  device?: string;
  raw?: keyof typeof encodings;
  rate?: number;
  channels: number;
  runtime?: Runtime;
  reference?: string;
  frontend?: string;
  labels?: string;
  target?: "oracle" | "wasm" | "native" | "auto";
}

const encodings = {
  u8: { encoding: "pcm", sampleBytes: 1 },
  s16le: { encoding: "pcm", sampleBytes: 2 },
  s24le: { encoding: "pcm", sampleBytes: 3 },
  s32le: { encoding: "pcm", sampleBytes: 4 },
  f32le: { encoding: "float", sampleBytes: 4 },
} as const;

/** Clips scored together in the clip form: many where a file waits, few where sound comes at its own pace. */
const groups = { file: 32, live: 4 };

/** `earshot listen`: keywords in a recording of any length, a pipe or the microphone. */
export function register(program: Command): void {
  const command = program
    .command("listen")
    .description(
      "Listen for keywords in a recording of any length (WAV, FLAC, Ogg Opus or Vorbis), a pipe or the microphone: time, label and score of each.",
    )
    .argument("[model]", "model file, .tflite file, or the name of a model that comes with earshot", listeningModel)
    .option("-i, --input <source>", "file, - for standard input (WAV, FLAC, Ogg or bare samples), or mic", "mic")
    .option("--device <name>", "ALSA's name of the microphone (default: ALSA's default)");
  command
    .addOption(
      command
        .createOption(
          "--raw <encoding>",
          "the input has no header: samples stored like this (on standard input the default is s16le)",
        )
        .choices(Object.keys(encodings)),
    )
    .option("--rate <hz>", "rate of samples without a header (default: the model's)", wholeNumber(1000, 768_000))
    .option("--channels <n>", "channels of samples without a header", wholeNumber(1, 64), 1);
  addModelOptions(addDetectionOptions(command))
    .option("--json", "print one JSON object a line for each keyword heard")
    .action(listen);
}

async function listen(name: string, options: ListenArguments, command: Command): Promise<void> {
  if (options.device !== undefined && options.input !== "mic") throw new UsageError("--device goes with --input mic");
  refuseFormat(options, command);
  const { openListener } = await import("../measure/listener.js");
  const { Detector } = await import("../detect/detector.js");
  const { listenTo } = await import("../detect/listen.js");
  // What lives for a step dies in a step: a young generation that grows over the hours would only take memory.
  setFlagsFromString("--semi-space-growth-factor=1");
  const listener = await openListener(name, { ...options, group: options.input === "mic" ? groups.live : groups.file });
  try {
    const rule = await ruleFor(listener, options);
    const detector = new Detector(listener.labels, listener.hop, rule);
    const stop = new AbortController();
    const blocks = stoppable(await soundOf(options, listener.rate, stop.signal), stop.signal);
    const end = (): void => stop.abort();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
    try {
      await report(listenTo(blocks, listener, detector), listener, rule.thresholds, options);
    } finally {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
    }
  } finally {
    listener.close();
  }
}

/** @throws UsageError for what would say how samples without a header are stored where the input has one, or is the microphone */
function refuseFormat({ input, raw }: ListenArguments, command: Command): void {
  if (input === "mic" && raw !== undefined) throw new UsageError("--raw is about a file or standard input; leave it out");
  const idle = ["rate", "channels"].find((name) => command.getOptionValueSource(name) === "cli");
  if (idle !== undefined && raw === undefined && input !== "-")
    throw new UsageError(`--${idle} is about samples without a header: give --raw ENCODING with it, or leave it out`);
}

/** Prints what is heard as it is heard. */
async function report(
  moments: AsyncIterable<Moment>,
  { labels }: PosteriorStream,
  thresholds: ReadonlyMap<string, number>,
  options: ListenArguments,
): Promise<void> {
  const bar = new LiveBar(labels, thresholds);
  if (options.input === "mic" && options.json !== true) process.stderr.write("listening; Ctrl-C ends it\n");
  for await (const { smoothed, detection } of moments) {
    if (detection !== undefined) {
      bar.clear();
      const { time, label, score } = detection;
      if (options.json === true) printText(JSON.stringify({ time: rounded(time), label, score: rounded(score) }));
      else printText(`${clock(time)}  ${paint("bold", label)}  ${(score * 100).toFixed(1)} %`);
    }
    bar.show(smoothed);
  }
  bar.clear();
}

const rounded = (value: number): number => Number(value.toFixed(4));

/** Seconds as 1:02:03.45. */
function clock(seconds: number): string {
  const whole = Math.floor(seconds / 60);
  const [hours, minutes] = [Math.floor(whole / 60), whole % 60];
  return `${hours}:${String(minutes).padStart(2, "0")}:${(seconds - whole * 60).toFixed(2).padStart(5, "0")}`;
}

async function soundOf(options: ListenArguments, rate: number, signal: AbortSignal): Promise<AsyncGenerator<Float32Array>> {
  const { streamSound } = await import("../signal/sound_stream.js");
  const { fileBytes, inputBytes } = await import("../detect/sound_source.js");
  const { input, raw, channels } = options;
  const format = (encoding: keyof typeof encodings): WavFormat => ({
    ...encodings[encoding],
    channels,
    sampleRate: options.rate ?? rate,
  });
  if (input === "mic") {
    const { capture } = await import("../detect/capture.js");
    const microphone: WavFormat = { ...encodings.s16le, channels: 1, sampleRate: rate };
    return streamSound(capture(rate, options.device, signal), "the microphone", { rate, raw: microphone, alwaysRaw: true });
  }
  const plain: StreamOptions = { rate, ...(raw === undefined ? {} : { raw: format(raw), alwaysRaw: true }) };
  if (input !== "-") return streamSound(fileBytes(input), input, plain);
  const guessed = format("s16le");
  const onRaw = (): void => {
    process.stderr.write(
      `standard input has no header: taken for samples of 16 bits, ${guessed.sampleRate} Hz, ${channels} channel${channels === 1 ? "" : "s"} (see --raw)\n`,
    );
  };
  return streamSound(inputBytes(), "standard input", { raw: guessed, onRaw, ...plain });
}

/** Ends with the signal: what was heard until then counts. */
async function* stoppable(blocks: AsyncGenerator<Float32Array>, signal: AbortSignal): AsyncGenerator<Float32Array> {
  // A pipe that is silent would be waited for.
  const end = (): void => void process.stdin.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    for await (const block of blocks) {
      yield block;
      if (signal.aborted) return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", end);
  }
}
