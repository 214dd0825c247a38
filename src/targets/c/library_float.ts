/** float32 kernels that read their sizes from a descriptor: one function for every layer of a kind. */

/** Sizes of a convolution; a dense layer is one of rows without height. */
export const floatGeometry = `typedef struct {
  int32_t height, width, channels;
  int32_t out_height, out_width, out_channels;
  int32_t kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x, top, left;
} float_geometry;`;

/** `out[p][o] = sum over taps and channels`; x [H,W,C], weights [KH,KW,C,O], positions outside the map are zeros. */
export const convolutionFloat = `static void convolution_float(const float_geometry *g, const float *x, const float *weights, float *y) {
  int32_t oy, ox, o, ky, kx, c;
  for (oy = 0; oy < g->out_height; oy++)
    for (ox = 0; ox < g->out_width; ox++) {
      for (o = 0; o < g->out_channels; o += 4) {
        const int32_t rest = g->out_channels - o;
        float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
        for (ky = 0; ky < g->kernel_height; ky++) {
          const int32_t iy = oy * g->stride_y + ky * g->dilation_y - g->top;
          if (iy < 0 || iy >= g->height) continue;
          for (kx = 0; kx < g->kernel_width; kx++) {
            const int32_t ix = ox * g->stride_x + kx * g->dilation_x - g->left;
            const float *p = x + (iy * g->width + ix) * g->channels;
            const float *w = weights + (ky * g->kernel_width + kx) * g->channels * g->out_channels + o;
            if (ix < 0 || ix >= g->width) continue;
            if (rest >= 4)
              for (c = 0; c < g->channels; c++, w += g->out_channels) {
                const float v = p[c];
                s0 = fma_float(v, w[0], s0);
                s1 = fma_float(v, w[1], s1);
                s2 = fma_float(v, w[2], s2);
                s3 = fma_float(v, w[3], s3);
              }
            else
              for (c = 0; c < g->channels; c++, w += g->out_channels) {
                const float v = p[c];
                s0 = fma_float(v, w[0], s0);
                if (rest > 1) s1 = fma_float(v, w[1], s1);
                if (rest > 2) s2 = fma_float(v, w[2], s2);
              }
          }
        }
        y[o] = s0;
        if (rest > 1) y[o + 1] = s1;
        if (rest > 2) y[o + 2] = s2;
        if (rest > 3) y[o + 3] = s3;
      }
      y += g->out_channels;
    }
}`;

/** Each channel with its own taps; x [H,W,C], weights [KH,KW,C,1], out [OH,OW,C]. */
export const depthwiseFloat = `static void depthwise_float(const float_geometry *g, const float *x, const float *weights, float *y) {
  int32_t oy, ox, o, ky, kx;
  for (oy = 0; oy < g->out_height; oy++)
    for (ox = 0; ox < g->out_width; ox++) {
      memset(y, 0, (size_t)g->out_channels * sizeof *y);
      for (ky = 0; ky < g->kernel_height; ky++) {
        const int32_t iy = oy * g->stride_y + ky * g->dilation_y - g->top;
        if (iy < 0 || iy >= g->height) continue;
        for (kx = 0; kx < g->kernel_width; kx++) {
          const int32_t ix = ox * g->stride_x + kx * g->dilation_x - g->left;
          const float *p = x + (iy * g->width + ix) * g->channels;
          const float *w = weights + (ky * g->kernel_width + kx) * g->out_channels;
          if (ix < 0 || ix >= g->width) continue;
          for (o = 0; o < g->out_channels; o++) y[o] = fma_float(p[o], w[o], y[o]);
        }
      }
      y += g->out_channels;
    }
}`;
