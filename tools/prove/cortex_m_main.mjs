/**
 * The program that measures an export on a core: it feeds every clip of clips.bin, writes each result to scores.bin and prints
 * "name value" lines. Instructions are ticks of SysTick, scaled by a loop whose instructions are known; the stack is painted.
 */
export function measuringMain({ prefix, samples, result, element, streams }) {
  const write = `host_write(output, ${prefix}_${result}(), (int32_t)(${prefix.toUpperCase()}_SCORES * sizeof(${element})));`;
  const macro = prefix.toUpperCase();
  const input = samples > 0 ? `static int16_t clip[${samples}];` : "";
  const feedClip = `    ${prefix}_reset();
    for (at = 0; at < ${samples}; at += 320) {
      const int32_t part = ${samples} - at < 320 ? ${samples} - at : 320;
      start();
      made = ${prefix}_feed(clip + at, part);
      feed += stop();
      steps += (uint32_t)made;
      ${streams ? `if (made > 0) ${write}` : ""}
    }`;
  const readClip =
    samples > 0
      ? `host_read(input, clip, ${2 * samples}) == ${2 * samples}`
      : `host_read(input, ${prefix}_features(), (int32_t)(${macro}_FEATURES * sizeof *${prefix}_features())) == (int32_t)(${macro}_FEATURES * sizeof *${prefix}_features())`;
  return `#include "board.h"
#include "${prefix}.h"

${input}
extern uint32_t stack_bottom;
static uint32_t ticks_before;
#define SYSTICK ((volatile uint32_t *)0xe000e010u)
static uint32_t now(void) {
  uint32_t wraps, value;
  do {
    wraps = systick_wraps;
    value = SYSTICK[2];
  } while (wraps != systick_wraps);
  return (wraps << 24) + (0xffffffu - value);
}
static void start(void) { ticks_before = now(); }
static uint32_t stop(void) { return now() - ticks_before; }
static void print_number(const char *name, uint64_t value) {
  static char digits[24];
  char *p = digits + 23;
  *p = 0;
  do {
    *--p = (char)('0' + (int)(value % 10));
    value /= 10;
  } while (value > 0);
  host_print(name);
  host_print(" ");
  host_print(p);
  host_print("\\n");
}
/* Two million instructions. */
static void known(void) {
  uint32_t n = 1000000;
  __asm__ volatile("1: subs %0, %0, #1\\n\\tbne 1b" : "+r"(n) : : "cc");
}
static uint32_t *stack_now(void) {
  uint32_t *p;
  __asm__ volatile("mov %0, sp" : "=r"(p));
  return p;
}
static void paint(void) {
  uint32_t *p;
  for (p = stack_now() - 4096; p < stack_now() - 16; p++) *p = 0xc0ffee11u;
}
static uint32_t painted_depth(void) {
  const uint32_t *p = stack_now() - 4096, *top = stack_now();
  while (p < top && *p == 0xc0ffee11u) p++;
  return (uint32_t)((const char *)top - (const char *)p);
}
int main(void) {
  const int input = host_open("clips.bin", 1), output = host_open("scores.bin", 5);
  uint32_t ticks_known, clips = 0, steps = 0, depth, deepest = 0;
  int32_t at = 0, made = 0;
  uint64_t feed = 0, run = 0;
  (void)at;
  (void)made;
  SYSTICK[1] = 0xffffffu;
  SYSTICK[2] = 0;
  SYSTICK[0] = 7;
  start();
  known();
  ticks_known = stop();
  ${prefix}_reset();
  while (${readClip}) {
${samples > 0 ? feedClip : ""}
${streams && samples > 0 ? "" : `    start();\n    (void)${prefix}_run();\n    run += stop();`}
    ${streams && samples > 0 ? "" : write}
    clips++;
  }
  /* The timer's interrupt would use the stack too. */
  SYSTICK[0] = 0;
  paint();
  (void)${prefix}_run();
  depth = painted_depth();
  if (depth > deepest) deepest = depth;
${
  samples > 0
    ? `  ${prefix}_reset();
  paint();
  (void)${prefix}_feed(clip, ${samples});
  depth = painted_depth();
  if (depth > deepest) deepest = depth;`
    : ""
}
  print_number("known", ticks_known);
  print_number("clips", clips);
  print_number("steps", steps);
  print_number("feed", feed);
  print_number("run", run);
  print_number("stack", deepest);
  return 0;
}
`;
}
