/* Methods of Python objects, called by name. */
#ifndef POLY_METHOD_H
#define POLY_METHOD_H

#include "py/runtime.h"

#define METHOD_ARGUMENTS_MAX 4

/* object.name(*args), with METHOD_ARGUMENTS_MAX of them at most. Raises what that raises. */
static inline mp_obj_t call_method(mp_obj_t object, qstr name, size_t n_args,
    const mp_obj_t *args) {
    mp_obj_t call[2 + METHOD_ARGUMENTS_MAX];
    mp_load_method(object, name, call);
    for (size_t i = 0; i < n_args; i++) {
        call[2 + i] = args[i];
    }
    return mp_call_method_n_kw(n_args, 0, call);
}

#endif
