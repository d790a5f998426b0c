# SPDX-License-Identifier: Apache-2.0
# The library for real programs, and its tests: many threads, under both sanitizers, which exclude each other.
# Included by the top Makefile.
# Its device is no virtio device.
THREADS_C := $(wildcard sim/threads/*.c) $(filter-out %/netif_virtio.c,$(STACK_C))
TSAN := -O1 -DPH_ASSERT_ON -fsanitize=thread -fno-omit-frame-pointer
tsan = $(patsubst %.c,$(BUILD)/tsan/%.o,$(1))

$(BUILD)/libpackhorse.a: $(call pic,$(THREADS_C))
	$(call quiet,AR ) rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/libpackhorse.so: $(call pic,$(THREADS_C))
	$(call quiet,LD ) $(CC) -shared -Wl,-z,defs $^ -lpthread -o $@
library: $(BUILD)/libpackhorse.a $(BUILD)/libpackhorse.so ## the stack for real programs: sim/threads/packhorse.h

$(BUILD)/tsan/stack/%.o: stack/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(TSAN) $(FREESTANDING) -c $< -o $@
$(BUILD)/tsan/%.o: %.c
	$(call quiet,CC ) $(CC) $(COMMON) $(TSAN) -D_GNU_SOURCE -c $< -o $@

$(BUILD)/test/threads/asan/%: $(BUILD)/asan/tests/threads/%.o $(call asan,tests/threads/pair.c $(THREADS_C))
	$(call quiet,LD ) $(CC) $(SANITIZE) $^ -lcmocka -lpthread -o $@
$(BUILD)/test/threads/tsan/%: $(BUILD)/tsan/tests/threads/%.o $(call tsan,tests/threads/pair.c $(THREADS_C))
	$(call quiet,LD ) $(CC) $(TSAN) $^ -lcmocka -lpthread -o $@
test-threads: $(TEST_THREADS) $(TEST_TSAN) library ## many threads on the library, under the address and the thread sanitizer
	@$(PYTHON) tests/run.py $(TEST_THREADS) $(wildcard tests/threads/*.sh)
.PHONY: library test-threads
