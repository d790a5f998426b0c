# SPDX-License-Identifier: Apache-2.0
# The fuzzers: clang's libFuzzer with both sanitizers and PH_ASSERT on. Included by the top Makefile.
# fuzz_<name>.c starts from the committed inputs in corpus/<name>/.
FUZZ_SECONDS ?= 300
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_PROGRAMS := $(FUZZERS:%=$(BUILD)/test/fuzz_%)
FUZZ := -O1 -DPH_ASSERT_ON -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz_object = $(patsubst %.c,$(BUILD)/fuzz/%.o,$(1))

# Each for FUZZ_SECONDS, from the committed inputs and those found before; a crash is kept as build/fuzz/<name>-crash-...
fuzz_picked = $(filter $(subst *,%,$(T)),$(FUZZERS))
fuzz: $(FUZZ_PROGRAMS) ## fuzz each target for FUZZ_SECONDS (300); T=packet one
	@for name in $(fuzz_picked); do mkdir -p $(BUILD)/fuzz/found/$$name; echo "  FUZZ $$name"; \
	  $(BUILD)/test/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/$$name- $(BUILD)/fuzz/found/$$name tests/fuzz/corpus/$$name || exit 1; done
fuzz-short: $(FUZZ_PROGRAMS) ## a minute of it, the same each time: what CI runs
	@$(PYTHON) tests/run.py --out $(BUILD)/fuzz.json tests/fuzz/run.sh

$(BUILD)/fuzz/stack/%.o: stack/%.c
	$(call quiet,CC ) clang $(COMMON) $(FUZZ) -ffreestanding -c $< -o $@
$(BUILD)/fuzz/%.o: %.c
	$(call quiet,CC ) clang $(COMMON) $(FUZZ) -D_GNU_SOURCE -c $< -o $@

$(BUILD)/test/fuzz_script: $(call fuzz_object,tests/fuzz/fuzz_script.c $(SIM_C) $(STACK_C) $(DRIVER_C)) $(BUILD)/nic/libnic.a
	$(call quiet,LD ) clang++ -fsanitize=fuzzer,address,undefined $^ $(SIM_LIBS) -o $@
$(BUILD)/test/fuzz_capture: $(call fuzz_object,tests/fuzz/fuzz_capture.c $(wildcard sim/diagnose/*.c sim/wire/pcap*.c) sim/core/util.c)
	$(call quiet,LD ) clang -fsanitize=fuzzer,address,undefined $^ -o $@
$(BUILD)/test/fuzz_%: $(call fuzz_object,tests/fuzz/fuzz_%.c $(filter-out tests/stack/test_%,$(wildcard tests/stack/tcp_*.c)) $(STACK_C) $(DRIVER_C))
	$(call quiet,LD ) clang -fsanitize=fuzzer,address,undefined $^ -lcmocka -o $@

# Minutes; a part of it is in `make test`.
soak: $(BUILD)/packhorse ## 1 GB with 5 % loss, reordering, duplication and corruption, 10 MB of it through the RTL
	@$(PYTHON) tests/soak/soak.py

.PHONY: fuzz fuzz-short soak
-include $(shell [ -d $(BUILD)/fuzz ] && find $(BUILD)/fuzz -name '*.d' 2>/dev/null)
