# SPDX-License-Identifier: Apache-2.0
# The example programs, one source each, for three worlds: those with PACKHORSE are a part of the tool,
# build/examples/linux uses Linux's sockets. Included by the top Makefile.
$(BUILD)/rel/sim/examples/%.o: sim/examples/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) -D_GNU_SOURCE -DPACKHORSE -c $< -o $@
$(BUILD)/asan/sim/examples/%.o: sim/examples/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(SANITIZE) -D_GNU_SOURCE -DPACKHORSE -c $< -o $@
$(BUILD)/linux/%.o: %.c
	$(call quiet,CC ) $(CC) $(COMMON) $(SANITIZE) -D_GNU_SOURCE -c $< -o $@

examples: $(BUILD)/examples/linux ## the example programs on Linux's sockets: docs/examples.md
$(BUILD)/examples/linux: $(patsubst %.c,$(BUILD)/linux/%.o,$(wildcard sim/examples/*.c))
	$(call quiet,LD ) $(CC) $(SANITIZE) $^ -o $@
.PHONY: examples
