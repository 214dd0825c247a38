/** float32 kernels that read their sizes from a descriptor: one function for every layer of a kind. */

/** Bias and activation belong to the layer. A dense layer is one of rows without height. */
export const floatLayer = `typedef struct {
  const float *bias; /* of each channel, or 0 */
  int32_t activation; /* 0: none, 1: limited to low and high */
  float low, high;
  int32_t height, width, channels;
  int32_t out_height, out_width, out_channels;
  int32_t kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x, top, left;
  int32_t line; /* depthwise: floats of a padded row, 0 where there is no padding */
} float_layer;`;

/** Code for cores with vectors of floats where the export is for such a core, and what stands there for all others. */
function either(isVector: boolean, vectors: string, plain = ""): string {
  if (!isVector) return plain;
  const rest = plain === "" ? "" : `#else\n${plain}\n`;
  return `#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)\n${vectors}\n${rest}#endif`;
}

const vectorEnding = `#include <arm_mve.h>
static inline float32x4_t bias_vector(const float_layer *l, int32_t o) {
  return l->bias ? vldrwq_f32(l->bias + o) : vdupq_n_f32(0.0f);
}
static inline float32x4_t activated_vector(const float_layer *l, float32x4_t v) {
  if (l->activation == 0) return v;
  return vminnmq_f32(vmaxnmq_f32(v, vdupq_n_f32(l->low)), vdupq_n_f32(l->high));
}`;

export const biasAndActivation = (isVector: boolean): string => `${either(isVector, vectorEnding)}
static inline float activated(const float_layer *l, float v) {
  if (l->activation == 0) return v;
  return min_float(max_float(v, l->low), l->high);
}
static inline float bias_of(const float_layer *l, int32_t o) { return l->bias ? l->bias[o] : 0.0f; }`;

const list = (count: number, text: (i: number) => string, between = " "): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(between);

/** Rows a (and b) times `columns` columns from o on, sums in registers. */
function tile(rows: readonly string[], columns: number): string {
  const declared = rows.map((r) => `float ${list(columns, (i) => `${r}${i} = bias_of(l, o + ${i})`, ", ")};`);
  const loaded = rows.map((r) => `const float v${r} = ${r}[k];`);
  const products = list(
    columns,
    (i) => `{ const float weight = w[${i}]; ${rows.map((r) => `${r}${i} = fma_float(v${r}, weight, ${r}${i});`).join(" ")} }`,
    "\n        ",
  );
  const stored = rows.map((r) => list(columns, (i) => `to_${r}[o + ${i}] = activated(l, ${r}${i});`));
  return `const float *w = weights + o;
      int32_t k;
      ${declared.join("\n      ")}
      for (k = 0; k < depth; k++, w += outs) {
        ${loaded.join(" ")}
        ${products}
      }
      ${stored.join("\n      ")}`;
}

/** The same for eight columns in vectors of four. */
function vectorTile(rows: readonly string[]): string {
  const each = (text: (row: string) => string): string => rows.map(text).join("\n        ");
  return `const float *w = weights + o;
      int32_t k;
      ${each((r) => `float32x4_t ${r}0 = bias_vector(l, o), ${r}1 = bias_vector(l, o + 4);`)}
      for (k = 0; k < depth; k++, w += outs) {
        const float32x4_t w0 = vldrwq_f32(w), w1 = vldrwq_f32(w + 4);
        ${each((r) => `${r}0 = vfmaq_n_f32(${r}0, w0, ${r}[k]);`)}
        ${each((r) => `${r}1 = vfmaq_n_f32(${r}1, w1, ${r}[k]);`)}
      }
      ${each((r) => `vstrwq_f32(to_${r} + o, activated_vector(l, ${r}0)); vstrwq_f32(to_${r} + o + 4, activated_vector(l, ${r}1));`)}`;
}

const columnsAtOnce = 8;

function product(name: string, rows: readonly string[], isVector: boolean): string {
  const given = rows.map((r) => `const float *${r}`).join(", ");
  const written = rows.map((r) => `float *to_${r}`).join(", ");
  return `static void ${name}(const float_layer *l, ${given}, const float *weights, int32_t depth, ${written}) {
  const int32_t outs = l->out_channels;
  int32_t o = 0;
  for (; o + ${columnsAtOnce} <= outs; o += ${columnsAtOnce}) {
${either(isVector, `      ${vectorTile(rows)}`, `      ${tile(rows, columnsAtOnce)}`)}
  }
  for (; o < outs; o++) {
      ${tile(rows, 1)}
  }
}`;
}

/** One row times a matrix [inner, O]. */
export const denseFloat = (isVector: boolean): string => `${product("row_product", ["a"], isVector)}
static void dense_float(const float_layer *l, const float *x, const float *weights, float *y) {
  row_product(l, x, weights, l->channels, y);
}`;

/**
 * `out[p][o] = sum over taps and channels`; x [H,W,C], weights [KH,KW,C,O], positions outside the map are zeros. Two places at a
 * time. A 1 x 1 layer may write over its input.
 */
export const convolutionFloat = (isVector: boolean): string => `${product("rows_product", ["a", "b"], isVector)}
static const float *float_patch(const float_layer *l, const float *x, int32_t place, float *staging, int in_place) {
  const int32_t iy = place / l->out_width * l->stride_y - l->top;
  const int32_t ix = place % l->out_width * l->stride_x - l->left;
  const int32_t channels = l->channels;
  float *to = staging;
  int32_t ky, kx, c;
  if (l->kernel_height * l->kernel_width == 1 && !in_place) return x + (iy * l->width + ix) * channels;
  for (ky = 0; ky < l->kernel_height; ky++) {
    const int32_t y = iy + ky * l->dilation_y;
    const float *row = x + y * l->width * channels;
    for (kx = 0; kx < l->kernel_width; kx++) {
      const int32_t at = ix + kx * l->dilation_x;
      if (y >= 0 && y < l->height && at >= 0 && at < l->width)
        for (c = 0; c < channels; c++) *to++ = row[at * channels + c];
      else
        for (c = 0; c < channels; c++) *to++ = 0.0f;
    }
  }
  return staging;
}
static void convolution_float(const float_layer *l, const float *x, const float *weights, float *y, float *work) {
  const int32_t places = l->out_height * l->out_width, outs = l->out_channels;
  const int32_t depth = l->kernel_height * l->kernel_width * l->channels;
  int32_t place;
  for (place = 0; place < places; place += 2) {
    const int32_t second = place + 1 < places ? place + 1 : place;
    const float *a = float_patch(l, x, place, work, x == y);
    const float *b = float_patch(l, x, second, work + depth, x == y);
    rows_product(l, a, b, weights, depth, y + place * outs, y + second * outs);
  }
}`;

const channelsAtOnce = 4;
const sums = (text: (i: number) => string, between = " "): string => list(channelsAtOnce, text, between);

/** Four channels in a vector. */
const depthwiseVectors = `      for (; o + 4 <= channels; o += 4, to += 4) {
        const float *w = weights + o;
        float32x4_t s = bias_vector(l, o);
        int32_t ky, kx;
        for (ky = 0; ky < l->kernel_height; ky++) {
          const int32_t iy = oy * l->stride_y + ky * l->dilation_y;
          const float *p = (l->line > 0 ? work + iy % rows * line : x + iy * line) + ox * l->stride_x * channels + o;
          for (kx = l->kernel_width; kx > 0; kx--, p += step_x, w += channels) s = vfmaq_f32(s, vldrwq_f32(p), vldrwq_f32(w));
        }
        vstrwq_f32(to, activated_vector(l, s));
      }`;

/**
 * Each channel with its own taps; x [H,W,C], weights [KH,KW,C,1], out [OH,OW,C]. Rows pass through a ring of padded ones, so that
 * the result may be written over the input; without padding they are read where they are.
 */
export const depthwiseFloat = (
  isVector: boolean,
): string => `static void depthwise_float(const float_layer *l, const float *x, const float *weights, float *y, float *work) {
  const int32_t channels = l->channels, rows = (l->kernel_height - 1) * l->dilation_y + 1;
  const int32_t line = l->line > 0 ? l->line : l->width * channels, step_x = l->dilation_x * channels;
  float *to = y;
  int32_t loaded = 0, oy, ox, o, i;
  for (oy = 0; oy < l->out_height; oy++) {
    for (; l->line > 0 && loaded < oy * l->stride_y + rows; loaded++) {
      float *row = work + loaded % rows * line;
      const int32_t iy = loaded - l->top;
      for (i = 0; i < line; i++) row[i] = 0.0f;
      if (iy >= 0 && iy < l->height)
        memcpy(row + l->left * channels, x + iy * l->width * channels, (size_t)(l->width * channels) * sizeof *row);
    }
    for (ox = 0; ox < l->out_width; ox++) {
      o = 0;
${either(isVector, depthwiseVectors)}
      for (; o < channels; o += ${channelsAtOnce}) {
        const int32_t rest = channels - o;
        const float *w = weights + o;
        float ${sums((i) => `s${i} = ${i === 0 ? "" : `rest <= ${i} ? 0.0f : `}bias_of(l, o + ${i})`, ", ")};
        int32_t ky, kx;
        for (ky = 0; ky < l->kernel_height; ky++) {
          const int32_t iy = oy * l->stride_y + ky * l->dilation_y;
          const float *p = (l->line > 0 ? work + iy % rows * line : x + iy * line) + ox * l->stride_x * channels + o;
          if (rest >= ${channelsAtOnce})
            for (kx = l->kernel_width; kx > 0; kx--, p += step_x, w += channels) {
              ${sums((i) => `s${i} = fma_float(p[${i}], w[${i}], s${i});`, "\n              ")}
            }
          else
            for (kx = l->kernel_width; kx > 0; kx--, p += step_x, w += channels) {
              s0 = fma_float(p[0], w[0], s0);
              if (rest > 1) s1 = fma_float(p[1], w[1], s1);
              if (rest > 2) s2 = fma_float(p[2], w[2], s2);
            }
        }
        *to++ = activated(l, s0);
        if (rest > 1) *to++ = activated(l, s1);
        if (rest > 2) *to++ = activated(l, s2);
        if (rest > 3) *to++ = activated(l, s3);
      }
    }
  }
}`;
