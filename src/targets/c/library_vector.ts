import { depthwiseLoop } from "./library_integer.js";

/**
 * int8 kernels for cores with vectors of 16 bytes (Helium, __ARM_FEATURE_MVE). The same packing has plain loops for every other core,
 * so that what is exported for such a core can be tried anywhere. Layers in which a channel's factor is 1/2 or more are not for them.
 */

/** Factors of four channels: bias, multiplier, and how far to shift to the left (never positive), four of each. */
export const requantizeVector = `#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
/* Not limited yet; zero2 is 2 * out_zero + 1. */
static inline int32x4_t requantize_vector(int32x4_t sum, const int32_t *scale, int32_t zero2) {
  int32x4_t r = vqrdmulhq_s32(vaddq_s32(sum, vldrwq_s32(scale)), vldrwq_s32(scale + 4));
  r = vaddq_s32(r, vshrq_n_s32(r, 31));
  r = vshlq_s32(r, vldrwq_s32(scale + 8));
  return vshrq_n_s32(vaddq_n_s32(r, zero2), 1);
}
#else
static int8_t requantize_lane(int32_t sum, const int32_t *scale, int32_t lane, const integer_layer *l) {
  const int32_t factors[3] = {0, scale[4 + lane], -scale[8 + lane]};
  const int32_t r = requantize(sum + scale[lane], factors, 2 * l->out_zero + 1);
  return (int8_t)(r < l->low ? l->low : r > l->high ? l->high : r);
}
#endif`;

/**
 * Two places times two channels, 16 values at a time; a place's sums are requantized together. A 1 x 1 layer may write over its input.
 */
export const convolutionVector = `static const int8_t *vector_patch(const integer_layer *l, const int8_t *x, int32_t place, int8_t *staging, int in_place) {
  const int8_t *patch = patch_of(l, x, place, staging);
  /* What lies behind a patch is multiplied with zeros, but must be there. */
  if (patch == staging || (!in_place && l->channels % 16 == 0)) return patch;
  memcpy(staging, patch, (size_t)l->channels);
  return staging;
}
static void requantize_row(const integer_layer *l, const int32_t *sums, int8_t *y) {
  const int32_t outs = l->out_channels, *scale = l->scales;
  int32_t o;
#if defined(__ARM_FEATURE_MVE)
  const int32_t zero2 = 2 * l->out_zero + 1;
  const int32x4_t low = vdupq_n_s32(l->low), high = vdupq_n_s32(l->high);
  for (o = 0; o < outs; o += 4, scale += 12) {
    const int32x4_t r = vminq_s32(vmaxq_s32(requantize_vector(vldrwq_s32(sums + o), scale, zero2), low), high);
    if (o + 4 <= outs)
      vstrbq_s32(y + o, r);
    else
      vstrbq_p_s32(y + o, r, vctp32q((uint32_t)(outs - o)));
  }
#else
  for (o = 0; o < outs; o++) y[o] = requantize_lane(sums[o], scale + o / 4 * 12, o % 4, l);
#endif
}
static void convolution_vector(const integer_layer *l, const int8_t *x, int8_t *y, int32_t *work) {
  const int32_t places = l->out_height * l->out_width, outs = l->out_channels, groups = l->groups;
  /* Sums of two places, rounded up to whole vectors; two patches. */
  int32_t *sums_a = work, *sums_b = work + (outs + 3) / 4 * 4;
  int8_t *staging = (int8_t *)(void *)(sums_b + (outs + 3) / 4 * 4);
  int32_t place;
  for (place = 0; place < places; place += 2) {
    const int32_t second = place + 1 < places ? place + 1 : place;
    const int8_t *a = vector_patch(l, x, place, staging, x == y);
    const int8_t *b = vector_patch(l, x, second, staging + 16 * groups, x == y);
    const int8_t *w = l->weights;
    int32_t o;
    for (o = 0; o < outs; o += 2) {
      const int8_t *pa = a, *pb = b;
      int32_t a0 = 0, a1 = 0, b0 = 0, b1 = 0, n = groups;
      do {
#if defined(__ARM_FEATURE_MVE)
        const int8x16_t va = vldrbq_s8(pa), vb = vldrbq_s8(pb), v = vldrbq_s8(w), u = vldrbq_s8(w + 16);
        a0 = vmladavaq_s8(a0, va, v);
        b0 = vmladavaq_s8(b0, vb, v);
        a1 = vmladavaq_s8(a1, va, u);
        b1 = vmladavaq_s8(b1, vb, u);
#else
        int32_t k;
        for (k = 0; k < 16; k++) {
          a0 += pa[k] * w[k];
          b0 += pb[k] * w[k];
          a1 += pa[k] * w[16 + k];
          b1 += pb[k] * w[16 + k];
        }
#endif
        w += 32;
        pa += 16;
        pb += 16;
      } while (--n > 0);
      sums_a[o] = a0;
      sums_a[o + 1] = a1;
      sums_b[o] = b0;
      sums_b[o + 1] = b1;
    }
    requantize_row(l, sums_a, y + place * outs);
    requantize_row(l, sums_b, y + second * outs);
  }
}`;

const setup = `const int32_t taps_in_all = l->kernel_height * taps_x;
  int32_t *offsets = work + (rows * l->line + 3) / 4;
#if defined(__ARM_FEATURE_MVE)
  const int32_t zero2 = 2 * l->out_zero + 1;
  const int16x8_t low = vdupq_n_s16((int16_t)l->low), high = vdupq_n_s16((int16_t)l->high);
#endif`;

/** Where the taps lie from a patch's corner on is the same for all places of a row. */
const row = `{
      const int8_t *tap = top;
      int32_t ky, kx, *offset = offsets;
      for (ky = 0; ky < l->kernel_height; ky++) {
        for (kx = 0; kx < taps_x; kx++) *offset++ = (int32_t)(tap - top) + kx * step_x;
        tap += step_y;
        if (tap >= end) tap -= rows * line;
      }
    }`;

const corners = `      const int32_t *scale = l->scales;
      const int16_t *taps = l->taps;
      const int8_t *corner = left, *last = left + channels;
      for (; corner < last; corner += 8, to += 8, scale += 24) {
        const int32_t *offset = offsets;
        int32_t n = taps_in_all;
#if defined(__ARM_FEATURE_MVE)
        int32x4_t even = vdupq_n_s32(0), odd = even;
        int16x8_t both;
        do {
          const int16x8_t v = vldrbq_s16(corner + *offset++), t = vldrhq_s16(taps);
          taps += 8;
          even = vaddq_s32(even, vmullbq_int_s16(v, t));
          odd = vaddq_s32(odd, vmulltq_int_s16(v, t));
        } while (--n > 0);
        even = requantize_vector(even, scale, zero2);
        odd = requantize_vector(odd, scale + 12, zero2);
        both = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(even), even), odd);
        vstrbq_s16(to, vminq_s16(vmaxq_s16(both, low), high));
#else
        int32_t sums[8] = {0, 0, 0, 0, 0, 0, 0, 0}, i;
        for (; n > 0; n--, offset++, taps += 8)
          for (i = 0; i < 8; i++) sums[i] += corner[*offset + i] * taps[i];
        for (i = 0; i < 8; i++) to[i] = requantize_lane(sums[i], scale + 12 * (i % 2), i / 2, l);
#endif
      }`;

/** Eight channels at a time: even and odd ones have sums of their own. */
export const depthwiseVector = depthwiseLoop("depthwise_vector", { setup, row, corners });
