"""What is loaded into a machine's RAM: the kernel image, the boot block, the ROMFS."""
