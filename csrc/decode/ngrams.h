// Which ids would repeat an n-gram of a text: the n-grams, by what they begin with.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace charlm {

// Grows with its text; looking up takes no longer for a longer text. The n-grams of a prompt
// are kept once: what follows it goes on from them.
class Ngrams {
  public:
    // n >= 1, the length of an n-gram.
    explicit Ngrams(std::size_t n);
    // Of a text that goes on where `prompt` stands now; the prompt must outlive it.
    static Ngrams after(const Ngrams& prompt);

    void append(std::int32_t id);
    std::size_t size() const { return ids_.size(); }  // ids appended

    // Calls visit(id) for every id that would complete an n-gram which the text already holds.
    template <class Visit>
    void for_each_repeat(Visit visit) const {
        if (ids_.size() + 1 < n_) return;
        const std::int32_t* context = ids_.data() + (ids_.size() + 1 - n_);
        visit_followers(context, hash_, visit);
        if (prompt_ != nullptr) prompt_->visit_followers(context, hash_, visit);
    }

  private:
    // One n-gram: where its last id stands, and the one kept before it under the same hash.
    struct Entry {
        std::size_t place;
        std::int64_t previous;
    };

    template <class Visit>
    void visit_followers(const std::int32_t* context, std::uint64_t hash, Visit visit) const {
        const auto found = last_.find(hash);
        for (std::int64_t e = found == last_.end() ? -1 : found->second; e >= 0;) {
            const Entry& entry = entries_[static_cast<std::size_t>(e)];
            if (begins_with(entry, context)) visit(ids_[entry.place]);
            e = entry.previous;
        }
    }
    bool begins_with(const Entry& entry, const std::int32_t* context) const;
    bool holds(std::int32_t id) const;

    std::size_t n_;
    std::uint64_t oldest_factor_ = 1;  // of the id that leaves the hash when another comes
    std::uint64_t hash_ = 0;           // of the last n - 1 ids
    std::vector<std::int32_t> ids_;
    std::vector<Entry> entries_;                            // every n-gram once
    std::unordered_map<std::uint64_t, std::int64_t> last_;  // entry kept last under a hash
    const Ngrams* prompt_ = nullptr;
};

}  // namespace charlm
