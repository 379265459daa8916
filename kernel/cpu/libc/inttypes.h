/* Exact integers. */
#include <stdint.h>
