/** Kernels of 16-bit values with 8-bit weights, as quantized recurrent cells have them; beside library_integer.ts. */

/** Four values of each row times two columns. */
const group = (rows: readonly string[]): string => `
          LOAD_PAIR(wa, wb, w);
          v0 = widen_even(wa);
          v1 = widen_odd(wa);
          v2 = widen_even(wb);
          v3 = widen_odd(wb);
          ${rows
            .map(
              (r) =>
                `LOAD_PAIR(x0, x1, p${r}); ${r}0 = dual_accumulate(v0, x0, ${r}0); ${r}1 = dual_accumulate(v2, x0, ${r}1); ` +
                `${r}0 = dual_accumulate(v1, x1, ${r}0); ${r}1 = dual_accumulate(v3, x1, ${r}1);`,
            )
            .join("\n          ")}`;

const rowOf16 = (rows: readonly string[]): string => {
  const each = (text: (row: string) => string): string => rows.map(text).join("\n          ");
  return `const uint32_t *w = (const uint32_t *)(const void *)l->weights;
      const int32_t *scale = l->scales;
      int32_t o, n;
      for (o = 0; o < outs; o += 2, scale += 6) {
        ${each((r) => `int32_t ${r}0 = scale[0], ${r}1 = scale[3]; const WORDS16 *p${r} = (const WORDS16 *)(const void *)${r};`)}
#if defined(__ARM_FEATURE_DSP)
        uint32_t wa, wb, v0, v1, v2, v3, x0, x1;
        for (n = l->groups; n >= 4; n -= 4) {
          ${group(rows).repeat(4)}
        }
        for (; n > 0; n--) {
          ${group(rows)}
        }
#else
        for (n = l->groups; n > 0; n--) {
          const int8_t *b = (const int8_t *)(const void *)w;
          w += 2;
          ${each(
            (r) =>
              `${r}0 += b[0] * p${r}[0] + b[2] * p${r}[1] + b[1] * p${r}[2] + b[3] * p${r}[3]; ` +
              `${r}1 += b[4] * p${r}[0] + b[6] * p${r}[1] + b[5] * p${r}[2] + b[7] * p${r}[3]; p${r} += 4;`,
          )}
        }
#endif
        ${each(
          (r) =>
            `to_${r}[o] = (int16_t)requantize16(${r}0, scale, l); if (o + 1 < outs) to_${r}[o + 1] = (int16_t)requantize16(${r}1, scale + 3, l);`,
        )}
      }`;
};

/** Rows of 16-bit values times a matrix, two rows and two columns at a time. */
export const rowsInteger16 = `#if defined(__ARM_FEATURE_DSP)
typedef uint32_t word_of_halves __attribute__((may_alias));
#define WORDS16 word_of_halves
#else
#define WORDS16 int16_t
#endif
static inline int32_t requantize16(int32_t sum, const int32_t *scale, const integer_layer *l) {
  const int32_t shift = scale[2];
  int32_t r;
  if (shift >= 0) {
    r = doubling_high(sum, scale[1]);
    r += r >> 31;
    r = ((r >> shift) + 2 * l->out_zero + 1) >> 1;
  } else
    r = doubling_high((int32_t)((uint32_t)sum << (-1 - shift)), scale[1]) + l->out_zero;
  return r < l->low ? l->low : r > l->high ? l->high : r;
}
static void rows_integer16(const integer_layer *l, const int16_t *x, int16_t *y) {
  const int32_t rows = l->out_width, outs = l->out_channels, inner = l->channels;
  int32_t row = 0;
  for (; row + 2 <= rows; row += 2) {
      const int16_t *a = x + row * inner, *c = a + inner;
      int16_t *to_a = y + row * outs, *to_c = to_a + outs;
      ${rowOf16(["a", "c"])}
  }
  if (row < rows) {
      const int16_t *a = x + row * inner;
      int16_t *to_a = y + row * outs;
      ${rowOf16(["a"])}
  }
}`;
