#include "threads.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if !defined(_WIN32)
#include <pthread.h>
#include <signal.h>
#endif

namespace renkei {
namespace {

constexpr int max_threads = 1024;

struct Job {
    int64_t n, grain, chunks;
    ChunkFunction fn;
    std::atomic<int64_t> next{0};
    std::atomic<bool> failed{false};
    std::mutex error_mutex{};
    int64_t error_chunk = -1;
    std::exception_ptr error{};
};

thread_local bool inside_chunk = false;

// Chunks are claimed in order, so every chunk before a failing one runs: the error of the first
// failing chunk is the same on every run.
void work(Job &job) {
    inside_chunk = true;
    while (!job.failed.load(std::memory_order_relaxed)) {
        const int64_t chunk = job.next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= job.chunks) break;
        const int64_t begin = chunk * job.grain;
        const int64_t end = chunk + 1 == job.chunks ? job.n : begin + job.grain;
        try {
            job.fn(begin, end);
        } catch (...) {
            const std::lock_guard lock(job.error_mutex);
            if (!job.error || chunk < job.error_chunk) {
                job.error = std::current_exception();
                job.error_chunk = chunk;
            }
            job.failed.store(true, std::memory_order_relaxed);
        }
    }
    inside_chunk = false;
}

class Pool {
public:
    explicit Pool(int count) : size_(count) {
        for (int i = 0; i + 1 < count; ++i) {
            if (!start_worker()) break;  // the system is short of threads: go on with fewer
        }
    }

    int size() const { return size_; }

    // False when somebody else has the pool; the caller then works alone.
    bool run(Job &job) {
        std::unique_lock busy(busy_, std::try_to_lock);
        if (!busy.owns_lock()) return false;
        const int64_t helpers = job.chunks - 1;
        bool everybody;
        {
            const std::lock_guard lock(mutex_);
            job_ = &job;
            ++epoch_;
            everybody = helpers >= workers_;
        }
        if (everybody) {
            wake_.notify_all();
        } else {
            for (int64_t i = 0; i < helpers; ++i) wake_.notify_one();
        }
        work(job);
        std::unique_lock lock(mutex_);
        job_ = nullptr;  // workers that wake up later find nothing to do
        idle_.wait(lock, [this] { return active_ == 0; });
        return true;
    }

    void stop() {
        const std::lock_guard busy(busy_);  // lets a running job end
        std::unique_lock lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
        idle_.wait(lock, [this] { return workers_ == 0; });
    }

private:
    bool start_worker() {
#if !defined(_WIN32)
        sigset_t all, before;  // signals belong to the threads that Python knows
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
        bool started = true;
        {
            const std::lock_guard lock(mutex_);
            try {
                std::thread([this] { worker(); }).detach();
                ++workers_;
            } catch (const std::system_error &) {
                started = false;
            }
        }
#if !defined(_WIN32)
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
        return started;
    }

    void worker() {
        std::unique_lock lock(mutex_);
        uint64_t seen = epoch_;
        for (;;) {
            wake_.wait(lock, [&] { return stopping_ || (job_ && epoch_ != seen); });
            if (stopping_) break;
            seen = epoch_;
            Job &job = *job_;
            ++active_;
            lock.unlock();
            work(job);
            lock.lock();
            if (--active_ == 0) idle_.notify_all();
        }
        --workers_;
        idle_.notify_all();
    }

    const int size_;
    std::mutex busy_;   // held by the thread whose job runs
    std::mutex mutex_;  // guards everything below
    std::condition_variable wake_, idle_;
    Job *job_ = nullptr;
    uint64_t epoch_ = 0;
    int active_ = 0, workers_ = 0;
    bool stopping_ = false;
};

// Pools are never freed: threads of another call may still look at one, and after fork() the
// child cannot know in what state its parent's threads left it.
struct State {
    std::mutex mutex;
    Pool *pool = nullptr;
    int wanted = 0;  // 0: not decided yet
};

alignas(State) unsigned char state_storage[sizeof(State)];
State &state = *new (state_storage) State;

int parse_count(const char *text) {
    char *end = nullptr;
    const long count = std::strtol(text, &end, 10);
    return end != text && *end == '\0' && count >= 1 && count <= max_threads ? int(count) : 0;
}

// Containers limit processor time by a quota that the affinity mask does not show.
int quota_limit(int count) {
#if defined(__linux__)
    if (std::FILE *file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
        long quota = 0, period = 0;
        const int fields = std::fscanf(file, "%ld %ld", &quota, &period);
        std::fclose(file);
        if (fields == 2 && quota > 0 && period > 0) {
            const long whole = (quota + period - 1) / period;
            if (whole < count) count = int(whole);
        }
    }
#endif
    return count;
}

int default_count() {
    if (const char *text = std::getenv("RENKEI_NUM_THREADS")) {
        if (const int count = parse_count(text)) return count;
        std::fprintf(stderr, "renkei: RENKEI_NUM_THREADS=%s ignored; expected 1 to %d\n", text,
                     max_threads);
    }
    int count = int(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
    count = quota_limit(count);
    return count < 1 ? 1 : count > max_threads ? max_threads : count;
}

int wanted_locked() {
    if (state.wanted == 0) state.wanted = default_count();
    return state.wanted;
}

Pool *current_pool() {
    const std::lock_guard lock(state.mutex);
    const int wanted = wanted_locked();
    if (state.pool && state.pool->size() != wanted) {
        state.pool->stop();
        state.pool = nullptr;
    }
    if (!state.pool && wanted > 1) state.pool = new Pool(wanted);
    return state.pool;
}

#if !defined(_WIN32)
// The forking thread waits until the settings are whole; a child starts without threads and makes
// its own when it first needs them. The parent's pool just goes on.
void before_fork() { state.mutex.lock(); }
void after_fork_parent() { state.mutex.unlock(); }
void after_fork_child() {
    const int wanted = state.wanted;
    new (state_storage) State;  // not destroyed: its threads do not exist here
    state.wanted = wanted;
    inside_chunk = false;
}
[[maybe_unused]] const int registered =
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
#endif

void run_alone(const Job &job) {
    for (int64_t begin = 0; begin < job.n; begin += job.grain) {
        const int64_t end = job.n - begin < job.grain ? job.n : begin + job.grain;
        job.fn(begin, end);
    }
}

}  // namespace

void parallel_for(int64_t n, int64_t grain, ChunkFunction fn) {
    if (n <= 0) return;
    if (grain < 1) grain = 1;
    Job job{n, grain, (n - 1) / grain + 1, fn};
    if (job.chunks == 1 || inside_chunk) return run_alone(job);
    Pool *pool = current_pool();
    if (!pool || !pool->run(job)) return run_alone(job);
    if (job.error) std::rethrow_exception(job.error);
}

int num_threads() {
    const std::lock_guard lock(state.mutex);
    return wanted_locked();
}

void set_num_threads(int count) {
    if (count < 1 || count > max_threads) {
        throw std::invalid_argument("set_num_threads(count): got " + std::to_string(count) +
                                    "; expected 1 to " + std::to_string(max_threads));
    }
    const std::lock_guard lock(state.mutex);
    state.wanted = count;
}

}  // namespace renkei
