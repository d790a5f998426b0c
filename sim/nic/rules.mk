# SPDX-License-Identifier: Apache-2.0
# The NIC's model: build/nic/libnic.a is fast, build/nic-checked/libnic.a has every property on and
# aborts when one fails. Included by the top Makefile.
NIC_FAST := -O3 -march=native
NIC_FILES = $(shell sed 's/\#.*//' rtl/filelist.f)
NIC_C := host_mem axi_memory xgmii_wire
NIC_H := $(wildcard sim/nic/*.h) driver/ph_regs.h
NIC_VERILATOR := verilator --cc --prefix Vnic --top-module packhorse_top -O3 --x-assign fast \
  --x-initial fast --trace -Wno-fatal -Irtl/common
NIC_INCLUDE = $(shell verilator -V | sed -n 's/^ *VERILATOR_ROOT *= *//p' | head -n 1)/include

nic_flags = $(if $(findstring checked,$(1)),--assert -DPH_ASSERT,--noassert)
nic_opt = $(if $(findstring checked,$(1)),-O2,$(NIC_FAST))

# One rule per library: generate, compile, add the surroundings, archive.
$(BUILD)/nic/libnic.a $(BUILD)/nic-checked/libnic.a: $(BUILD)/%/libnic.a: \
    rtl/filelist.f $(wildcard rtl/*/*.sv rtl/*/*.svh rtl/*/*.vlt) $(wildcard sim/nic/*.c) \
    sim/nic/nic_model.cpp $(NIC_H) sim/nic/rules.mk
	@mkdir -p $(@D); echo "  RTL $@"
	@$(NIC_VERILATOR) $(call nic_flags,$*) -Mdir $(@D) $(wildcard rtl/*/*.vlt) $(NIC_FILES)
	@$(MAKE) --no-print-directory -s -C $(@D) -f Vnic.mk Vnic__ALL.a verilated.o verilated_vcd_c.o \
	  verilated_threads.o CXX=$(CXX) OPT_FAST="$(call nic_opt,$*)" OPT_SLOW=-O1 OPT_GLOBAL=-O2 >/dev/null
	@for c in $(NIC_C); do $(CC) -std=c11 -g -I. $(WARN) $(call nic_opt,$*) -D_GNU_SOURCE \
	  -c sim/nic/$$c.c -o $(@D)/$$c.o || exit 1; done
	@$(CXX) -std=c++17 -g -I. -I$(@D) -isystem $(NIC_INCLUDE) -isystem $(NIC_INCLUDE)/vltstd \
	  -DVM_TRACE=1 -Wall -Wextra $(call nic_opt,$*) -c sim/nic/nic_model.cpp -o $(@D)/nic_model.o
	@cp $(@D)/Vnic__ALL.a $@.tmp
	@$(AR) rs $@.tmp $(patsubst %,$(@D)/%.o,nic_model verilated verilated_vcd_c verilated_threads $(NIC_C)) 2>/dev/null
	@mv $@.tmp $@
