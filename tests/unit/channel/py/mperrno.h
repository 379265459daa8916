#include "../micropython.h"
