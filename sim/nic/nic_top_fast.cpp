/* SPDX-License-Identifier: Apache-2.0 */
/* The build without tracing. */
#include <type_traits>
#include <utility>

#include "Vnic.h"
#include "Vnic___024root.h"
#include "sim/nic/nic_top.h"

namespace {

/* The clock's fall changes nothing but what Verilator remembers of the clocks,
 * under names that belong to its version 5.006. Where they are known they are
 * changed directly, else the fall is evaluated. */
template <class Root = Vnic___024root, class = void>
struct HasPrevious : std::false_type {};
template <class Root>
struct HasPrevious<
    Root, std::void_t<decltype(std::declval<Root>().__Vtrigrprev__TOP__clk_i)>>
    : std::true_type {};

template <class Root>
void forget_clocks(Root *root) {
  root->__Vtrigrprev__TOP__clk_i = 0;
  root->__Vtrigrprev__TOP__mac_tx_clk_i = 0;
  root->__Vtrigrprev__TOP__mac_rx_clk_i = 0;
}

struct FastTop final : nic_top {
  VerilatedContext *context;
  Vnic *model;

  FastTop(VerilatedContext *c, Vnic *m)
      : nic_top(m, m->rootp, sizeof *m->rootp), context(c), model(m) {
  }
  ~FastTop() override {
    model->final();
    delete model;
    delete context;
  }
  void low(uint64_t) override {
    if constexpr (!HasPrevious<>::value) {
      set_clocks(this, 0);
      model->eval();
    }
  }
  void rise(uint64_t) override {
    if constexpr (HasPrevious<>::value) {
      forget_clocks(model->rootp);
    }
    set_clocks(this, 1);
    model->eval();
  }
};

}  // namespace

nic_top *nic_top_fast() {
  VerilatedContext *context = new VerilatedContext;
  return new FastTop(context, new Vnic(context, "packhorse"));
}
