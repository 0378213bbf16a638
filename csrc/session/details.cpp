#include "session/details.h"

#include "decode/ids.h"

namespace charlm {

void DetailEvents::resize(std::size_t characters, std::size_t rivals) {
    ranks.resize(characters, 0);
    entropies.resize(characters, 0);
    rival_ids.resize(characters * rivals, kPad);
    rival_log_probs.resize(characters * rivals, 0);
    rival_kept_log_probs.resize(characters * rivals, 0);
}

DetailTracks::DetailTracks(std::size_t vocabulary_size, std::size_t rows, std::size_t rivals)
    : vocabulary_size_(vocabulary_size),
      rivals_(vocabulary_size, rivals),
      ranks_(rows, 0),
      ids_(rows * rivals, kPad),
      entropies_(rows, 0),
      log_probs_(rows * rivals, 0),
      kept_log_probs_(rows * rivals, 0) {}

void DetailTracks::begin_position() {
    ranks_.begin_position();
    ids_.begin_position();
    entropies_.begin_position();
    log_probs_.begin_position();
    kept_log_probs_.begin_position();
}

void DetailTracks::note(std::size_t row, std::int32_t id, const float* logits,
                        const Softmax& softmax, Sampler& sampler) {
    ranks_.last()[row] = rank_of(id, logits, vocabulary_size_);
    entropies_.last()[row] = softmax.entropy();
    if (rivals_.count() == 0) return;
    sampler.settle();
    std::size_t place = row * rivals_.count();
    for (const std::int32_t rival : rivals_.read(logits)) {
        ids_.last()[place] = rival;
        log_probs_.last()[place] = softmax.log_prob(logits[rival]);
        kept_log_probs_.last()[place++] = sampler.kept_log_prob(rival);
    }
}

void DetailTracks::hand_out(std::size_t count, std::size_t first, std::size_t all_rows,
                            DetailEvents& events) {
    const std::size_t R = rivals_.count();
    ranks_.hand_out(count, events.ranks.data() + first, all_rows);
    entropies_.hand_out(count, events.entropies.data() + first, all_rows);
    ids_.hand_out(count, events.rival_ids.data() + first * R, all_rows * R);
    log_probs_.hand_out(count, events.rival_log_probs.data() + first * R, all_rows * R);
    kept_log_probs_.hand_out(count, events.rival_kept_log_probs.data() + first * R, all_rows * R);
}

}  // namespace charlm
