// SPDX-License-Identifier: Apache-2.0
// Turns covers into goals for a bounded search: a cover is reached when the assertion fails.
(* techmap_celltype = "$cover" *)
module cover_goal (A, EN);
  input A, EN;
  \$assert _TECHMAP_REPLACE_ (.A(~A), .EN(EN));
endmodule
