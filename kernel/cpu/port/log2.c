/* The logarithm to base 2: exact for powers of two, which log(x) / log(2) is not. */
#include <math.h>

#define SQRT_HALF 0.7071067811865476
#define INVERSE_LN2_HIGH 0x1.715476p+0  /* times a part of a logarithm: nearly exact */
#define INVERSE_LN2_LOW 0x1.4ae0bf85ddf44p-26

double log2(double x) {
    if (!isfinite(x) || x <= 0) {
        return log(x);
    }
    int power;
    double part = frexp(x, &power);
    if (part < SQRT_HALF) {
        part *= 2;
        power--;
    }
    double natural = log(part);
    return power + (natural * INVERSE_LN2_LOW + natural * INVERSE_LN2_HIGH);
}
