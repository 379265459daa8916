# The module `frames` of the traceback test, for a unix build (USER_C_MODULES).
# KERNEL_CPU names the folder of the CPU driver.
SRC_USERMOD += $(USERMOD_DIR)/frames.c
CFLAGS_USERMOD += -I$(KERNEL_CPU) -Wall -Wextra -Wno-unused-parameter
