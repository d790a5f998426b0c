/* SPDX-License-Identifier: Apache-2.0 */
/* Entry in machine mode: a stack, an empty .bss, main(). */
  .section .text.start, "ax"
  .globl _start
_start:
  csrr t0, mhartid
  bnez t0, park
  la sp, stack_top
  la t0, bss_start
  la t1, bss_end
clear:
  bgeu t0, t1, run
  sw zero, 0(t0)
  addi t0, t0, 4
  j clear
run:
  call main
park:
  wfi
  j park
