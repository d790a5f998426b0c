/* SPDX-License-Identifier: Apache-2.0 */
/* The build that records waves. */
#include "Vwave.h"
#include "Vwave___024root.h"
#include "sim/nic/nic_top.h"
#include "verilated_vcd_c.h"

namespace {

struct TracedTop final : nic_top {
  VerilatedContext *context;
  Vwave *model;
  VerilatedVcdC trace;

  TracedTop(VerilatedContext *c, Vwave *m)
      : nic_top(m, m->rootp, sizeof *m->rootp), context(c), model(m) {
  }
  ~TracedTop() override {
    model->final();
    trace.close();
    delete model;
    delete context;
  }
  void low(uint64_t ps) override {
    set_clocks(this, 0);
    model->eval();
    if (ps != NIC_NO_WAVES) {
      trace.dump(ps);
    }
  }
  void rise(uint64_t ps) override {
    set_clocks(this, 1);
    model->eval();
    if (ps != NIC_NO_WAVES) {
      trace.dump(ps + 3200);
    }
  }
};

}  // namespace

nic_top *nic_top_traced(const char *path) {
  VerilatedContext *context = new VerilatedContext;
  context->traceEverOn(true);
  TracedTop *top = new TracedTop(context, new Vwave(context, "packhorse"));
  top->model->trace(&top->trace, 99);
  top->trace.open(path);
  if (!top->trace.isOpen()) {
    delete top;
    return nullptr;
  }
  return top;
}
