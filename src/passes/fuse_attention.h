// before  s = MatMul(split(q), split(k), transpose_b) [* | / constant]; y =
// Reshape(Transpose(MatMul(Softmax(s), split(v)))),
//         where split(x) = Transpose(Reshape(x, [N, H*W, heads, d]), 0 2 1 3)
// after   y = Attention(q, Concat(k, v)), which merge-key-value makes Attention(q, kv)
// when    no value in between has another reader; q, k and v are split into the same heads, y is joined like
// q effect  the same real arithmetic; the scale moves into the weights of q where q is a Linear that nobody
// else reads,
//         otherwise it stays an attribute
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FuseAttention(Graph& graph);

}  // namespace segforge
