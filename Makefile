# SPDX-License-Identifier: Apache-2.0
# Packhorse. `make help` lists every command; output goes only below build/.
BUILD ?= build
CC := gcc
CXX := g++
PYTHON := python3
INSTALL := .ci/install
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
export BUILD CC CXX

# --- Flags -------------------------------------------------------------------
WARN := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -pedantic -Werror
COMPILER_INCLUDE = $(shell $(CC) -print-file-name=include)
FREESTANDING = -ffreestanding -nostdinc -isystem $(COMPILER_INCLUDE)
COMMON := -std=c11 -g -I. -MMD -MP $(WARN)
OPT := -O2
# Tests run on objects with the sanitizers and PH_ASSERT on.
TEST_OPT := -O1
SANITIZE = $(TEST_OPT) -DPH_ASSERT_ON -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# --- Sources -----------------------------------------------------------------
STACK_C := $(wildcard stack/*/*.c)
DRIVER_C := $(wildcard driver/*.c)
SIM_C := $(wildcard sim/core/*.c sim/wire/*.c sim/host/*.c sim/apps/*.c sim/packet/*.c sim/diagnose/*.c)
# The programs, which are a command of the tool; without what makes each a process.
EXAMPLE_C := $(filter-out sim/examples/main_%.c sim/examples/console.c,$(wildcard sim/examples/*.c))
TOOL_C := $(wildcard sim/run/*.c sim/explain/*.c sim/tool/*.c) sim/threads/bsd.c $(EXAMPLE_C)
MODEL_C := $(wildcard tests/rtl/model/offload_model.c tests/rtl/model/xgmii.c)
KINDS := driver stack cosim packetdrill
SO_C := $(wildcard sim/packetdrill/*.c)
rel = $(patsubst %.c,$(BUILD)/rel/%.o,$(1))
asan = $(patsubst %.c,$(BUILD)/asan/%.o,$(1))
pic = $(patsubst %.c,$(BUILD)/pic/%.o,$(1))
tests_of = $(patsubst tests/$(1)/%.c,$(BUILD)/test/$(1)/%,$(wildcard tests/$(1)/test_*.c))
TEST_RTL := $(call tests_of,rtl)
TEST_GATES := $(patsubst $(BUILD)/test/rtl/%,$(BUILD)/test/gates/%,$(TEST_RTL))
TEST_C := $(foreach kind,$(KINDS),$(call tests_of,$(kind)))
threads_of = $(patsubst tests/threads/%.c,$(BUILD)/test/threads/$(1)/%,$(wildcard tests/threads/test_*.c))
TEST_THREADS := $(call threads_of,asan)
TEST_TSAN := $(call threads_of,tsan)
TEST_SCRIPTS := $(wildcard tests/interop/*.sh) tests/interop/examples.py tests/packet/run.sh tests/soak/quick.sh tests/learn/learn.py tests/interop/report.py $(wildcard tests/threads/*.sh)

# --- What a user calls -------------------------------------------------------
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'
	@echo "  make test-rtl T=mac_10g   one test; V=1 shows its output"

run: ## install what is missing, build, download 1.5 MB from host to host, report
	@$(INSTALL) build
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/packhorse
	@$(BUILD)/packhorse download --pcapng $(BUILD)/run.pcapng --timeline $(BUILD)/run.trace.json

tool: $(BUILD)/packhorse ## build only build/packhorse
packetdrill: $(BUILD)/libpackhorse_packetdrill.so ## the stack for packetdrill --so_filename

test: ## install, build and run the fast test set; the exit status counts
	@$(INSTALL) build test
	@$(MAKE) --no-print-directory -j$$(nproc) test-all

test-all: $(BUILD)/packhorse $(BUILD)/test/packhorse examples library $(TEST_C) $(TEST_THREADS) $(TEST_TSAN) $(TEST_RTL)
	@$(PYTHON) tests/run.py --out $(BUILD)/test.json $(TEST_C) $(TEST_THREADS) $(TEST_RTL) $(TEST_SCRIPTS)

T ?= *
pick = $(filter $(subst *,%,$(BUILD)/test/$(2)/test_$(T)),$(1))
test-rtl: $(call pick,$(TEST_RTL),rtl) ## the RTL modules against their C models
	@$(PYTHON) tests/run.py $^
test-gates: $(call pick,$(TEST_GATES),gates) ## the same tests on the netlist that Yosys writes
	@$(PYTHON) tests/run.py $^
test-driver: $(call pick,$(call tests_of,driver),driver) ## the driver on a mocked bus and a model of a device
	@$(PYTHON) tests/run.py $^
test-stack: $(call pick,$(call tests_of,stack),stack) ## the TCP/IP stack over a software wire
	@$(PYTHON) tests/run.py --out $(BUILD)/stack.json $^
test-small: ## the same compiled with -Os, which leaves the short ways out
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/small TEST_OPT=-Os test-stack
test-cosim: $(BUILD)/packhorse $(call pick,$(call tests_of,cosim),cosim) ## stack, driver and RTL together
	@$(PYTHON) tests/run.py $(filter-out $(BUILD)/packhorse,$^)
test-packet: $(BUILD)/test/packhorse $(call tests_of,packetdrill) ## scripts of packets and socket calls: tests/packet
	@$(PYTHON) tests/run.py $(call tests_of,packetdrill) tests/packet/run.sh
test-learn: $(BUILD)/packhorse ## the commands of docs/learn print what the pages quote
	@$(PYTHON) tests/run.py tests/learn/learn.py
learn: $(BUILD)/packhorse ## draw the pictures of docs/learn again
	@$(PYTHON) tests/learn/learn.py --write
test-compilers: ## gcc and clang give the same event hash; builds everything twice, slow
	@tests/cosim/compilers.sh
test-cross: ## the stack and the driver without a warning for 32-bit processors: riscv32, Cortex-M
	@$(INSTALL) cross
	@$(MAKE) --no-print-directory -j$$(nproc) $(CROSS_OBJECTS)
	@$(PYTHON) tests/run.py tests/interop/qemu_stack.sh
mutants: ## break the RTL in one place at a time; the named test must fail; slow, M=tso picks some
	@$(PYTHON) tests/rtl/mutants.py $(M)
test-interop: $(BUILD)/packhorse examples ## the Linux kernel at the other end of a TAP device; examples against curl and others
	@$(PYTHON) tests/run.py $(wildcard tests/interop/*.sh) tests/interop/examples.py

cocotb: $(BUILD)/cocotb-venv/.done ## the MAC under cocotb, in a virtual environment
	@$(INSTALL) build
	@$(BUILD)/cocotb-venv/bin/python tests/interop/cocotb/run.py
cocotb-gates: $(BUILD)/cocotb-venv/.done ## the same on its netlist, in Icarus with unknowns
	@$(INSTALL) build cocotb
	@$(BUILD)/cocotb-venv/bin/python tests/interop/cocotb/run.py icarus

$(BUILD)/cocotb-venv/.done: tests/interop/cocotb/requirements.txt
	@$(INSTALL) venv
	@$(PYTHON) -m venv $(BUILD)/cocotb-venv
	@$(BUILD)/cocotb-venv/bin/pip -q install -r $<
	@touch $@

lint: ## every static check
	@$(INSTALL) build test lint
	@$(PYTHON) tests/lint/lint.py

evidence: ## each requirement of TCP's RFCs with its file and tests: build/evidence.md
	@$(PYTHON) tests/evidence/evidence.py
evidence-mutants: $(call tests_of,stack) ## break each MUST of RFC 9293; a test that cites it must fail; M=MUST-17 picks
	@$(PYTHON) tests/mutants/mutants.py $(M)

format: ## rewrite the C sources in the house format
	@clang-format -i $(shell git ls-files '*.c' '*.h' | grep -v 'ph_regs\(_table\)\?\.h$$')

formal: ## proofs of the shared RTL parts and of the rings, with their mutants
	@$(INSTALL) build test
	@$(PYTHON) tests/formal/prove.py

synth: ## synth_ecp5 of each block and the top: LUT4, FF, RAM
	@$(INSTALL) build test
	@$(PYTHON) rtl/synth/synth.py

bench: ## every number of docs/performance.md into build/bench.json
	@$(INSTALL) build test cross
	@$(MAKE) --no-print-directory $(BUILD)/packhorse
	@$(PYTHON) tests/bench/bench.py

regs: $(BUILD)/venv/.done ## regenerate what packhorse.rdl is the source of
	@$(BUILD)/venv/bin/python rtl/regs/generate.py
regs-check: $(BUILD)/venv/.done ## fail if a generated register file is stale
	@$(BUILD)/venv/bin/python rtl/regs/generate.py --check

$(BUILD)/venv/.done:
	@$(INSTALL) venv
	@$(PYTHON) -m venv $(BUILD)/venv
	@$(BUILD)/venv/bin/pip -q install systemrdl-compiler==1.27.3 peakrdl-cheader==1.0.0
	@touch $@

clean: ## remove build/
	@rm -rf $(BUILD)

# --- Objects -----------------------------------------------------------------
quiet = @mkdir -p $(@D); echo "  $(1) $@";
$(BUILD)/rel/stack/%.o: stack/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) $(FREESTANDING) -c $< -o $@
$(BUILD)/rel/driver/%.o: driver/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) $(FREESTANDING) -c $< -o $@
$(BUILD)/rel/%.o: %.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) -D_GNU_SOURCE -c $< -o $@
$(BUILD)/asan/stack/%.o: stack/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(SANITIZE) $(FREESTANDING) -c $< -o $@
$(BUILD)/asan/driver/%.o: driver/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(SANITIZE) $(FREESTANDING) -c $< -o $@
$(BUILD)/asan/%.o: %.c
	$(call quiet,CC ) $(CC) $(COMMON) $(SANITIZE) -D_GNU_SOURCE -c $< -o $@

PIC = -fPIC -fvisibility=hidden
$(BUILD)/pic/stack/%.o: stack/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) $(PIC) $(FREESTANDING) -c $< -o $@
$(BUILD)/pic/driver/%.o: driver/%.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) $(PIC) $(FREESTANDING) -c $< -o $@
$(BUILD)/pic/%.o: %.c
	$(call quiet,CC ) $(CC) $(COMMON) $(OPT) $(PIC) -D_GNU_SOURCE -c $< -o $@

# Verilator's run time built by clang asks libatomic whether 64-bit atomics are lock-free.
SIM_LIBS := -lz -lm -lpthread -Wl,--as-needed -latomic

# --- Programs ----------------------------------------------------------------
include $(wildcard sim/nic/rules.mk)
include sim/threads/rules.mk
include sim/examples/rules.mk
include tests/fuzz/rules.mk
include tests/bench/rules.mk

$(BUILD)/packhorse: $(call rel,$(TOOL_C) $(SIM_C) $(STACK_C) $(DRIVER_C)) $(BUILD)/nic/libnic.a
	$(call quiet,LD ) $(CXX) $^ $(SIM_LIBS) -o $@

# They are a part of the object as they are, which no compiler tells.
$(call rel,sim/explain/report_page.c) $(call asan,sim/explain/report_page.c): sim/explain/report.css sim/explain/report.js

# The figures of the stack alone: what ships, over a software wire.
$(BUILD)/bench/tcp: $(call rel,tests/bench/bench_tcp.c tests/bench/bed.c $(STACK_C) $(DRIVER_C))
	$(call quiet,LD ) $(CC) $^ -lm -o $@

$(BUILD)/bench/forward: $(call rel,tests/bench/bench_forward.c $(STACK_C) $(DRIVER_C))
	$(call quiet,LD ) $(CC) $^ -o $@

# How often `diagnose` is right.
$(BUILD)/bench/diagnose: $(call rel,tests/bench/bench_diagnose.c tests/cosim/diagnose_run.c tests/cosim/two_hosts.c $(SIM_C) $(STACK_C) $(DRIVER_C)) $(BUILD)/nic/libnic.a
	$(call quiet,LD ) $(CXX) $^ $(SIM_LIBS) -o $@

# packetdrill --so_filename: packetdrill and its scripts against this stack.
$(BUILD)/libpackhorse_packetdrill.so: $(call pic,$(SO_C) $(SIM_C) $(STACK_C) $(DRIVER_C)) $(BUILD)/nic/libnic.a
	$(call quiet,LD ) $(CXX) -shared -Wl,-z,defs -Wl,--exclude-libs,ALL $^ $(SIM_LIBS) -o $@

# Loads the shared object with RTLD_DEEPBIND as packetdrill does, which sanitizers refuse.
$(BUILD)/test/packetdrill/%: $(call rel,tests/packetdrill/%.c sim/packet/packets.c sim/wire/frame.c sim/core/util.c) $(BUILD)/libpackhorse_packetdrill.so
	$(call quiet,LD ) $(CC) $(filter %.o,$^) -lcmocka -lz -ldl -lpthread -o $@

# Test programs: the test, its folder's helpers, and the libraries it may use.
helpers = $(call asan,$(filter-out tests/$(1)/test_%,$(wildcard tests/$(1)/*.c)))
$(BUILD)/test/stack/%: $(BUILD)/asan/tests/stack/%.o $(call helpers,stack) $(call asan,$(STACK_C) $(DRIVER_C) $(filter-out %_main.c,$(wildcard sim/apps/*.c))) $(call asan,$(MODEL_C))
	$(call quiet,LD ) $(CC) $(SANITIZE) $^ -lcmocka -o $@
$(BUILD)/test/driver/%: $(BUILD)/asan/tests/driver/%.o $(call helpers,driver) $(call asan,$(DRIVER_C) $(STACK_C))
	$(call quiet,LD ) $(CC) $(SANITIZE) $^ -lcmocka -o $@
$(BUILD)/test/cosim/%: $(BUILD)/asan/tests/cosim/%.o $(call helpers,cosim) $(call asan,$(filter-out sim/tool/main.c,$(TOOL_C)) $(SIM_C) $(STACK_C) $(DRIVER_C) $(MODEL_C)) $(BUILD)/nic-checked/libnic.a
	$(call quiet,LD ) $(CXX) $(SANITIZE) $^ -lcmocka $(SIM_LIBS) -o $@

# The tool with the sanitizers and every property of the RTL on.
$(BUILD)/test/packhorse: $(call asan,$(TOOL_C) $(SIM_C) $(STACK_C) $(DRIVER_C)) $(BUILD)/nic-checked/libnic.a
	$(call quiet,LD ) $(CXX) $(SANITIZE) $^ $(SIM_LIBS) -o $@

# The script knows from Verilator's dependency files what is fresh.
$(BUILD)/test/rtl/%: tests/rtl/%.c FORCE
	@echo "  RTL $@"; $(PYTHON) tests/rtl/dut.py $< -o $@
$(BUILD)/test/gates/%: tests/rtl/%.c FORCE
	@echo "  NET $@"; $(PYTHON) tests/rtl/dut.py --mode gates $< -o $@

FORCE:
.PHONY: FORCE help run tool packetdrill test test-all test-packet test-learn learn test-rtl test-gates test-driver test-stack test-small test-cosim test-compilers test-cross mutants evidence evidence-mutants test-interop cocotb cocotb-gates lint format formal synth bench regs regs-check clean
.SECONDARY:
-include $(shell [ -d $(BUILD) ] && find $(BUILD)/rel $(BUILD)/asan $(BUILD)/pic $(BUILD)/linux $(BUILD)/tsan -name '*.d' 2>/dev/null)
