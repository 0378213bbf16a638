// Python's lock, given back while C++ works.
//
// Where Python has ended meanwhile, the thread that asks for its lock again is a daemon, and up to
// version 3.13 Python ends it by pthread_exit. That unwinds the frames of C++, destructors among
// them, which may not be left so: the process would abort. Such a thread stands still instead
// until the process has gone, as Python itself has it from version 3.14 on.
#pragma once

#include <Python.h>

#include <chrono>
#include <thread>

namespace charlm {

class Released {
  public:
    Released() : state_(PyEval_SaveThread()) {}
    ~Released() {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {  // glibc's unwinding passes here; whoever leaves this block is aborted
            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;

  private:
    PyThreadState* state_;
};

}  // namespace charlm
