import { UsageError } from "../../../base/errors.js";
import { type Cpu, compilerFlags, type FloatAbi } from "../cpu.js";
import type { CExport } from "../export.js";
import type { PublicParts } from "../public_code.js";
import { boardFor, boardHeader, linkerScript, startup } from "./firmware.js";

/**
 * Files beside an export: main.c, start code, linker script and Makefile that classify a WAV file under QEMU, and an Arduino sketch.
 * @throws UsageError where QEMU has no board for the core, the front end is not exported, or the model's files have the names of these
 */
export function exampleFiles(made: CExport, cpu: Cpu, floatAbi: FloatAbi): CExport["files"] {
  const { parts, files } = made;
  if (!parts.frontend) throw new UsageError("--example classifies sounds: export the front end too, without --features none");
  const core = cpu === "generic" ? "cortex-m4" : cpu;
  const abi = cpu === "generic" ? "hard" : floatAbi;
  const board = boardFor(core);
  const sketch = `arduino/${parts.prefix}`;
  const own = [
    { name: "main.c", text: mainText(parts) },
    { name: "board.h", text: boardHeader },
    { name: "startup.c", text: startup },
    { name: "board.ld", text: linkerScript(board) },
    { name: "Makefile", text: makefileText(parts.prefix, board.machine, compilerFlags(core, abi)) },
  ];
  const taken = own.find(({ name }) => files.some((file) => file.name.toLowerCase() === name));
  if (taken !== undefined)
    throw new UsageError(`--prefix ${parts.prefix}: --example writes a ${taken.name} of its own; give another prefix`);
  return [
    ...own,
    { name: `${sketch}/${parts.prefix}.ino`, text: sketchText(parts) },
    ...files.map(({ name, text }) => ({ name: `${sketch}/${name}`, text })),
  ];
}

function makefileText(prefix: string, machine: string, flags: readonly string[]): string {
  return `# make run WAV=clip.wav: classifies a WAV file on an emulated ${machine}.
CC = arm-none-eabi-gcc
CFLAGS = ${flags.join(" ")} -O2 -std=c99 -Wall -Wextra
WAV = clip.wav

firmware.elf: main.c startup.c ${prefix}.c ${prefix}.h board.h board.ld
\t$(CC) $(CFLAGS) -nostartfiles --specs=nano.specs -T board.ld main.c startup.c ${prefix}.c -o $@

run: firmware.elf
\tqemu-system-arm -M ${machine} -display none -monitor none -serial none -chardev stdio,id=host \\
\t  -semihosting-config enable=on,target=native,chardev=host,arg=firmware,arg=$(WAV) -kernel firmware.elf

clean:
\trm -f firmware.elf

.PHONY: run clean
`;
}

function mainText({ prefix, macro, rate, stream }: PublicParts): string {
  const streaming = `    if (${prefix}_feed(samples, (int32_t)bytes / 2) > 0) print_best(${prefix}_scores());`;
  const whole = `    (void)${prefix}_feed(samples, (int32_t)bytes / 2);`;
  return `#include "board.h"
#include "${prefix}.h"

#include <string.h>

/* Classifies the WAV file that the arguments name: 16 bits, one channel, ${rate} samples a second. */

static int16_t samples[160];
static char arguments[512];
static unsigned char chunk[16];

static void print_best(const float *scores) {
  static char percent[6];
  int32_t best = 0, i, whole;
  for (i = 1; i < ${macro}_SCORES; i++)
    if (scores[i] > scores[best]) best = i;
  whole = (int32_t)(scores[best] * 100.0f + 0.5f);
  percent[0] = whole >= 100 ? '1' : ' ';
  percent[1] = (char)('0' + whole / 10 % 10);
  percent[2] = (char)('0' + whole % 10);
  percent[3] = '%';
  percent[4] = ' ';
  host_print(percent);
  host_print(${macro}_LABELS > 0 ? ${prefix}_labels[best] : "");
  host_print("\\n");
}

static uint32_t little(const unsigned char *p, int32_t bytes) {
  uint32_t value = 0;
  while (bytes-- > 0) value = (value << 8) | p[bytes];
  return value;
}

static int refuse(const char *why) {
  host_print(why);
  host_print("\\n");
  return 1;
}

int main(void) {
  const char *name;
  int file;
  uint32_t size = 0;
  if (host_arguments(arguments, (int32_t)sizeof arguments) != 0) return refuse("no arguments");
  name = strrchr(arguments, ' ');
  file = name ? host_open(name + 1, 1) : -1;
  if (file < 0) return refuse("name a WAV file that can be read");
  if (host_read(file, chunk, 12) != 12 || memcmp(chunk, "RIFF", 4) != 0 || memcmp(chunk + 8, "WAVE", 4) != 0)
    return refuse("not a WAV file");
  for (;;) {
    if (host_read(file, chunk, 8) != 8) return refuse("the file has no sound");
    size = little(chunk + 4, 4);
    if (memcmp(chunk, "data", 4) == 0) break;
    if (memcmp(chunk, "fmt ", 4) == 0 && size >= 16) {
      if (host_read(file, chunk, 16) != 16) return refuse("the file is cut off");
      size -= 16;
      if (little(chunk, 2) != 1 || little(chunk + 2, 2) != 1 || little(chunk + 4, 4) != ${rate} || little(chunk + 14, 2) != 16)
        return refuse("the sound must have 16 bits, one channel and ${rate} samples a second");
    }
    for (size += size % 2; size > 0;) {
      const int32_t part = size < sizeof chunk ? (int32_t)size : (int32_t)sizeof chunk;
      if (host_read(file, chunk, part) != part) return refuse("the file is cut off");
      size -= (uint32_t)part;
    }
  }
  ${prefix}_reset();
  while (size > 1) {
    const int32_t part = size < sizeof samples ? (int32_t)size : (int32_t)sizeof samples;
    const int32_t bytes = host_read(file, samples, part);
    if (bytes < 2) break;
    size -= (uint32_t)bytes;
${stream ? streaming : whole}
  }
${stream ? "" : `  print_best(${prefix}_run());\n`}  return 0;
}
`;
}

function sketchText({ prefix, macro, stream, frontend, input }: PublicParts): string {
  // A clip's network runs ten times a second of sound, on the last clip's length of it.
  const rows = input.type.shape[1] ?? 1;
  const due = Math.max(1, Math.round(rows / 10));
  const classify = stream
    ? `  if (${prefix}_feed(samples, count) == 0) return;
  const float *scores = ${prefix}_scores();`
    : `  frames += ${prefix}_feed(samples, count);
  if (frames < ${due}) return;
  frames = 0;
  const float *scores = ${prefix}_run();`;
  return `// Prints the keyword that is heard. Connect readMicrophone() to your board's microphone.
#include "${prefix}.h"

static int16_t samples[${frontend!.hop}];
${stream ? "" : "static int32_t frames = 0;\n"}
// Fills \`samples\` with 16-bit sound of ${macro}_SAMPLE_RATE samples a second; gives how many there were.
// As it stands it reads the first analogue input, at whatever rate that takes.
static int32_t readMicrophone() {
  for (int32_t i = 0; i < ${frontend!.hop}; i++) samples[i] = (int16_t)((analogRead(A0) - 512) * 64);
  return ${frontend!.hop};
}

void setup() {
  Serial.begin(115200);
  ${prefix}_reset();
}

void loop() {
  const int32_t count = readMicrophone();
${classify}
  int best = 0;
  for (int i = 1; i < ${macro}_SCORES; i++)
    if (scores[i] > scores[best]) best = i;
  if (scores[best] > 0.8f) Serial.println(${prefix}_labels[best]);
}
`;
}
