# SPDX-License-Identifier: Apache-2.0
# The NIC's model: build/nic/libnic.a is fast, build/nic-checked/libnic.a has every property on and
# aborts when one fails. Each holds the model twice, without and with the code that records waves.
# Included by the top Makefile.
NIC_FILES = $(shell sed 's/\#.*//' rtl/filelist.f)
NIC_C := host_mem axi_memory xgmii_wire
NIC_CPP := nic_model nic_top_fast nic_top_traced
NIC_RUNTIME := verilated verilated_vcd_c verilated_threads
NIC_VERILATOR := verilator --cc --top-module packhorse_top -O3 --x-assign fast --x-initial fast \
  -Wno-fatal -Irtl/common
NIC_INCLUDE = $(shell verilator -V | sed -n 's/^ *VERILATOR_ROOT *= *//p' | head -n 1)/include

nic_flags = $(if $(findstring checked,$(1)),--assert -DPH_ASSERT,--noassert)
# Straight code that runs once per cycle: -O3 only makes it longer, vectors of neighbouring bits that
# were just stored one by one stall on their loads, and clang is no faster.
nic_opt = -fPIC -fvisibility=hidden -O2 -fno-tree-vectorize -fno-tree-slp-vectorize $(if $(findstring checked,$(1)),,-march=native)
# $(call nic_verilate,library,prefix,more flags,optimization)
nic_verilate = rm -rf $(@D)/$(2) && $(NIC_VERILATOR) $(call nic_flags,$(1)) $(3) --prefix $(2) -Mdir $(@D)/$(2) \
  $(wildcard rtl/*/*.vlt) $(NIC_FILES) && \
  MAKEFLAGS= $(MAKE) --no-print-directory -s -j2 -C $(@D)/$(2) -f $(2).mk $(2)__ALL.a CXX=$(CXX) \
  OPT_FAST="$(4)" OPT_SLOW="-O0 -fPIC -fvisibility=hidden" >/dev/null

$(BUILD)/nic/libnic.a $(BUILD)/nic-checked/libnic.a: $(BUILD)/%/libnic.a: rtl/filelist.f \
    $(wildcard rtl/*/*.sv rtl/*/*.svh rtl/*/*.vlt sim/nic/*) driver/ph_regs.h
	@mkdir -p $(@D); echo "  RTL $@"
	@$(call nic_verilate,$*,Vnic,,$(call nic_opt,$*))
	@$(call nic_verilate,$*,Vwave,--trace,-O1 -fPIC -fvisibility=hidden)
	@for c in $(NIC_C); do $(CC) -std=c11 -g -I. $(WARN) $(call nic_opt,$*) -D_GNU_SOURCE \
	  -c sim/nic/$$c.c -o $(@D)/$$c.o || exit 1; done
	@for c in $(NIC_CPP); do $(CXX) -std=c++17 -g -I. -I$(@D)/Vnic -I$(@D)/Vwave -isystem $(NIC_INCLUDE) \
	  -isystem $(NIC_INCLUDE)/vltstd -Wall -Wextra $(call nic_opt,$*) -c sim/nic/$$c.cpp -o $(@D)/$$c.o || exit 1; done
	@for c in $(NIC_RUNTIME); do $(CXX) -std=c++17 -O2 -fPIC -fvisibility=hidden -w -isystem $(NIC_INCLUDE) \
	  -isystem $(NIC_INCLUDE)/vltstd -DVM_TRACE=1 -c $(NIC_INCLUDE)/$$c.cpp -o $(@D)/$$c.o || exit 1; done
	@rm -f $@.tmp
	@$(AR) rcs $@.tmp $(patsubst %,$(@D)/%.o,$(NIC_C) $(NIC_CPP) $(NIC_RUNTIME)) \
	  $(@D)/Vnic/*.o $(@D)/Vwave/*.o
	@mv $@.tmp $@
