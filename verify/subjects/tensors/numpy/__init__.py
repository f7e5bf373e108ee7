"""The NumPy front end: arrays that write a program down while a rule of NumPy runs on them."""
