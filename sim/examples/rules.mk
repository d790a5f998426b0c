# SPDX-License-Identifier: Apache-2.0
# The example programs, one source each, for three worlds: those with PACKHORSE are a part of the tool,
# build/examples/linux uses Linux's sockets, build/examples/packhorse the library. Included by the top Makefile.
$(BUILD)/rel/sim/examples/%.o: sim/examples/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) -D_GNU_SOURCE -DPACKHORSE -c $< -o $@
$(BUILD)/asan/sim/examples/%.o: sim/examples/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(SANITIZE) -D_GNU_SOURCE -DPACKHORSE -c $< -o $@
$(BUILD)/linux/%.o: %.c
	$(call quiet,CC ) $(CC) $(COMMON) $(SANITIZE) -D_GNU_SOURCE -c $< -o $@

examples: $(BUILD)/examples/linux $(BUILD)/examples/packhorse ## the example programs as processes: docs/examples.md
linux = $(patsubst %.c,$(BUILD)/linux/%.o,$(1))
$(BUILD)/examples/linux: $(call linux,$(EXAMPLE_C) sim/examples/console.c sim/examples/main_linux.c)
	$(call quiet,LD ) $(CC) $(SANITIZE) $^ -o $@
$(BUILD)/examples/packhorse: $(call asan,$(EXAMPLE_C) $(THREADS_C)) $(call linux,sim/examples/console.c sim/examples/main_threads.c)
	$(call quiet,LD ) $(CC) $(SANITIZE) $^ -lpthread -o $@
.PHONY: examples
