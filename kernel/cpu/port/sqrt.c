/* The square root that the hardware has; the library's goes bit by bit. */
#include <math.h>

double sqrt(double x) {
    return __builtin_sqrt(x);
}
