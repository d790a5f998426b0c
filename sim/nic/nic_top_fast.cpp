/* SPDX-License-Identifier: Apache-2.0 */
/* The build without tracing. */
#include "Vnic.h"
#include "Vnic___024root.h"
#include "sim/nic/nic_top.h"

namespace {

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
  void eval(uint64_t) override {
    model->eval();
  }
};

}  // namespace

nic_top *nic_top_fast() {
  VerilatedContext *context = new VerilatedContext;
  return new FastTop(context, new Vnic(context, "packhorse"));
}
