print("mine, on core 2")
