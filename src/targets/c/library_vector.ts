import { depthwiseLoop } from "./library_integer.js";

/**
 * int8 kernels for cores with vectors of 16 bytes (Helium, __ARM_FEATURE_MVE). The same packing has plain loops for every other core,
 * so that what is exported for such a core can be tried anywhere. Layers in which a channel's factor is 1/2 or more are not for them.
 */

/** Factors of four channels: bias, multiplier, and how far to shift to the left (never positive), four of each. */
export const requantizeVector = `#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
static inline int32x4_t requantize_vector(int32x4_t sum, const int32_t *scale, const integer_layer *l) {
  int32x4_t r = vqrdmulhq_s32(vaddq_s32(sum, vldrwq_s32(scale)), vldrwq_s32(scale + 4));
  r = vaddq_s32(r, vshrq_n_s32(r, 31));
  r = vshlq_s32(r, vldrwq_s32(scale + 8));
  r = vshrq_n_s32(vaddq_n_s32(r, 2 * l->out_zero + 1), 1);
  return vminq_s32(vmaxq_s32(r, vdupq_n_s32(l->low)), vdupq_n_s32(l->high));
}
#else
static int8_t requantize_lane(int32_t sum, const int32_t *scale, int32_t lane, const integer_layer *l) {
  const int32_t factors[3] = {0, scale[4 + lane], -scale[8 + lane]};
  const int32_t r = requantize(sum + scale[lane], factors, 2 * l->out_zero + 1);
  return (int8_t)(r < l->low ? l->low : r > l->high ? l->high : r);
}
#endif`;

/** Two places times four channels, 16 values at a time. A 1 x 1 layer may write over its input. */
export const convolutionVector = `static const int8_t *vector_patch(const integer_layer *l, const int8_t *x, int32_t place, int8_t *staging, int in_place) {
  const int8_t *patch = patch_of(l, x, place, staging);
  /* What lies behind a patch is multiplied with zeros, but must be there. */
  if (patch == staging || (!in_place && l->channels % 16 == 0)) return patch;
  memcpy(staging, patch, (size_t)l->channels);
  return staging;
}
#if defined(__ARM_FEATURE_MVE)
#define STORE_SUMS(to, s0, s1, s2, s3) { \\
    int32x4_t s = vdupq_n_s32(s0); \\
    s = vsetq_lane_s32(s1, s, 1); \\
    s = vsetq_lane_s32(s2, s, 2); \\
    s = vsetq_lane_s32(s3, s, 3); \\
    vstrbq_p_s32(to, requantize_vector(s, scale, l), vctp32q((uint32_t)(outs - o))); \\
  }
#else
#define STORE_SUMS(to, s0, s1, s2, s3) { \\
    (to)[0] = requantize_lane(s0, scale, 0, l); \\
    if (o + 1 < outs) (to)[1] = requantize_lane(s1, scale, 1, l); \\
    if (o + 2 < outs) (to)[2] = requantize_lane(s2, scale, 2, l); \\
    if (o + 3 < outs) (to)[3] = requantize_lane(s3, scale, 3, l); \\
  }
#endif
static void convolution_vector(const integer_layer *l, const int8_t *x, int8_t *y, int32_t *work) {
  const int32_t places = l->out_height * l->out_width, outs = l->out_channels;
  int8_t *staging = (int8_t *)(void *)work;
  int32_t place;
  for (place = 0; place < places; place += 2) {
    const int32_t second = place + 1 < places ? place + 1 : place;
    const int8_t *a = vector_patch(l, x, place, staging, x == y);
    const int8_t *b = vector_patch(l, x, second, staging + 16 * l->groups, x == y);
    const int8_t *w = l->weights;
    const int32_t *scale = l->scales;
    int32_t o;
    for (o = 0; o < outs; o += 4, scale += 12) {
      const int8_t *pa = a, *pb = b;
      int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, n = l->groups;
      do {
#if defined(__ARM_FEATURE_MVE)
        const int8x16_t va = vldrbq_s8(pa), vb = vldrbq_s8(pb);
        int8x16_t v = vldrbq_s8(w);
        a0 = vmladavaq_s8(a0, va, v);
        b0 = vmladavaq_s8(b0, vb, v);
        v = vldrbq_s8(w + 16);
        a1 = vmladavaq_s8(a1, va, v);
        b1 = vmladavaq_s8(b1, vb, v);
        v = vldrbq_s8(w + 32);
        a2 = vmladavaq_s8(a2, va, v);
        b2 = vmladavaq_s8(b2, vb, v);
        v = vldrbq_s8(w + 48);
        a3 = vmladavaq_s8(a3, va, v);
        b3 = vmladavaq_s8(b3, vb, v);
#else
        int32_t k;
        for (k = 0; k < 16; k++) {
          a0 += pa[k] * w[k];
          b0 += pb[k] * w[k];
          a1 += pa[k] * w[16 + k];
          b1 += pb[k] * w[16 + k];
          a2 += pa[k] * w[32 + k];
          b2 += pb[k] * w[32 + k];
          a3 += pa[k] * w[48 + k];
          b3 += pb[k] * w[48 + k];
        }
#endif
        w += 64;
        pa += 16;
        pb += 16;
      } while (--n > 0);
      STORE_SUMS(y + place * outs + o, a0, a1, a2, a3)
      STORE_SUMS(y + second * outs + o, b0, b1, b2, b3)
    }
  }
}`;

const corners = `      const int32_t *scale = l->scales;
      const int16_t *taps = l->taps;
      const int8_t *corner = left, *last = left + channels;
      for (; corner < last; corner += 8, to += 8, scale += 24) {
        const int8_t *row = corner;
        int32_t ky = l->kernel_height, n;
#if defined(__ARM_FEATURE_MVE)
        int32x4_t even = vdupq_n_s32(0), odd = even;
#else
        int32_t sums[8] = {0, 0, 0, 0, 0, 0, 0, 0}, i;
#endif
        do {
          const int8_t *p = row;
          for (n = taps_x; n > 0; n--, p += step_x, taps += 8) {
#if defined(__ARM_FEATURE_MVE)
            const int16x8_t v = vldrbq_s16(p), t = vldrhq_s16(taps);
            even = vaddq_s32(even, vmullbq_int_s16(v, t));
            odd = vaddq_s32(odd, vmulltq_int_s16(v, t));
#else
            for (i = 0; i < 8; i++) sums[i] += p[i] * taps[i];
#endif
          }
          row += step_y;
          if (row >= end) row -= rows * line;
        } while (--ky > 0);
#if defined(__ARM_FEATURE_MVE)
        even = requantize_vector(even, scale, l);
        odd = requantize_vector(odd, scale + 12, l);
        vstrbq_s16(to, vmovntq_s32(vmovnbq_s32(vdupq_n_s16(0), even), odd));
#else
        for (i = 0; i < 8; i++) to[i] = requantize_lane(sums[i], scale + 12 * (i % 2), i / 2, l);
#endif
      }`;

/** Eight channels at a time: even and odd ones have sums of their own. */
export const depthwiseVector = depthwiseLoop("depthwise_vector", "", corners, "");
