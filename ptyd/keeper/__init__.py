"""The keeper: forks the children, holds their terminals and outlives the daemon.

A small single-threaded program of its own (``python -m ptyd.keeper RUNTIME_DIR``), so that what must never
die stays short enough to be read in one sitting. It knows nothing of clients, logs or screens.
"""
