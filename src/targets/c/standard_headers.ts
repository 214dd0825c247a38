/** Headers of C (to C23), those that they include in glibc and newlib, and those of an export and its sketch. A PREFIX.h would hide them. */
const headers = new Set(
  (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbit stdbool " +
    "stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype " +
    "alloca endian features newlib strings arm_mve Arduino"
  )
    .toLowerCase()
    .split(" "),
);

/** Whether PREFIX.h is the name of a standard header. Case does not count: there are file systems for which it does not. */
export function isStandardHeader(prefix: string): boolean {
  return headers.has(prefix.toLowerCase());
}
