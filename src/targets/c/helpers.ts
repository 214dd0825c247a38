/** Functions that printed kernels and library functions call, in an order in which each follows what it uses. */
const helpers: readonly (readonly [name: string, text: string])[] = [
  ["bits_float", "static inline float bits_float(int32_t a) { float r; memcpy(&r, &a, 4); return r; }"],
  ["bits_int32_t", "static inline int32_t bits_int32_t(float a) { int32_t r; memcpy(&r, &a, 4); return r; }"],
  [
    "fma_float",
    `#if defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__aarch64__)
static inline float fma_float(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
static inline float fma_float(float a, float b, float c) { return a * b + c; }
#endif`,
  ],
  ["max_float", "static inline float max_float(float a, float b) { return a > b ? a : b; }"],
  ["min_float", "static inline float min_float(float a, float b) { return a < b ? a : b; }"],
  ["max_int32_t", "static inline int32_t max_int32_t(int32_t a, int32_t b) { return a > b ? a : b; }"],
  ["min_int32_t", "static inline int32_t min_int32_t(int32_t a, int32_t b) { return a < b ? a : b; }"],
  ["abs_float", "static inline float abs_float(float a) { return bits_float(bits_int32_t(a) & 0x7fffffff); }"],
  [
    "doubling_high_mul_int32_t",
    "static inline int32_t doubling_high_mul_int32_t(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31); }",
  ],
  ["abs_int32_t", "static inline int32_t abs_int32_t(int32_t a) { return a < 0 ? -a : a; }"],
  [
    // Newton's iteration for 1 / sqrt(a) from the exponent's half; the last step corrects the root itself.
    "sqrt_float",
    `static inline float sqrt_float(float a) {
#if defined(__ARM_FP) && (__ARM_FP & 4)
  float r;
  __asm__("vsqrt.f32 %0, %1" : "=t"(r) : "t"(a));
  return r;
#else
  float r;
  if (!(a > 1.17549435e-38f)) return a >= 0.0f ? 0.0f : (a - a) / (a - a);
  if (a > 3.4028234e38f) return a;
  r = bits_float(0x5f3759df - (bits_int32_t(a) >> 1));
  r = r * (1.5f - 0.5f * a * r * r);
  r = r * (1.5f - 0.5f * a * r * r);
  r = r * (1.5f - 0.5f * a * r * r);
  r = a * r;
  return 0.5f * (r + a / r);
#endif
}`,
  ],
  [
    // From 2^23 on every float is whole.
    "floor_float",
    `static inline float floor_float(float a) {
  float t;
  if (!(a > -8388608.0f && a < 8388608.0f)) return a;
  t = (float)(int32_t)a;
  return t > a ? t - 1.0f : t;
}`,
  ],
  ["ceil_float", "static inline float ceil_float(float a) { return -floor_float(-a); }"],
  [
    // Half to even.
    "nearest_float",
    `static inline float nearest_float(float a) {
  float f, d;
  if (!(a > -8388608.0f && a < 8388608.0f)) return a;
  f = floor_float(a);
  d = a - f;
  if (d == 0.5f) return ((int32_t)f & 1) ? f + 1.0f : f;
  return d > 0.5f ? f + 1.0f : f;
}`,
  ],
  ["max_double", "static inline double max_double(double a, double b) { return a > b ? a : b; }"],
  ["min_double", "static inline double min_double(double a, double b) { return a < b ? a : b; }"],
  [
    // From 2^52 on every double is whole.
    "floor_double",
    `static inline double floor_double(double a) {
  double t;
  if (!(a > -4503599627370496.0 && a < 4503599627370496.0)) return a;
  t = (double)(int64_t)a;
  return t > a ? t - 1.0 : t;
}`,
  ],
  [
    // Newton's iteration for the root itself, from the exponent's half; exact for the squares of whole numbers.
    "sqrt_double",
    `static inline double sqrt_double(double a) {
  int64_t bits;
  double r;
  int32_t i;
  if (!(a > 2.2250738585072014e-308)) return a >= 0.0 ? 0.0 : (a - a) / (a - a);
  if (a > 1.7976931348623157e308) return a;
  memcpy(&bits, &a, 8);
  bits = (bits >> 1) + ((int64_t)0x1ff80000 << 32);
  memcpy(&r, &bits, 8);
  for (i = 0; i < 5; i++) r = 0.5 * (r + a / r);
  return r;
}`,
  ],
  ["load_word", "static inline uint32_t load_word(const void *p) { uint32_t r; memcpy(&r, p, 4); return r; }"],
];

/** The helpers that the code uses, directly or through one another. */
export function helpersFor(code: string): string {
  const needed: string[] = [];
  let text = code;
  for (const [name, helper] of helpers.toReversed()) {
    if (!new RegExp(`\\b${name}\\(`).test(text)) continue;
    needed.unshift(helper);
    text += helper;
  }
  return needed.join("\n");
}
