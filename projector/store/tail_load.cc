#include "projector/store/tail_load.h"

#include <string>

namespace mnemo {

Status extend_tail(const RowReader& rows, const LoadDoc& load, AgentOrd ord, const PageBits& dead, uint32_t docs,
                   Tail& tail, IndexReads* reads) {
  std::string holder;
  for (uint32_t i = tail.docs(); i < docs; ++i) {
    if (has_bit(dead, i)) {
      tail.append_hollow();
      continue;
    }
    const DocNo doc(tail.page() * kPageDocs + i);
    if (reads != nullptr) ++reads->point_reads;
    MNEMO_ASSIGN(const auto content, load(rows, ord, doc, holder));
    if (!content) {
      return fail(Code::kDataLoss, "document " + std::to_string(doc.value) + " of agent number " +
                                       std::to_string(ord.value) +
                                       " is a stub, but not masked: rebuild the projection from the log");
    }
    tail.append(*content);
  }
  return {};
}

bool lacks_documents(const TailView& view, const PageBits& dead) {
  for (uint32_t i = 0; i < view.docs(); ++i) {
    if (has_bit(view.hollow(), i) && !has_bit(dead, i)) return true;
  }
  return false;
}

}  // namespace mnemo
