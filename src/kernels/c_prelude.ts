/**
 * Types and helper functions of printed C kernels: GCC/Clang vector extensions, with the machine's own fused
 * multiply-add, minimum and maximum where a plain expression would not become one instruction.
 */
function vectorPrelude(lanes: number): string {
  const bytes = lanes * 4;
  const half = lanes / 2;
  const lane = (operation: string): string => `for (int i = 0; i < ${lanes}; i++) r[i] = ${operation}; return r;`;
  const f = `f32x${lanes}`;
  const i32 = `i32x${lanes}`;
  const prefix = lanes === 16 ? "_mm512" : lanes === 8 ? "_mm256" : "_mm";
  const guard = lanes === 16 ? "__AVX512F__" : lanes === 8 ? "__AVX2__" : "__SSE2__";
  const fmaGuard = lanes === 16 ? "__AVX512F__" : "__FMA__";
  const native = (lanes === 16 ? "__m512" : lanes === 8 ? "__m256" : "__m128") as string;
  const reduce = (operator: string, expression: (a: string, b: string) => string, type: string, scalar: string): string => {
    const name = `horizontal_${operator}_${type}`;
    const body: string[] = [];
    for (let width = half; width >= 1; width /= 2)
      body.push(`for (int i = 0; i < ${width}; i++) a[i] = ${expression("a[i]", `a[i + ${width}]`)};`);
    return `static inline ${scalar} ${name}(${type} a) { ${body.join(" ")} return a[0]; }`;
  };
  // Plain conversions between vectors of elements of different sizes become a chain of scalar ones in GCC.
  const widened = { i16: "epi16", i8: "epi8", u8: "epu8" } as const;
  const narrow = (element: keyof typeof widened, type: string): string => {
    const size = element === "i16" ? 2 : 1;
    const bytes = lanes * size;
    const read =
      bytes >= 16
        ? `_mm${bytes === 32 ? "256" : ""}_loadu_si${bytes * 8}((const __m${bytes * 8}i *)p)`
        : bytes === 8
          ? "_mm_loadl_epi64((const __m128i *)p)"
          : "_mm_cvtsi32_si128(word)";
    const word = bytes === 4 ? "int32_t word; memcpy(&word, p, 4); " : "";
    const cut = element === "i16" ? "epi16" : "epi8";
    const store = `_mm512_mask_cvtepi32_storeu_${cut}(p, (__mmask16)-1, (__m512i)a);`;
    const plain = `${element}x${lanes} v = __builtin_convertvector(a, ${element}x${lanes}); memcpy(p, &v, sizeof v);`;
    return `
typedef ${type} ${element}x${lanes} __attribute__((vector_size(${bytes})));
#if defined(${lanes === 4 ? "__SSE4_1__" : guard})
static inline ${i32} load_${element}x${lanes}(const ${type} *p) { ${word}return (${i32})${prefix}_cvt${widened[element]}_epi32(${read}); }
#else
static inline ${i32} load_${element}x${lanes}(const ${type} *p) { ${element}x${lanes} v; memcpy(&v, p, sizeof v); return __builtin_convertvector(v, ${i32}); }
#endif
${lanes === 16 ? "#if defined(__AVX512F__)" : "#if 0"}
static inline void store_${element}x${lanes}(${type} *p, ${i32} a) { ${store} }
#else
static inline void store_${element}x${lanes}(${type} *p, ${i32} a) { ${plain} }
#endif`;
  };
  const wide = lanes === 16 ? "__m512i" : lanes === 8 ? "__m256i" : "__m128i";
  const blend =
    lanes === 16
      ? "_mm512_mask_blend_epi32(0xaaaa, even, odd)"
      : lanes === 8
        ? "_mm256_blend_epi32(even, odd, 0xaa)"
        : "_mm_blend_epi16(even, odd, 0xcc)";
  // The products of even and of odd lanes in 64 bits; only 32 bits of each shifted product are kept.
  const highMul = `
#if defined(${lanes === 4 ? "__SSE4_1__" : guard})
static inline ${i32} doubling_high_mul_${i32}(${i32} a, ${i32} b) {
  const ${wide} half = ${prefix}_set1_epi64${lanes === 16 ? "" : "x"}(1LL << 30);
  const ${wide} lower = ${prefix}_add_epi64(${prefix}_mul_epi32((${wide})a, (${wide})b), half);
  const ${wide} upper = ${prefix}_add_epi64(${prefix}_mul_epi32(${prefix}_srli_epi64((${wide})a, 32), ${prefix}_srli_epi64((${wide})b, 32)), half);
  const ${wide} even = ${prefix}_srli_epi64(lower, 31), odd = ${prefix}_slli_epi64(upper, 1);
  return (${i32})${blend};
}
#else
static inline ${i32} doubling_high_mul_${i32}(${i32} a, ${i32} b) { ${i32} r; ${lane("doubling_high_mul_int32_t(a[i], b[i])")} }
#endif`;
  // The instruction for 512 bits keeps its unit busy for 12 cycles and more, and a division behind it (Adam) waits for the same unit. Two
  // steps of Newton, the second with a remainder that is not rounded (P. Markstein 1990, Computation of elementary functions on the IBM
  // RISC System/6000), give the rounded root above 1e-30, and one that is at most 1 ulp away below. 0x0e: zeros and infinity.
  const plainRoot = `static inline ${f} sqrt_${f}(${f} a) { return (${f})${prefix}_sqrt_ps((${native})a); }`;
  const squareRoot =
    lanes === 16
      ? `#if defined(__AVX512DQ__)
static inline ${f} sqrt_${f}(${f} a) {
  const __m512 x = (__m512)a, half = _mm512_set1_ps(0.5f), y = _mm512_rsqrt14_ps(x);
  __m512 h = _mm512_mul_ps(half, y), g = _mm512_mul_ps(x, y);
  const __m512 r = _mm512_fnmadd_ps(g, h, half);
  g = _mm512_fmadd_ps(g, r, g);
  h = _mm512_fmadd_ps(h, r, h);
  g = _mm512_fmadd_ps(_mm512_fnmadd_ps(g, g, x), h, g);
  return (${f})_mm512_mask_mov_ps(g, _mm512_fpclass_ps_mask(x, 0x0e), x);
}
#else
${plainRoot}
#endif`
      : plainRoot;
  // A vector cannot be indexed by a range; copying through memory is what every compiler knows.
  const parts = [4, 8]
    .filter((narrow) => narrow < lanes)
    .map((narrow) =>
      ["f32", "i32"]
        .map((type) => {
          const [from, to] = [`${type}x${lanes}`, `${type}x${narrow}`];
          return `static inline ${to} part_${to}_${from}(${from} a, int at) { ${to} r; memcpy(&r, (const char *)&a + 4 * at, sizeof r); return r; }`;
        })
        .join("\n"),
    )
    .join("\n");
  return `
typedef float ${f} __attribute__((vector_size(${bytes})));
typedef int32_t ${i32} __attribute__((vector_size(${bytes})));
typedef uint32_t u${i32} __attribute__((vector_size(${bytes})));
typedef float ${f}u __attribute__((vector_size(${bytes}), aligned(4), may_alias));
#define SHUFFLE_${f}(a, b, ...) __builtin_shuffle(a, b, (${i32}){__VA_ARGS__})
typedef int32_t ${i32}u __attribute__((vector_size(${bytes}), aligned(4), may_alias));
static inline ${f} load_${f}(const float *p) { return *(const ${f}u *)p; }
static inline void store_${f}(float *p, ${f} a) { *(${f}u *)p = a; }
static inline ${i32} load_${i32}(const int32_t *p) { return *(const ${i32}u *)p; }
static inline void store_${i32}(int32_t *p, ${i32} a) { *(${i32}u *)p = a; }
${narrow("i16", "int16_t")}${narrow("i8", "int8_t")}${narrow("u8", "uint8_t")}
static inline ${f} splat_${f}(float x) { return x - (${f}){}; }
static inline ${i32} splat_${i32}(int32_t x) { return x - (${i32}){}; }
static inline ${f} select_${f}(${i32} m, ${f} a, ${f} b) { return (${f})(((${i32})a & m) | ((${i32})b & ~m)); }
static inline ${i32} select_${i32}(${i32} m, ${i32} a, ${i32} b) { return (a & m) | (b & ~m); }
static inline ${f} abs_${f}(${f} a) { return (${f})((${i32})a & 0x7fffffff); }
static inline ${f} floor_${f}(${f} a) { ${f} r; ${lane("__builtin_floorf(a[i])")} }
static inline ${f} ceil_${f}(${f} a) { ${f} r; ${lane("__builtin_ceilf(a[i])")} }
static inline ${f} nearest_${f}(${f} a) { ${f} r; ${lane("__builtin_rintf(a[i])")} }
static inline ${i32} max_${i32}(${i32} a, ${i32} b) { return select_${i32}(a > b, a, b); }
static inline ${i32} min_${i32}(${i32} a, ${i32} b) { return select_${i32}(a < b, a, b); }
${parts}
${highMul}
static inline ${i32} abs_${i32}(${i32} a) { return max_${i32}(a, -a); }
#if defined(${guard})
static inline ${f} max_${f}(${f} a, ${f} b) { return (${f})${prefix}_max_ps((${native})a, (${native})b); }
static inline ${f} min_${f}(${f} a, ${f} b) { return (${f})${prefix}_min_ps((${native})a, (${native})b); }
${squareRoot}
#else
static inline ${f} max_${f}(${f} a, ${f} b) { return select_${f}(a > b, a, b); }
static inline ${f} min_${f}(${f} a, ${f} b) { return select_${f}(a < b, a, b); }
static inline ${f} sqrt_${f}(${f} a) { ${f} r; ${lane("__builtin_sqrtf(a[i])")} }
#endif
#if defined(${fmaGuard})
static inline ${f} fma_${f}(${f} a, ${f} b, ${f} c) { return (${f})${prefix}_fmadd_ps((${native})a, (${native})b, (${native})c); }
#else
static inline ${f} fma_${f}(${f} a, ${f} b, ${f} c) { ${f} r; ${lane("fma_float(a[i], b[i], c[i])")} }
#endif
${reduce("add", (a, b) => `${a} + ${b}`, f, "float")}
${reduce("max", (a, b) => `${a} > ${b} ? ${a} : ${b}`, f, "float")}
${reduce("min", (a, b) => `${a} < ${b} ? ${a} : ${b}`, f, "float")}
${reduce("add", (a, b) => `${a} + ${b}`, i32, "int32_t")}
${reduce("max", (a, b) => `${a} > ${b} ? ${a} : ${b}`, i32, "int32_t")}
${reduce("min", (a, b) => `${a} < ${b} ? ${a} : ${b}`, i32, "int32_t")}
`;
}

const scalars = `
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#if defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__aarch64__)
static inline float fma_float(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline double fma_double(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
static inline float fma_float(float a, float b, float c) { return a * b + c; }
static inline double fma_double(double a, double b, double c) { return a * b + c; }
#endif
/* Clang and GCC from 12 on have the first; older GCCs the second. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE(type, a, b, ...) ((type)__builtin_shufflevector(a, b, __VA_ARGS__))
#endif
#endif
#if !defined(SHUFFLE)
#define SHUFFLE(type, a, b, ...) SHUFFLE_##type(a, b, __VA_ARGS__)
#endif
static inline float max_float(float a, float b) { return a > b ? a : b; }
static inline float min_float(float a, float b) { return a < b ? a : b; }
static inline double max_double(double a, double b) { return a > b ? a : b; }
static inline double min_double(double a, double b) { return a < b ? a : b; }
static inline int32_t max_int32_t(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t min_int32_t(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t doubling_high_mul_int32_t(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31); }
static inline float abs_float(float a) { return __builtin_fabsf(a); }
static inline double abs_double(double a) { return __builtin_fabs(a); }
static inline int32_t abs_int32_t(int32_t a) { return a < 0 ? -a : a; }
static inline float sqrt_float(float a) { return __builtin_sqrtf(a); }
static inline double sqrt_double(double a) { return __builtin_sqrt(a); }
static inline float floor_float(float a) { return __builtin_floorf(a); }
static inline double floor_double(double a) { return __builtin_floor(a); }
static inline float ceil_float(float a) { return __builtin_ceilf(a); }
static inline double ceil_double(double a) { return __builtin_ceil(a); }
static inline float nearest_float(float a) { return __builtin_rintf(a); }
static inline double nearest_double(double a) { return __builtin_rint(a); }
static inline double exp_double(double a) { return __builtin_exp(a); }
static inline double log_double(double a) { return __builtin_log(a); }
static inline double tanh_double(double a) { return __builtin_tanh(a); }
static inline float bits_float(int32_t a) { float r; memcpy(&r, &a, 4); return r; }
static inline int32_t bits_int32_t(float a) { int32_t r; memcpy(&r, &a, 4); return r; }
`;

/** The prelude for vectors of 4, 8, ... up to the widest number of lanes. */
export function cPrelude(widest: number): string {
  let text = scalars;
  for (let lanes = 4; lanes <= widest; lanes *= 2) text += vectorPrelude(lanes);
  return text;
}
