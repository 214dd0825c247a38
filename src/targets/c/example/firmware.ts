import { UsageError } from "../../../base/errors.js";
import type { Cpu } from "../cpu.js";

/** A board that QEMU has for a core, and where its memories lie. */
export interface Board {
  readonly machine: string;
  /** Origin and bytes of the memory for code and data in flash, and of RAM. */
  readonly flash: readonly [number, number];
  readonly ram: readonly [number, number];
}

const megabytes = 1 << 20;
const boards: Partial<Record<Cpu, Board>> = {
  "cortex-m3": { machine: "mps2-an385", flash: [0, 4 * megabytes], ram: [0x20000000, 4 * megabytes] },
  "cortex-m4": { machine: "mps2-an386", flash: [0, 4 * megabytes], ram: [0x20000000, 4 * megabytes] },
  "cortex-m7": { machine: "mps2-an500", flash: [0, 4 * megabytes], ram: [0x20000000, 4 * megabytes] },
  "cortex-m55": { machine: "mps3-an547", flash: [0, megabytes / 2], ram: [0x20000000, megabytes / 2] },
};

/** The board for a core. */
export function boardFor(cpu: Cpu): Board {
  const board = boards[cpu];
  if (!board)
    throw new UsageError(`there is no example for --cpu ${cpu}: QEMU's boards are for ${Object.keys(boards).join(", ")}`);
  return board;
}

const hexadecimal = (n: number): string => `0x${n.toString(16)}`;

/** The linker script: code, tables and weights in flash, static memory and then the stack in RAM. */
export function linkerScript({ machine, flash, ram }: Board): string {
  return `/* ${machine} */
MEMORY
{
  FLASH (rx) : ORIGIN = ${hexadecimal(flash[0])}, LENGTH = ${hexadecimal(flash[1])}
  RAM (rwx) : ORIGIN = ${hexadecimal(ram[0])}, LENGTH = ${hexadecimal(ram[1])}
}
ENTRY(reset_handler)
SECTIONS
{
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(4); } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  data_load = LOADADDR(.data);
  .data : { data_start = .; *(.data*) . = ALIGN(4); data_end = .; } > RAM AT > FLASH
  .bss (NOLOAD) : { bss_start = .; *(.bss*) *(COMMON) . = ALIGN(8); bss_end = .; } > RAM
  stack_bottom = bss_end;
  stack_top = ORIGIN(RAM) + LENGTH(RAM);
}
`;
}

/** Vector table, start and the debugger's calls (Arm semihosting). */
export const startup = `#include "board.h"

#include <string.h>

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;
int main(void);
volatile uint32_t systick_wraps;

static intptr_t host_call(int operation, const void *argument) {
  register intptr_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int host_open(const char *name, int mode) {
  const intptr_t arguments[3] = {(intptr_t)name, mode, (intptr_t)strlen(name)};
  return (int)host_call(0x01, arguments);
}

int32_t host_read(int file, void *to, int32_t bytes) {
  const intptr_t arguments[3] = {file, (intptr_t)to, bytes};
  return bytes - (int32_t)host_call(0x06, arguments);
}

void host_write(int file, const void *from, int32_t bytes) {
  const intptr_t arguments[3] = {file, (intptr_t)from, bytes};
  (void)host_call(0x05, arguments);
}

void host_print(const char *text) { (void)host_call(0x04, text); }

int host_arguments(char *to, int32_t bytes) {
  const intptr_t arguments[2] = {(intptr_t)to, bytes};
  return (int)host_call(0x15, arguments);
}

void host_exit(int failed) {
  (void)host_call(0x18, (const void *)(intptr_t)(failed ? 0x20023 : 0x20026));
  for (;;) {
  }
}

void reset_handler(void) {
  /* Access to the floating-point unit, where there is one. */
  *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
  __asm__ volatile("dsb\\n\\tisb" ::: "memory");
  memcpy(&data_start, &data_load, (size_t)((char *)&data_end - (char *)&data_start));
  memset(&bss_start, 0, (size_t)((char *)&bss_end - (char *)&bss_start));
  host_exit(main());
}

static void fault_handler(void) {
  host_print("fault\\n");
  host_exit(1);
}

static void systick_handler(void) { systick_wraps++; }

typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)(void *)&stack_top, reset_handler, fault_handler, fault_handler, fault_handler, fault_handler, fault_handler, 0,
    0, 0, 0, fault_handler, fault_handler, 0, fault_handler, systick_handler};
`;

export const boardHeader = `#ifndef BOARD_H
#define BOARD_H
#include <stdint.h>
/* Files and the terminal of the machine that runs QEMU. Modes: 1 read, 5 write, both binary. */
int host_open(const char *name, int mode);
int32_t host_read(int file, void *to, int32_t bytes);
void host_write(int file, const void *from, int32_t bytes);
void host_print(const char *text);
int host_arguments(char *to, int32_t bytes);
void host_exit(int failed);
extern volatile uint32_t systick_wraps;
#endif
`;
