// Loaded before libc: fails the n-th call of one kind on what lies below one folder, once or for
// good, and counts them; or kills the process there, before the call. Until it is armed, and
// elsewhere, every call goes through.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <string>

namespace {

enum Kind { kOpen, kWrite, kFsync, kRename, kMkdir, kKinds };

std::string folder;  // "" while it is not armed
int failing = -1, number = 0, error = 0, for_good = 0;
int counts[kKinds];

bool inside(const std::string& path) { return path.compare(0, folder.size(), folder) == 0; }

std::string path_of(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path);
    return length > 0 ? std::string(path, length) : "";
}

std::string path_at(int descriptor, const char* name) {
    if (name[0] == '/' || descriptor == AT_FDCWD) return name;
    return path_of(descriptor) + "/" + name;
}

// Whether a call on this path is to fail; errno says why.
bool fails(Kind kind, const std::string& path) {
    if (folder.empty() || !inside(path)) return false;
    const int now = ++counts[kind];
    if (kind != failing || now < number || (now > number && !for_good)) return false;
    if (error == 0) kill(getpid(), SIGKILL);
    errno = error;
    return true;
}

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void faults_arm(const char* below, int kind, int at, int with, int again) {
    folder = below, failing = kind, number = at, error = with, for_good = again;
    memset(counts, 0, sizeof counts);
}

int faults_counted(int kind) { return counts[kind]; }

#define FAULTY_OPEN(name)                                               \
    int name(const char* path, int flags, ...) {                        \
        va_list more;                                                   \
        va_start(more, flags);                                          \
        const mode_t mode = va_arg(more, mode_t);                       \
        va_end(more);                                                   \
        if (fails(kOpen, path)) return -1;                              \
        static auto call = next<int (*)(const char*, int, ...)>(#name); \
        return call(path, flags, mode);                                 \
    }
FAULTY_OPEN(open)
FAULTY_OPEN(open64)

#define FAULTY_OPENAT(name)                                                  \
    int name(int at, const char* path, int flags, ...) {                     \
        va_list more;                                                        \
        va_start(more, flags);                                               \
        const mode_t mode = va_arg(more, mode_t);                            \
        va_end(more);                                                        \
        if (fails(kOpen, path_at(at, path))) return -1;                      \
        static auto call = next<int (*)(int, const char*, int, ...)>(#name); \
        return call(at, path, flags, mode);                                  \
    }
FAULTY_OPENAT(openat)
FAULTY_OPENAT(openat64)

ssize_t write(int file, const void* data, size_t size) {
    if (!folder.empty() && fails(kWrite, path_of(file))) return -1;
    static auto call = next<ssize_t (*)(int, const void*, size_t)>("write");
    return call(file, data, size);
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t place) {
    if (!folder.empty() && fails(kWrite, path_of(file))) return -1;
    static auto call = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
    return call(file, data, size, place);
}

ssize_t pwrite(int file, const void* data, size_t size, off_t place) {
    return pwrite64(file, data, size, place);
}

int fsync(int file) {
    if (!folder.empty() && fails(kFsync, path_of(file))) return -1;
    static auto call = next<int (*)(int)>("fsync");
    return call(file);
}

int rename(const char* from, const char* to) {
    if (fails(kRename, to)) return -1;
    static auto call = next<int (*)(const char*, const char*)>("rename");
    return call(from, to);
}

int renameat(int from_at, const char* from, int to_at, const char* to) {
    if (fails(kRename, path_at(to_at, to))) return -1;
    static auto call = next<int (*)(int, const char*, int, const char*)>("renameat");
    return call(from_at, from, to_at, to);
}

int mkdir(const char* path, mode_t mode) {
    if (fails(kMkdir, path)) return -1;
    static auto call = next<int (*)(const char*, mode_t)>("mkdir");
    return call(path, mode);
}

int mkdirat(int at, const char* path, mode_t mode) {
    if (fails(kMkdir, path_at(at, path))) return -1;
    static auto call = next<int (*)(int, const char*, mode_t)>("mkdirat");
    return call(at, path, mode);
}

}  // extern "C"
