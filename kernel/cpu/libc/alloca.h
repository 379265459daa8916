#ifndef POLY_ALLOCA_H
#define POLY_ALLOCA_H

#define alloca(bytes) __builtin_alloca(bytes)

#endif
