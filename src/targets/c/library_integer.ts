/**
 * int8 kernels that read their sizes from a descriptor: one function for every layer of a kind. Sums are of 32 bits and exact in
 * any order; `requantize` rounds as TensorFlow Lite's reference kernels do. Where the core has the DSP instructions
 * (__ARM_FEATURE_DSP), two products are added at once; elsewhere the same loops stand in plain C.
 */

/** A layer whose zero point of the input is in the bias already. */
export const integerLayer = `typedef struct {
  const int8_t *weights; /* convolution: pairs of channels side by side, four values each; depthwise: unused */
  const int16_t *taps; /* depthwise: four channels a tap, as 0, 2, 1, 3 */
  const int32_t *scales; /* bias, multiplier, shift of each channel */
  int32_t height, width, channels, out_height, out_width, out_channels;
  int32_t kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x, top, left;
  int32_t zero; /* of the input: what stands outside the map */
  int32_t out_zero, low, high;
  int32_t groups; /* of four values in a patch */
  int32_t any_shift; /* whether a channel shifts to the left or not at all */
  int32_t line; /* depthwise: bytes of a padded row, 0 where there is no padding */
} integer_layer;`;

export const requantize = `#if defined(__ARM_FEATURE_DSP)
static inline int32_t dual_accumulate(uint32_t a, uint32_t b, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}
static inline uint32_t widen_even(uint32_t a) {
  uint32_t r;
  __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(a));
  return r;
}
static inline uint32_t widen_odd(uint32_t a) {
  uint32_t r;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(a));
  return r;
}
static inline int32_t doubling_high(int32_t a, int32_t b) {
  int32_t r;
  __asm__("smmulr %0, %1, %2" : "=r"(r) : "r"((uint32_t)a << 1), "r"(b));
  return r;
}
static inline int32_t saturate_byte(int32_t a) {
  int32_t r;
  __asm__("ssat %0, #8, %1" : "=r"(r) : "r"(a));
  return r;
}
/* Two words from p, which moves on. */
#define LOAD_PAIR(a, b, p) __asm__("ldrd %0, %1, [%2], #8" : "=r"(a), "=r"(b), "+r"(p) : "m"((p)[0]), "m"((p)[1]))
#else
static inline int32_t doubling_high(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31); }
static inline int32_t saturate_byte(int32_t a) { return a < -128 ? -128 : a > 127 ? 127 : a; }
#endif
/* The sum times the channel's factor, two roundings, ties away from zero in the second; zero2 is 2 * out_zero + 1. */
static inline int32_t requantize(int32_t sum, const int32_t *scale, int32_t zero2) {
  int32_t r = doubling_high(sum, scale[1]);
  r += r >> 31;
  return saturate_byte(((r >> scale[2]) + zero2) >> 1);
}
/* The same where the factor is 1/2 or more: scale[2] is -1 less the shift to the left. */
static inline int32_t requantize_any(int32_t sum, const int32_t *scale, int32_t zero2) {
  if (scale[2] >= 0) return requantize(sum, scale, zero2);
  return saturate_byte(doubling_high((int32_t)((uint32_t)sum << (-1 - scale[2])), scale[1]) + ((zero2 - 1) >> 1));
}`;

export const clampBytes = `static void clamp_bytes(int8_t *y, int32_t count, int32_t low, int32_t high) {
  int32_t i;
  for (i = 0; i < count; i++) {
    if (y[i] < low) y[i] = (int8_t)low;
    if (y[i] > high) y[i] = (int8_t)high;
  }
}`;

/** The values under a kernel: where they lie, or gathered in `staging`, followed by zeros up to a multiple of four. */
export const patchOf = `static const int8_t *patch_of(const integer_layer *l, const int8_t *x, int32_t place, int8_t *staging) {
  const int32_t iy = place / l->out_width * l->stride_y - l->top;
  const int32_t ix = place % l->out_width * l->stride_x - l->left;
  const int32_t channels = l->channels;
  int8_t *to = staging;
  int32_t ky, kx;
  if (l->kernel_height * l->kernel_width == 1 && channels % 4 == 0) return x + (iy * l->width + ix) * channels;
  for (ky = 0; ky < l->kernel_height; ky++) {
    const int32_t y = iy + ky * l->dilation_y;
    const int8_t *row = x + y * l->width * channels;
    if (y < 0 || y >= l->height) {
      memset(to, l->zero, (size_t)(l->kernel_width * channels));
      to += l->kernel_width * channels;
      continue;
    }
    if (l->dilation_x == 1 && ix >= 0 && ix + l->kernel_width <= l->width) {
      memcpy(to, row + ix * channels, (size_t)(l->kernel_width * channels));
      to += l->kernel_width * channels;
      continue;
    }
    for (kx = 0; kx < l->kernel_width; kx++) {
      const int32_t at = ix + kx * l->dilation_x;
      const int inside = at >= 0 && at < l->width;
      if (channels == 1)
        *to = inside ? row[at] : (int8_t)l->zero;
      else if (inside)
        memcpy(to, row + at * channels, (size_t)channels);
      else
        memset(to, l->zero, (size_t)channels);
      to += channels;
    }
  }
  for (ky = l->kernel_height * l->kernel_width * channels; ky % 4 != 0; ky++) *to++ = 0;
  return staging;
}`;

/** Patches of two places are widened to 16 bits side by side and multiplied with two channels at a time. A 1 x 1 layer may write over its input. */
export const convolutionInteger = `#if defined(__ARM_FEATURE_DSP)
static void widen_patch(const int8_t *from, uint32_t *to, int32_t groups) {
  for (; groups > 0; groups--) {
    const uint32_t v = load_word(from);
    from += 4;
    to[0] = widen_even(v);
    to[2] = widen_odd(v);
    to += 4;
  }
}
#define STEP \\
  LOAD_PAIR(wa, wb, w); \\
  LOAD_PAIR(x0, x1, c); \\
  v0 = widen_even(wa); \\
  v1 = widen_even(wb); \\
  s00 = dual_accumulate(v0, x0, s00); \\
  s01 = dual_accumulate(v1, x0, s01); \\
  s10 = dual_accumulate(v0, x1, s10); \\
  s11 = dual_accumulate(v1, x1, s11); \\
  LOAD_PAIR(x0, x1, c); \\
  v0 = widen_odd(wa); \\
  v1 = widen_odd(wb); \\
  s00 = dual_accumulate(v0, x0, s00); \\
  s01 = dual_accumulate(v1, x0, s01); \\
  s10 = dual_accumulate(v0, x1, s10); \\
  s11 = dual_accumulate(v1, x1, s11);
#else
static void widen_patch(const int8_t *from, uint32_t *to, int32_t groups) {
  int16_t *p = (int16_t *)(void *)to;
  for (; groups > 0; groups--) {
    p[0] = from[0];
    p[1] = from[1];
    p[2] = from[2];
    p[3] = from[3];
    from += 4;
    p += 8;
  }
}
#endif
static void convolution_integer(const integer_layer *l, const int8_t *x, int8_t *y, int32_t *work) {
  const int32_t places = l->out_height * l->out_width, outs = l->out_channels, groups = l->groups;
  const int32_t zero2 = 2 * l->out_zero + 1, any_shift = l->any_shift;
  /* One group has two words of each of the two places; the patch before it is widened lies behind. */
  uint32_t *columns = (uint32_t *)(void *)work;
  int8_t *staging = (int8_t *)(void *)(work + 4 * groups);
  int32_t place;
  for (place = 0; place < places; place += 2) {
    const int32_t second = place + 1 < places ? place + 1 : place;
    const int32_t *scale = l->scales;
    int8_t *y0 = y + place * outs, *y1 = y + second * outs;
    int32_t o;
#if defined(__ARM_FEATURE_DSP)
    const uint32_t *w = (const uint32_t *)(const void *)l->weights;
    widen_patch(patch_of(l, x, place, staging), columns, groups);
    widen_patch(patch_of(l, x, second, staging), columns + 1, groups);
#else
    const int8_t *w = l->weights;
    widen_patch(patch_of(l, x, place, staging), columns, groups);
    widen_patch(patch_of(l, x, second, staging), columns + 2, groups);
#endif
    for (o = 0; o < outs; o += 2, scale += 6) {
      int32_t s00 = scale[0], s01 = scale[3], s10 = s00, s11 = s01, n = groups;
#if defined(__ARM_FEATURE_DSP)
      const uint32_t *c = columns;
      uint32_t wa, wb, x0, x1, v0, v1;
      for (; n >= 4; n -= 4) {
        STEP STEP STEP STEP
      }
      for (; n > 0; n--) {
        STEP
      }
#else
      const int16_t *c = (const int16_t *)(const void *)columns;
      for (; n > 0; n--, w += 8, c += 8) {
        s00 += w[0] * c[0] + w[1] * c[1] + w[2] * c[2] + w[3] * c[3];
        s01 += w[4] * c[0] + w[5] * c[1] + w[6] * c[2] + w[7] * c[3];
        s10 += w[0] * c[4] + w[1] * c[5] + w[2] * c[6] + w[3] * c[7];
        s11 += w[4] * c[4] + w[5] * c[5] + w[6] * c[6] + w[7] * c[7];
      }
#endif
      if (any_shift) {
        y0[o] = (int8_t)requantize_any(s00, scale, zero2);
        y1[o] = (int8_t)requantize_any(s10, scale, zero2);
        if (o + 1 < outs) {
          y0[o + 1] = (int8_t)requantize_any(s01, scale + 3, zero2);
          y1[o + 1] = (int8_t)requantize_any(s11, scale + 3, zero2);
        }
      } else {
        y0[o] = (int8_t)requantize(s00, scale, zero2);
        y1[o] = (int8_t)requantize(s10, scale, zero2);
        if (o + 1 < outs) {
          y0[o + 1] = (int8_t)requantize(s01, scale + 3, zero2);
          y1[o + 1] = (int8_t)requantize(s11, scale + 3, zero2);
        }
      }
    }
  }
  if (l->low > -128 || l->high < 127) clamp_bytes(y, places * outs, l->low, l->high);
}`;

/** A layer with one place: its patch is widened once, and multiplied with two channels at a time. */
export const denseInteger = `#if defined(__ARM_FEATURE_DSP)
#define DENSE_STEP \\
  LOAD_PAIR(wa, wb, w); \\
  LOAD_PAIR(x0, x1, c); \\
  s0 = dual_accumulate(widen_even(wa), x0, s0); \\
  s1 = dual_accumulate(widen_even(wb), x0, s1); \\
  s0 = dual_accumulate(widen_odd(wa), x1, s0); \\
  s1 = dual_accumulate(widen_odd(wb), x1, s1);
#endif
static void dense_integer(const integer_layer *l, const int8_t *x, int8_t *y, int32_t *work) {
  const int32_t outs = l->out_channels, zero2 = 2 * l->out_zero + 1;
  const int8_t *patch = patch_of(l, x, 0, (int8_t *)(void *)(work + 2 * l->groups));
  const int32_t *scale = l->scales;
  int32_t o, n;
#if defined(__ARM_FEATURE_DSP)
  const uint32_t *w = (const uint32_t *)(const void *)l->weights;
  uint32_t *to = (uint32_t *)(void *)work;
  for (n = l->groups; n > 0; n--, patch += 4) {
    const uint32_t v = load_word(patch);
    *to++ = widen_even(v);
    *to++ = widen_odd(v);
  }
#else
  const int8_t *w = l->weights;
#endif
  for (o = 0; o < outs; o += 2, scale += 6) {
    int32_t s0 = scale[0], s1 = scale[3];
#if defined(__ARM_FEATURE_DSP)
    const uint32_t *c = (const uint32_t *)(const void *)work;
    uint32_t wa, wb, x0, x1;
    for (n = l->groups; n >= 4; n -= 4) {
      DENSE_STEP DENSE_STEP DENSE_STEP DENSE_STEP
    }
    for (; n > 0; n--) {
      DENSE_STEP
    }
#else
    const int8_t *c = patch;
    for (n = l->groups; n > 0; n--, w += 8, c += 4) {
      s0 += w[0] * c[0] + w[1] * c[1] + w[2] * c[2] + w[3] * c[3];
      s1 += w[4] * c[0] + w[5] * c[1] + w[6] * c[2] + w[7] * c[3];
    }
#endif
    y[o] = (int8_t)requantize_any(s0, scale, zero2);
    if (o + 1 < outs) y[o + 1] = (int8_t)requantize_any(s1, scale + 3, zero2);
  }
  if (l->low > -128 || l->high < 127) clamp_bytes(y, outs, l->low, l->high);
}`;

/** Parts of a depthwise function. */
interface DepthwiseParts {
  readonly setup?: string;
  /** Before the places of a row, whose patches begin at `top`. */
  readonly row?: string;
  /** Walks the channels of a place, whose patch begins at `left`. */
  readonly corners: string;
  readonly tail?: string;
}

/** A depthwise function, in whose ring the rows lie padded. */
export function depthwiseLoop(name: string, { setup = "", row = "", corners, tail = "" }: DepthwiseParts): string {
  return `static void ${name}(const integer_layer *l, const int8_t *x, int8_t *y, int32_t *work) {
  const int32_t channels = l->channels, taps_x = l->kernel_width;
  const int32_t rows = (l->kernel_height - 1) * l->dilation_y + 1;
  const int32_t line = l->line > 0 ? l->line : l->width * channels, step_x = l->dilation_x * channels, step_y = l->dilation_y * line;
  ${setup}
  int8_t *ring = (int8_t *)(void *)work, *to = y;
  int32_t loaded = 0, oy;
  for (oy = 0; oy < l->out_height; oy++) {
    /* The first row of the patches, and where the ring begins anew. */
    const int8_t *top = x + oy * l->stride_y * line, *end = x + l->height * line + step_y;
    const int8_t *left, *right;
    if (l->line > 0) {
      for (; loaded < oy * l->stride_y + rows; loaded++) {
        int8_t *row = ring + loaded % rows * line;
        const int32_t iy = loaded - l->top;
        memset(row, l->zero, (size_t)line);
        if (iy >= 0 && iy < l->height) memcpy(row + l->left * channels, x + iy * l->width * channels, (size_t)(l->width * channels));
      }
      top = ring + oy * l->stride_y % rows * line;
      end = ring + rows * line;
    }
    ${row}
    right = top + l->out_width * l->stride_x * channels;
    for (left = top; left < right; left += l->stride_x * channels) {
${corners}
    }
  }
  ${tail}
}`;
}

/** Rows pass through a ring of padded ones, so that the result may be written over the input; without padding they are read where they are. */
export const depthwiseInteger = depthwiseLoop("depthwise_integer", {
  setup: "const int32_t zero2 = 2 * l->out_zero + 1, any_shift = l->any_shift;",
  corners: `      const int32_t *scale = l->scales, *last = scale + 3 * channels;
      const int16_t *taps = l->taps;
      const int8_t *corner = left;
      for (; scale < last; scale += 12, corner += 4, to += 4) {
        int32_t s0 = scale[0], s1 = scale[3], s2 = scale[6], s3 = scale[9], ky = l->kernel_height, n;
        const int8_t *row = corner;
        do {
          const int8_t *p = row;
#if defined(__ARM_FEATURE_DSP)
          const uint32_t *t = (const uint32_t *)(const void *)taps;
          for (n = taps_x; n >= 3; n -= 3) {
            TAP TAP TAP
          }
          for (; n > 0; n--) {
            TAP
          }
          taps = (const int16_t *)(const void *)t;
#else
          for (n = taps_x; n > 0; n--, taps += 4, p += step_x) {
            s0 += p[0] * taps[0];
            s1 += p[1] * taps[2];
            s2 += p[2] * taps[1];
            s3 += p[3] * taps[3];
          }
#endif
          row += step_y;
          if (row >= end) row -= rows * line;
        } while (--ky > 0);
        if (any_shift) {
          to[0] = (int8_t)requantize_any(s0, scale, zero2);
          to[1] = (int8_t)requantize_any(s1, scale + 3, zero2);
          to[2] = (int8_t)requantize_any(s2, scale + 6, zero2);
          to[3] = (int8_t)requantize_any(s3, scale + 9, zero2);
        } else {
          to[0] = (int8_t)requantize(s0, scale, zero2);
          to[1] = (int8_t)requantize(s1, scale + 3, zero2);
          to[2] = (int8_t)requantize(s2, scale + 6, zero2);
          to[3] = (int8_t)requantize(s3, scale + 9, zero2);
        }
      }`,
  tail: "if (l->low > -128 || l->high < 127) clamp_bytes(y, l->out_height * l->out_width * channels, l->low, l->high);",
});

export const depthwiseTap = `#if defined(__ARM_FEATURE_DSP)
#define TAP \\
  { \\
    uint32_t v = load_word(p), even, odd, w0, w1; \\
    p += step_x; \\
    LOAD_PAIR(w0, w1, t); \\
    even = widen_even(v); \\
    odd = widen_odd(v); \\
    __asm__("smlabb %0, %1, %2, %0" : "+r"(s0) : "r"(even), "r"(w0)); \\
    __asm__("smlatt %0, %1, %2, %0" : "+r"(s2) : "r"(even), "r"(w0)); \\
    __asm__("smlabb %0, %1, %2, %0" : "+r"(s1) : "r"(odd), "r"(w1)); \\
    __asm__("smlatt %0, %1, %2, %0" : "+r"(s3) : "r"(odd), "r"(w1)); \\
  }
#endif`;
