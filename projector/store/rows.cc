#include "projector/store/rows.h"

namespace mnemo {

Status RowReader::get_all(std::span<const std::string> keys, const VisitFound& visit) const {
  std::string value;
  for (size_t i = 0; i < keys.size(); ++i) {
    MNEMO_ASSIGN(const bool found, get(keys[i], value));
    if (found) visit(i, value);
  }
  return {};
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  MNEMO_CHECK(!end.empty());
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace mnemo
