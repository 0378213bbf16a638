#include "decode/hypotheses.h"

#include <algorithm>

namespace charlm {

std::int32_t TextTree::add(std::int32_t parent, std::int32_t id) {
    nodes_.push_back({parent, id});
    return static_cast<std::int32_t>(nodes_.size() - 1);
}

std::vector<std::int32_t> TextTree::text(std::int32_t node) const {
    std::vector<std::int32_t> ids;
    for (; node != kRoot; node = at(node).parent) ids.push_back(at(node).id);
    std::reverse(ids.begin(), ids.end());
    return ids;
}

}  // namespace charlm
