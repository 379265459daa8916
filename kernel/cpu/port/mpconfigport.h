/* MicroPython as Polyphone builds it: all that a good port has, once for each core. */
#include <alloca.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

/* Speed: the reference build of `make bench` sets these as upstream's port does. */
#ifndef MICROPY_OPT_COMPUTED_GOTO
#define MICROPY_OPT_COMPUTED_GOTO (1)
#endif
#ifndef MICROPY_FRAME_CHAIN
#define MICROPY_FRAME_CHAIN (1)    /* for the traceback in a panic report */
#endif

#ifdef POLY_COUNTED                /* answers.h */
extern volatile uint32_t answers_bytecodes;
#define MICROPY_VM_HOOK_BYTECODE answers_bytecodes++
#endif

#define MICROPY_USE_INTERNAL_ERRNO (1)  /* Linux has these numbers, too */
#define MICROPY_ENABLE_GC (1)
#define MICROPY_GCREGS_SETJMP (0)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_DOUBLE)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (512)
#define MICROPY_ENABLE_SOURCE_LINE (1)
#define MICROPY_ERROR_REPORTING (MICROPY_ERROR_REPORTING_DETAILED)
#define MICROPY_WARNINGS (1)
#define MICROPY_MEM_STATS (1)
#define MICROPY_MALLOC_USES_ALLOCATED_SIZE (1)
#define MICROPY_PERSISTENT_CODE_LOAD (1)
/* Rooms that grow less often while the kernel's modules are imported. */
#define MICROPY_MODULE_DICT_SIZE (17)
#define MICROPY_LOADED_MODULES_DICT_SIZE (47)
#define MICROPY_MODULE_OVERRIDE_MAIN_IMPORT (1)
#define MICROPY_SCHEDULER_STATIC_NODES (1)
#define MICROPY_ENABLE_SCHEDULER (1)
#define MICROPY_SCHEDULER_DEPTH (8)
#define MICROPY_SCHEDULER_STACK (16384) /* of LAYOUT_STACK: the monitor works at any depth */
#define MICROPY_KBD_EXCEPTION (1)
#define MICROPY_PY_MICROPYTHON_HEAP_LOCKED (1)

#define MICROPY_HELPER_REPL (1)
#define MICROPY_REPL_INFO (1)
#define MICROPY_REPL_EMACS_KEYS (1)
#define MICROPY_REPL_EMACS_WORDS_MOVE (1)
#define MICROPY_READLINE_HISTORY_SIZE (32)
#define READLINE_HISTORY_SIZE MICROPY_READLINE_HISTORY_SIZE

#define MICROPY_REPL_STDIN_BUFFER_MAX (2048) /* raw paste: half of it is under way at a time */

#define MICROPY_READER_VFS (1)
#define MICROPY_VFS (1)
#define MICROPY_VFS_ROM (1)
#define MICROPY_VFS_ROM_IOCTL (0)

#define MICROPY_PY_THREAD (0)
#define MICROPY_PY_MACHINE (0)
#define MICROPY_PY_SYS_PLATFORM "polyphone"
#define MICROPY_PY_SYS_STDIO_BUFFER (1)
#define MICROPY_PY_BUILTINS_HELP_TEXT polyphone_help_text
#define MICROPY_PY_BUILTINS_HELP_MODULES (1)
#define MICROPY_PY_OS_UNAME (1)
#define MICROPY_PY_OS_DUPTERM (0)
#define MICROPY_PY_OS_SYNC (1)
#define MP_ENAMETOOLONG (36)
#define MP_ENOTEMPTY (39)
/* As upstream has it, and what files and calls raise besides. */
#define MICROPY_PY_ERRNO_LIST \
    X(EPERM) X(ENOENT) X(EIO) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES) X(EBUSY) X(EEXIST) \
    X(EXDEV) X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) X(EFBIG) X(ENOSPC) X(EROFS) X(EPIPE) \
    X(EOPNOTSUPP) X(EADDRINUSE) X(ECONNABORTED) X(ECONNRESET) X(ENOBUFS) X(ENOTCONN) \
    X(ENAMETOOLONG) X(ENOTEMPTY) X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTUNREACH) X(EALREADY) X(EINPROGRESS)
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "kernel/cpu/port/modtime.c"
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_EPOCH_IS_1970 (1)
#define MICROPY_PY_CMATH (1)
#define MICROPY_PY_RE_MATCH_GROUPS (1)
#define MICROPY_PY_RE_MATCH_SPAN_START_END (1)
#define MICROPY_PY_RANDOM_EXTRA_FUNCS (1)
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC (polyphone_random_seed())
#define MICROPY_PY_HASHLIB_SHA256 (1)
#define MICROPY_PY_HASHLIB_SHA1 (0)
#define MICROPY_PY_HASHLIB_MD5 (0)

#ifndef MICROPY_BANNER_NAME_AND_VERSION /* own_repl.c has another one */
#define MICROPY_BANNER_NAME_AND_VERSION "Polyphone (MicroPython " MICROPY_VERSION_STRING ")"
#endif
#define MICROPY_HW_BOARD_NAME BOARD_NAME
#define MICROPY_HW_MCU_NAME BOARD_QEMU_CPU

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX INTPTR_MAX
#define UINT_FMT "%lu"
#define INT_FMT "%ld"

#define MP_STATE_PORT MP_STATE_VM

#include "board.h"
#include "mphalport.h"
