/* Nothing of it is used but NULL and size_t. */
#include <stddef.h>
