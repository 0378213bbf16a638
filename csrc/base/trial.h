// Finds out which of two ways is faster, while it goes on: a thread more helps on an idle core,
// and holds everyone up on a busy one.
#pragma once

#include <algorithm>
#include <cstddef>

namespace charlm {

// Ways 0 and 1 take turns of some steps at first; then the faster one goes on, and the other is
// tried again from time to time, less often as long as it keeps losing.
class Trial {
  public:
    explicit Trial(bool first = false) : way_(first) {}

    // The way for the next step.
    bool way() const { return way_; }

    // What a step of that way took, in any unit.
    void took(double time) {
        sum_ += time;
        if (++steps_ < kTurn) return;
        double& mean = means_[way_];
        mean = turns_ < 2 ? sum_ : 0.5 * (mean + sum_);
        sum_ = 0;
        steps_ = 0;
        choose();
    }

  private:
    static constexpr std::size_t kTurn = 8, kSoonest = 8, kLatest = 256;

    void choose() {
        ++turns_;
        const bool faster = means_[1] < means_[0];
        if (turns_ < 2) {
            way_ = !way_;
        } else if (way_ != faster_ || turns_ == 2) {  // the other was tried
            wait_ = faster != faster_ ? kSoonest : std::min(2 * wait_, kLatest);
            left_ = wait_;
            way_ = faster_ = faster;
        } else if (--left_ == 0) {
            way_ = !way_;
        }
    }

    bool way_, faster_ = false;
    std::size_t steps_ = 0, turns_ = 0, wait_ = kSoonest / 2, left_ = 0;
    double sum_ = 0, means_[2] = {};
};

}  // namespace charlm
