// What the model thought of each character, when asked: see charlm/engine/events.py.
#pragma once

#include <optional>

#include "decode/rivals.h"
#include "decode/sampler.h"
#include "decode/softmax.h"
#include "session/track.h"

namespace charlm {

// n positions of N rows and R rivals. After a row's end: 0, 0, PAD, 0 and 0.
struct DetailEvents {
    std::vector<std::int32_t> ranks;          // [n, N]
    std::vector<float> entropies;             // [n, N], nats
    std::vector<std::int32_t> rival_ids;      // [n, N, R], the most probable first
    std::vector<float> rival_log_probs;       // [n, N, R], of the raw model
    std::vector<float> rival_kept_log_probs;  // [n, N, R], after the filters

    void resize(std::size_t characters, std::size_t rivals);
};

// The details of a shard's rows, collected.
class DetailTracks {
  public:
    DetailTracks(std::size_t vocabulary_size, std::size_t rows, std::size_t rivals);

    void begin_position();
    // Row `row` chose `id` at the position begun last; softmax and sampler have read the logits.
    void note(std::size_t row, std::int32_t id, const float* logits, const Softmax& softmax,
              Sampler& sampler);
    // To the columns from `first` on, of all_rows rows.
    void hand_out(std::size_t count, std::size_t first, std::size_t all_rows, DetailEvents& events);

  private:
    std::size_t vocabulary_size_;
    Rivals rivals_;
    Track<std::int32_t> ranks_, ids_;
    Track<float> entropies_, log_probs_, kept_log_probs_;
};

}  // namespace charlm
