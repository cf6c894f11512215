"""The figures of the README: ptyd against its peers and against the kernel's limit, in one run."""
