/* e to the power of x. MicroPython's own is off by one in the last place for
 * exp(1.0), which then is not math.e; this one keeps what the sum rounds away. */
#include <math.h>

#define INVERSE_LN2 1.4426950408889634
#define LN2_HIGH 0x1.62e42fefa0000p-1   /* times any exponent: exact */
#define LN2_LOW 0x1.cf79abc9e3b3ap-40

#define LARGEST 709.782712893384        /* beyond it, infinity; and before this, zero: */
#define SMALLEST -745.1332191019412

/* 1/n! from n = 14 down to 2: the next term is below the last place of the sum. */
static const double factors[] = {
    1.1470745597729725e-11, 1.6059043836821613e-10, 2.08767569878681e-09, 2.505210838544172e-08,
    2.755731922398589e-07, 2.7557319223985893e-06, 2.48015873015873e-05, 0.0001984126984126984,
    0.001388888888888889, 0.008333333333333333, 0.041666666666666664, 0.16666666666666666, 0.5,
};

double exp(double x) {
    if (isnan(x)) {
        return x;
    }
    if (x > LARGEST) {
        return INFINITY;
    }
    if (x < SMALLEST) {
        return 0;
    }
    /* x = power * ln 2 + high - low, with |high| at most half of ln 2. */
    int power = (int)(x * INVERSE_LN2 + (x < 0 ? -0.5 : 0.5));
    double high = x - power * LN2_HIGH, low = power * LN2_LOW, rest = high - low;
    double sum = 0;
    for (unsigned i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        sum = sum * rest + factors[i];
    }
    double one = 1 + high;
    double lost = high - (one - 1);
    /* `low` is too small for its square to matter: in `rest`, it counts once. */
    return ldexp(one + (lost + (sum * rest * rest - low)), power);
}
