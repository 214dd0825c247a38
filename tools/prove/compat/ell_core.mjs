// Runs featurizer.S and model.S, as the documents' compile, opt and llc leave them, on an emulated core.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boardFor, boardHeader, linkerScript, startup } from "../../../dist/targets/c/example/firmware.js";
import { compilerFlags } from "../../../dist/targets/c/cpu.js";

const emulator = "-display none -monitor none -serial none -chardev stdio,id=host".split(" ");
emulator.push("-semihosting-config", "enable=on,target=native,chardev=host");
const cpu = "cortex-m4";

/** Classifies every clip as a device does: hop by hop, after the two hops that make_dataset leaves out. */
const main = `#include "board.h"
#include "featurizer.h"
#include "model.h"

static int16_t clip[16000];
static float hop[160], frame[32], scores[64];
int main(void) {
  const int input = host_open("clips.bin", 1), output = host_open("scores.bin", 5);
  int32_t at, i;
  if (mfcc_GetInputSize(0) != 160 || mfcc_GetOutputSize(0) != 32 || completemodel_GetInputSize(0) != 32) host_exit(1);
  while (host_read(input, clip, sizeof clip) == (int32_t)sizeof clip) {
    mfcc_Reset();
    completemodel_Reset();
    for (at = 320; at < 16000; at += 160) {
      for (i = 0; i < 160; i++) hop[i] = (float)clip[at + i];
      mfcc_Filter(0, hop, frame);
      completemodel_Predict(0, frame, scores);
    }
    host_write(output, scores, completemodel_GetOutputSize(0) * (int32_t)sizeof *scores);
  }
  return 0;
}
`;

/** Whether the cross compiler and QEMU answer. */
export function hasCoreTools() {
  try {
    for (const program of ["arm-none-eabi-gcc", "qemu-system-arm"]) execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} folder with featurizer.h, featurizer.S, model.h and model.S
 * @param {"hard" | "softfp"} abi
 * @param {Int16Array[]} clips of one second
 * @returns {Float32Array} probabilities, clip by clip
 */
export function runModule(folder, abi, clips) {
  const work = mkdtempSync(join(tmpdir(), "earshot-ell-"));
  const run = (program, args) => execFileSync(program, args, { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
  try {
    for (const name of ["featurizer.h", "featurizer.S", "model.h", "model.S"]) copyFileSync(join(folder, name), join(work, name));
    const board = boardFor(cpu);
    const files = { "main.c": main, "startup.c": startup, "board.h": boardHeader, "board.ld": linkerScript(board) };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(work, name), text);
    writeFileSync(
      join(work, "clips.bin"),
      Buffer.concat(clips.map((clip) => Buffer.from(clip.buffer, clip.byteOffset, clip.byteLength))),
    );
    const link = ["-std=gnu99", "-O2", "-w", "-nostartfiles", "--specs=nano.specs", "-T", "board.ld"];
    const sources = ["main.c", "startup.c", "featurizer.S", "model.S"];
    run("arm-none-eabi-gcc", [...compilerFlags(cpu, abi), ...link, ...sources, "-o", "firmware.elf"]);
    run("qemu-system-arm", [...emulator, "-M", board.machine, "-kernel", "firmware.elf"]);
    const bytes = readFileSync(join(work, "scores.bin"));
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
