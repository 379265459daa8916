# What is frozen into the image: the kernel's Python and asyncio.
freeze("$(PORT_DIR)", "imports.py")
for name in ("poly", "servers", "shell", "programs"):
    package(name, base_path="$(PORT_DIR)/../..")
include("$(MPY_DIR)/extmod/asyncio")
package("interfaces", base_path="$(BUILD)/frozen")
