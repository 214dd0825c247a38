/** Threads that a program can have. */
export const mostThreads = 64;

/**
 * Threads of a native program: every thread runs the same step and takes its share of each kernel's iterations; a
 * barrier stands between kernels. Which thread does what changes no bit, as iterations are independent.
 */
export const nativeRuntime = `
#include <stdlib.h>
#include <stdatomic.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() ((void)0)
#endif
#if defined(__linux__) && !defined(__ANDROID__)
#define PLACES 1
#else
#define PLACES 0
#endif
typedef struct {
  int32_t threads;
  atomic_int arrived, phase, job, stop;
  char *memory;
  pthread_t handles[${mostThreads}];
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  int32_t asleep[${mostThreads}];
#if PLACES
  int32_t moved[${mostThreads}];
  cpu_set_t usual[${mostThreads}];
#endif
} Pool;
typedef struct { Pool *pool; int32_t thread; } Seat;
static _Thread_local Pool *current;
static void barrier(int32_t threads) {
  Pool *p = current;
  int phase = atomic_load_explicit(&p->phase, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&p->arrived, 1, memory_order_acq_rel) == threads - 1) {
    atomic_store_explicit(&p->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&p->phase, phase + 1, memory_order_release);
    return;
  }
  for (int spins = 0; atomic_load_explicit(&p->phase, memory_order_acquire) == phase; spins++) {
    if (spins < 1000) PAUSE(); else sched_yield();
  }
}
#define PART(extent, thread) ((int32_t)((int64_t)(extent) * (thread) / threads))
#define MEET do { if (threads > 1) barrier(threads); } while (0)
#define SHARE(extent, call) do { \\
  int32_t begin = PART(extent, thread), end = PART(extent, thread + 1); \\
  if (begin < end) call; } while (0)
#define FIRST(extent, call) do { if (thread == 0) { int32_t begin = 0, end = extent; call; } } while (0)
#define ALONE(extent, call) do { int32_t begin = 0, end = extent; call; } while (0)
static void step(char *m, int32_t thread, int32_t threads);
/* With FLUSHES numbers below 2^-126 are zeros while a step runs: arithmetic with them takes a hundred times as long, and states and
   gradients that fade over time are full of them. The processor's other users, JavaScript first of all, keep them. */
static void run_step(char *m, int32_t thread, int32_t threads) {
#if FLUSHES && defined(__x86_64__)
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  step(m, thread, threads);
  _mm_setcsr(before);
#elif FLUSHES && defined(__aarch64__)
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | (1u << 24)) : "memory");
  step(m, thread, threads);
  __asm__ volatile("msr fpcr, %0" : : "r"(before) : "memory");
#else
  step(m, thread, threads);
#endif
}
#if PLACES
/* A sleeping thread is to wake on another processor than this one: the system likes to put it here, where it waits until the caller, who
   waits for it, is moved away: some ten milliseconds. What it may usually run on it takes again when it is awake. */
static void wake_elsewhere(Pool *p, int32_t thread) {
  cpu_set_t others;
  int here = sched_getcpu();
  if (here < 0 || pthread_getaffinity_np(p->handles[thread], sizeof others, &p->usual[thread]) != 0) return;
  others = p->usual[thread];
  CPU_CLR(here, &others);
  if (CPU_COUNT(&others) > 0) p->moved[thread] = pthread_setaffinity_np(p->handles[thread], sizeof others, &others) == 0;
}
static void settle(Pool *p, int32_t thread) {
  if (p->moved[thread]) pthread_setaffinity_np(pthread_self(), sizeof p->usual[thread], &p->usual[thread]);
  p->moved[thread] = 0;
}
#else
static void wake_elsewhere(Pool *p, int32_t thread) { (void)p; (void)thread; }
static void settle(Pool *p, int32_t thread) { (void)p; (void)thread; }
#endif
static void *worker(void *argument) {
  Seat seat = *(Seat *)argument;
  free(argument);
  Pool *p = seat.pool;
  current = p;
  for (int done = 0;;) {
    for (int spins = 0; atomic_load_explicit(&p->job, memory_order_acquire) == done && !atomic_load(&p->stop); spins++) {
      if (spins < 1000) { PAUSE(); continue; }
      pthread_mutex_lock(&p->mutex);
      p->asleep[seat.thread] = 1;
      while (atomic_load(&p->job) == done && !atomic_load(&p->stop)) pthread_cond_wait(&p->wake, &p->mutex);
      p->asleep[seat.thread] = 0;
      pthread_mutex_unlock(&p->mutex);
      settle(p, seat.thread);
    }
    if (atomic_load(&p->stop)) return 0;
    done++;
    run_step(p->memory, seat.thread, p->threads);
    barrier(p->threads);
  }
}
int32_t earshot_misaligned(void *m) { return (int32_t)((uintptr_t)m & 63); }
/* Large pages, where the system gives them when asked: a step walks through more small ones than the processor remembers. */
void earshot_advise(void *m, int64_t bytes) {
#ifdef MADV_HUGEPAGE
  uintptr_t page = 4096, from = ((uintptr_t)m + page - 1) & ~(page - 1), to = ((uintptr_t)m + bytes) & ~(page - 1);
  if (to > from) madvise((void *)from, to - from, MADV_HUGEPAGE);
#endif
}
void *earshot_open(int32_t threads) {
  Pool *p = calloc(1, sizeof(Pool));
  p->threads = threads;
  pthread_mutex_init(&p->mutex, 0);
  pthread_cond_init(&p->wake, 0);
  for (int32_t i = 1; i < p->threads; i++) {
    Seat *seat = malloc(sizeof(Seat));
    seat->pool = p;
    seat->thread = i;
    pthread_create(&p->handles[i], 0, worker, seat);
  }
  return p;
}
void earshot_run(void *pool, void *m) {
  Pool *p = pool;
  if (p->threads == 1) { run_step(m, 0, 1); return; }
  current = p;
  p->memory = m;
  pthread_mutex_lock(&p->mutex);
  for (int32_t i = 1; i < p->threads; i++) if (p->asleep[i]) wake_elsewhere(p, i);
  atomic_fetch_add(&p->job, 1);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->mutex);
  run_step(m, 0, p->threads);
  barrier(p->threads);
}
void earshot_close(void *pool) {
  Pool *p = pool;
  pthread_mutex_lock(&p->mutex);
  atomic_store(&p->stop, 1);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->mutex);
  for (int32_t i = 1; i < p->threads; i++) pthread_join(p->handles[i], 0);
  free(p);
}
`;
