// The head of an order, found without sorting.
#pragma once

#include <algorithm>

namespace charlm {

// Of [begin, end) in the order `ahead`, a head is in: is_in(x) holds for its elements and for none
// behind them. Puts the head first and returns its end, by halving. The last of the head and the
// first behind it are then where the order has them.
template <class Iterator, class Ahead, class IsIn>
Iterator end_of_head(Iterator begin, Iterator end, Ahead ahead, IsIn is_in) {
    while (begin < end) {
        const Iterator middle = begin + (end - begin) / 2;
        std::nth_element(begin, middle, end, ahead);
        if (is_in(*middle))
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

}  // namespace charlm
