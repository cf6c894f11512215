"""What ``ptyd doctor`` looks at: each check is a function that returns findings, and none of them changes anything."""
