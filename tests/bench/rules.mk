# SPDX-License-Identifier: Apache-2.0
# How much code a program carries along: docs/how_we_count.md, "Code size". And the objects for 32-bit processors.
SMALL = -std=c11 -Os -fno-pie -no-pie -fno-asynchronous-unwind-tables -I. $(FREESTANDING) -ffunction-sections -fdata-sections
STACK_H := $(wildcard stack/*/*.h)
SMALL_LINK = -Wl,--gc-sections -nostdlib -static -Wl,-e,main,--unresolved-symbols=ignore-all

# The least that a program with TCP, UDP and IPv4 carries along.
$(BUILD)/bench/minimal: tests/bench/minimal.c $(STACK_C) $(STACK_H)
	$(call quiet,LD ) $(CC) $(SMALL) -flto=auto $(filter %.c,$^) $(SMALL_LINK) -o $@
$(BUILD)/bench/minimal-no-lto: tests/bench/minimal.c $(STACK_C) $(STACK_H)
	$(call quiet,LD ) $(CC) $(SMALL) $(filter %.c,$^) $(SMALL_LINK) -o $@
# All of stack/, nothing left out.
$(BUILD)/bench/everything.o: $(STACK_C) $(STACK_H)
	$(call quiet,LD ) $(CC) $(SMALL) -flto=auto -r -flinker-output=nolto-rel -nostdlib $(filter %.c,$^) -o $@ 2>/dev/null

# The same for 32-bit processors, with what the compiler's own library (libgcc) lends them: division of 64 bits and
# the like. In build/<processor>/ lie the objects of the stack and the driver too, built with every warning.
CROSS_riscv32 := riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32
CROSS_cortex_m := arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb

define CROSS_RULES
CROSS_OBJECTS += $(patsubst %.c,$(BUILD)/$(1)/%.o,$(STACK_C) $(DRIVER_C))
$(BUILD)/$(1)/%: CC := $(CROSS_$(1))
$(BUILD)/$(1)/%.o: %.c
	$$(call quiet,CC ) $$(CC) $$(COMMON) -Os $$(FREESTANDING) -c $$< -o $$@
$(BUILD)/$(1)/minimal: tests/bench/minimal.c $(STACK_C) $(STACK_H)
	$$(call quiet,LD ) $$(CC) $$(SMALL) -flto=auto $$(filter %.c,$$^) $$(SMALL_LINK) -Wl,--no-warn-rwx-segments -lgcc -o $$@
$(BUILD)/$(1)/everything.o: $(STACK_C) $(STACK_H)
	$$(call quiet,LD ) $$(CC) $$(SMALL) -flto=auto -r -flinker-output=nolto-rel -nostdlib $$(filter %.c,$$^) -lgcc -o $$@ 2>/dev/null
-include $(shell find $(BUILD)/$(1) -name '*.d' 2>/dev/null)
endef
$(foreach processor,riscv32 cortex_m,$(eval $(call CROSS_RULES,$(processor))))
